#include "net/smtp.h"

#include "tests/net/http_world.h"

/* ---- a server that says what it was told to say, line by line ---- */

struct script {
    struct rt_sock *listener;
    struct rt_addr addr;
    struct rt_group group;
    const char *const *says; /* one for the greeting, then one for each line that it hears; NULL
                              * ends it, and the connection */
    struct buf heard;
};

static bool ends_line(const struct buf *heard, bool message)
{
    struct slice s = buf_slice(heard);
    return message ? slice_ends_with(s, SLICE("\r\n.\r\n")) : slice_ends_with(s, SLICE("\r\n"));
}

static void script_main(void *arg)
{
    struct script *s = arg;
    struct rt_sock *sock;
    if (rt_accept(s->listener, &sock, NULL, RT_NEVER) < 0)
        return;
    bool message = false;
    for (size_t i = 0; s->says[i]; i++) {
        char byte;
        if (rt_write(sock, s->says[i], strlen(s->says[i]), soon()) < 0)
            break;
        message = strncmp(s->says[i], "354", 3) == 0;
        size_t before = s->heard.size;
        while ((s->heard.size == before || !ends_line(&s->heard, message)) &&
               rt_read(sock, &byte, 1, soon()) == 1)
            buf_append_byte(&s->heard, byte);
    }
    rt_close(sock);
}

static void script_start(struct script *s, const char *const *says)
{
    *s = (struct script){.says = says, .heard = BUF(MEM_TEST, 0)};
    rt_addr_ipv4(0x7f000001, 0, &s->addr);
    CHECK_INT(rt_listen(&s->addr, 16, false, &s->listener), 0);
    CHECK_INT(rt_sock_local(s->listener, &s->addr), 0);
    rt_group_init(&s->group, "script");
    rt_go(&s->group, script_main, s);
}

static void script_stop(struct script *s)
{
    rt_group_cancel(&s->group);
    rt_group_done(&s->group);
    rt_close(s->listener);
    buf_done(&s->heard);
}

static struct err err;
static uint32_t accepted;

static int send_mail(uint16_t port, struct tls_context *tls, const struct slice *to, uint32_t count,
                     const char *message)
{
    char server[32];
    struct dns_resolver *dns;
    snprintf(server, sizeof(server), "127.0.0.1:%u", port);
    struct smtp_mail m = {.server = slice_from(server),
                          .from = SLICE("fb@x"),
                          .to = to,
                          .to_count = count,
                          .message = slice_from(message)};
    err_clear(&err);
    CHECK_INT(dns_resolver_open(NULL, &dns, NULL), 0);
    int r = smtp_send(dns, tls, &m, &accepted, &err, soon());
    dns_resolver_close(dns);
    return r;
}

static const struct slice two[] = {SLICE("a@x"), SLICE("b@x")};

static int send_to_script(struct script *s, const char *message)
{
    return send_mail(rt_addr_port(&s->addr), NULL, two, 2, message);
}

static void dots_are_doubled_and_a_dot_ends_it(void)
{
    static const char *const says[] = {
        "220 hi\r\n", "250-x\r\n250 SIZE\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n",
        "354 go\r\n", "250 taken\r\n",         NULL};
    static struct script s;
    script_start(&s, says);
    CHECK_INT(send_to_script(&s, "Subject: x\r\n\r\n.\r\n..a\r\nb.c"), 0);
    CHECK_INT(accepted, 2);
    CHECK_STR(s.heard.data, "EHLO [127.0.0.1]\r\nMAIL FROM:<fb@x>\r\nRCPT TO:<a@x>\r\n"
                            "RCPT TO:<b@x>\r\nDATA\r\n"
                            "Subject: x\r\n\r\n..\r\n...a\r\nb.c\r\n.\r\n");
    script_stop(&s);
}

static void one_recipient_is_enough_and_the_refusal_is_told(void)
{
    static const char *const says[] = {"220 hi\r\n", "250 x\r\n",  "250 ok\r\n", "550 no such\r\n",
                                       "250 ok\r\n", "354 go\r\n", "250 ok\r\n", NULL};
    static struct script s;
    script_start(&s, says);
    CHECK_INT(send_to_script(&s, "x\r\n"), 0);
    CHECK_INT(accepted, 1);
    CHECK_STR(err.text, "RCPT TO: the server says 550 no such");
    script_stop(&s);
}

static void later_and_no_are_told_apart(void)
{
    static const struct {
        const char *says[8];
        int code;
        const char *words;
    } rows[] = {
        {{"554 closed\r\n"}, -EPERM, "greeting: the server says 554 closed"},
        {{"421 busy\r\n"}, -EAGAIN, "greeting: the server says 421 busy"},
        {{"220 x\r\n", "250 x\r\n", "451 wait\r\n"},
         -EAGAIN,
         "MAIL FROM: the server says 451 wait"},
        {{"220 x\r\n", "250 x\r\n", "250 x\r\n", "550 a\r\n", "450 \x1b[2Jb\r\n"},
         -EAGAIN,
         "RCPT TO: the server says 450 \xef\xbf\xbd[2Jb"},
        {{"220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 go\r\n",
          "552 full\r\n"},
         -EPERM,
         "the mail: the server says 552 full"},
        {{"220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "250 no data\r\n"},
         -EPERM,
         "DATA: the server says 250 no data"},
        {{"220 x\r\n"}, -EPIPE, "the server closed the connection"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static struct script s;
        accepted = 77;
        script_start(&s, rows[i].says);
        CHECK_INT(send_to_script(&s, "x\r\n"), rows[i].code);
        CHECK_STR(err.text, rows[i].words);
        CHECK_INT(accepted, 77);
        script_stop(&s);
    }
}

static void no_smtp_is_told(void)
{
    static const char *const says[] = {"HTTP/1.1 400 Bad Request\r\n", NULL};
    static struct script s;
    script_start(&s, says);
    CHECK_INT(send_to_script(&s, "x\r\n"), -EBADMSG);
    script_stop(&s);
    struct slice evil = SLICE("a@x>\r\nRCPT TO:<b@x");
    CHECK_INT(send_mail(1, NULL, &evil, 1, "x\r\n"), -EINVAL);
}

/* ---- a real one ---- */

static const char server_text[] =
    "import ssl, sys, time\n"
    "from aiosmtpd.controller import Controller\n"
    "class Show:\n"
    "    async def handle_DATA(self, server, session, e):\n"
    "        tls = 'tls' if session.ssl else 'plain'\n"
    "        print('GOT', tls, e.mail_from, ','.join(e.rcpt_tos), repr(e.content), flush=True)\n"
    "        return '250 taken'\n"
    "c = None\n"
    "if sys.argv[2:]:\n"
    "    c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
    "    c.load_cert_chain(*sys.argv[2:])\n"
    "Controller(Show(), hostname='127.0.0.1', port=int(sys.argv[1]), tls_context=c,\n"
    "           require_starttls=bool(c)).start()\n"
    "print('READY', flush=True)\n"
    "time.sleep(600)\n";

static void deliver_to_real(bool with_tls)
{
    char port[16], key[200], cert[200], rest[400];
    uint16_t number = free_port();
    snprintf(port, sizeof(port), "%u", number);
    snprintf(cert, sizeof(cert), "%s/good.pem", folder);
    snprintf(key, sizeof(key), "%s/good.key", folder);
    struct child c = child_start((char *[]){"/usr/bin/python3", "-c", (char *)server_text, port,
                                            with_tls ? cert : NULL, key, NULL});
    struct tls_context *tls;
    CHECK(child_says(&c, "READY", NULL, 0));
    CHECK_INT(tls_context_open(&(struct tls_options){.late = true}, &tls, NULL, soon()), 0);
    CHECK_INT(send_mail(number, tls, two, 2, "Subject: x\r\n\r\n.a\r\n"), 0);
    CHECK_INT(accepted, 2);
    CHECK(child_says(&c, "GOT ", rest, sizeof(rest)));
    char want[200];
    snprintf(want, sizeof(want), "%s fb@x a@x,b@x b'Subject: x\\r\\n\\r\\n.a\\r\\n'",
             with_tls ? "tls" : "plain");
    CHECK_STR(rest, want);
    tls_context_close(tls);
    child_stop(&c);
}

static void aiosmtpd_takes_a_mail(void)
{
    deliver_to_real(false);
}

/* It refuses every mail that comes without TLS. */
static void aiosmtpd_takes_a_mail_over_tls(void)
{
    deliver_to_real(true);
}

static void cases(void *arg)
{
    (void)arg;
    TAP_RUN(dots_are_doubled_and_a_dot_ends_it);
    TAP_RUN(one_recipient_is_enough_and_the_refusal_is_told);
    TAP_RUN(later_and_no_are_told_apart);
    TAP_RUN(no_smtp_is_told);
    TAP_RUN(aiosmtpd_takes_a_mail);
    TAP_RUN(aiosmtpd_takes_a_mail_over_tls);
}

int main(void)
{
    return http_world_main(cases);
}
