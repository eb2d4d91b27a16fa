#include "tests/tap.h"

#include "net/tls_session.h"

/* What a session is worth to the cache, without a handshake: one that can be resumed has an id. */
static SSL_SESSION *session_new(int version)
{
    static const unsigned char id[4] = "id1";
    SSL_SESSION *s = SSL_SESSION_new();
    CHECK(s && SSL_SESSION_set1_id(s, id, sizeof(id)) == 1);
    CHECK_INT(SSL_SESSION_set_protocol_version(s, version), 1);
    return s;
}

static void a_session_of_tls_1_2_is_taken_again_and_again(void)
{
    struct tls_sessions c;
    tls_sessions_init(&c);
    SSL_SESSION *s = session_new(TLS1_2_VERSION);
    tls_sessions_put(&c, "peer", s);
    for (int i = 0; i < 3; i++) {
        SSL_SESSION *got = tls_sessions_take(&c, "peer");
        CHECK(got == s);
        SSL_SESSION_free(got);
    }
    CHECK(tls_sessions_take(&c, "other") == NULL);
    CHECK_INT(c.count, 1);
    tls_sessions_done(&c);
}

static void a_ticket_of_tls_1_3_is_taken_once(void)
{
    struct tls_sessions c;
    tls_sessions_init(&c);
    tls_sessions_put(&c, "peer", session_new(TLS1_3_VERSION));
    SSL_SESSION *got = tls_sessions_take(&c, "peer");
    CHECK(got != NULL);
    SSL_SESSION_free(got);
    CHECK(tls_sessions_take(&c, "peer") == NULL);
    CHECK_INT(c.count, 0);
    tls_sessions_done(&c);
}

static void the_newest_session_of_a_peer_replaces_the_former(void)
{
    struct tls_sessions c;
    tls_sessions_init(&c);
    SSL_SESSION *newest = session_new(TLS1_2_VERSION);
    tls_sessions_put(&c, "peer", session_new(TLS1_2_VERSION));
    tls_sessions_put(&c, "peer", newest);
    CHECK_INT(c.count, 1);
    SSL_SESSION *got = tls_sessions_take(&c, "peer");
    CHECK(got == newest);
    SSL_SESSION_free(got);
    tls_sessions_done(&c);
}

static void tickets_of_a_peer_are_kept_for_several_connections(void)
{
    struct tls_sessions c;
    tls_sessions_init(&c);
    SSL_SESSION *first = session_new(TLS1_3_VERSION), *last = NULL;
    tls_sessions_put(&c, "peer", first);
    for (int i = 0; i < TLS_TICKETS_MAX; i++)
        tls_sessions_put(&c, "peer", last = session_new(TLS1_3_VERSION));
    CHECK_INT(c.count, TLS_TICKETS_MAX);
    for (int i = 0; i < TLS_TICKETS_MAX; i++) {
        SSL_SESSION *got = tls_sessions_take(&c, "peer");
        CHECK(got && got != first);     /* the oldest has gone */
        CHECK(i > 0 || got == last);    /* and the newest comes first */
        SSL_SESSION_free(got);
    }
    CHECK(tls_sessions_take(&c, "peer") == NULL);
    tls_sessions_done(&c);
}

static bool has(struct tls_sessions *c, const char *key)
{
    SSL_SESSION *got = tls_sessions_take(c, key);
    SSL_SESSION_free(got);
    return got != NULL;
}

static void the_one_unused_for_longest_goes_first(void)
{
    struct tls_sessions c;
    char key[16];
    tls_sessions_init(&c);
    for (int i = 0; i < TLS_SESSIONS_MAX; i++) {
        snprintf(key, sizeof(key), "%d", i);
        tls_sessions_put(&c, key, session_new(TLS1_2_VERSION));
    }
    CHECK(has(&c, "0")); /* used: now 1 is the oldest */
    tls_sessions_put(&c, "new", session_new(TLS1_2_VERSION));
    CHECK_INT(c.count, TLS_SESSIONS_MAX);
    CHECK(has(&c, "0") && has(&c, "2") && has(&c, "new"));
    CHECK(!has(&c, "1"));
    tls_sessions_done(&c);
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
}

int main(void)
{
    TAP_RUN(a_session_of_tls_1_2_is_taken_again_and_again);
    TAP_RUN(a_ticket_of_tls_1_3_is_taken_once);
    TAP_RUN(the_newest_session_of_a_peer_replaces_the_former);
    TAP_RUN(tickets_of_a_peer_are_kept_for_several_connections);
    TAP_RUN(the_one_unused_for_longest_goes_first);
    return tap_done();
}
