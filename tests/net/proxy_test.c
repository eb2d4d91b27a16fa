#include "net/proxy.h"

#include <errno.h>

#include "tests/tap.h"

static struct url proxy;
static struct err why;

static int choose(const char *setting, const char *none, bool tls, const char *host, uint16_t port)
{
    struct proxy_settings s = {.none = none};
    *(tls ? &s.https : &s.http) = setting;
    err_clear(&why);
    return proxy_choose(&s, tls, slice_from(host), port, &proxy, &why);
}

static void each_scheme_has_its_own(void)
{
    CHECK_INT(choose("http://p.test:3128", NULL, false, "a.test", 80), 1);
    CHECK(slice_eq_cstr(proxy.host, "p.test") && proxy.port == 3128);
    CHECK_INT(choose("http://p.test", NULL, true, "a.test", 443), 1);
    CHECK_INT(proxy.port, PROXY_PORT);
    struct proxy_settings only_http = {.http = "p:1"};
    CHECK_INT(proxy_choose(&only_http, true, SLICE("a"), 443, &proxy, &why), 0);
    CHECK_INT(proxy_choose(NULL, true, SLICE("a"), 443, &proxy, &why), 0);
    CHECK_INT(choose("", NULL, false, "a", 80), 0);
}

static void the_scheme_may_be_left_out_and_a_login_be_there(void)
{
    CHECK_INT(choose("u:p%20w@[::1]:8/", NULL, false, "a", 80), 1);
    CHECK(slice_eq_cstr(proxy.host, "::1") && proxy.port == 8);
    struct buf b = BUF(MEM_TEST, 0);
    proxy_authorization(&proxy, &b);
    CHECK_STR(b.data, "Basic dTpwIHc=");
    buf_done(&b);
}

static void what_is_no_proxy_is_said(void)
{
    CHECK_INT(choose("socks5://p:1", NULL, false, "a", 80), -EINVAL);
    CHECK(strstr(why.text, "http_proxy") && strstr(why.text, "socks5"));
    CHECK_INT(choose("https://p:1", NULL, true, "a", 80), -EINVAL);
    CHECK(strstr(why.text, "https_proxy"));
    CHECK_INT(choose("http://", NULL, false, "a", 80), -EINVAL);
    CHECK_INT(choose("p:x", NULL, false, "a", 80), -EINVAL);
    CHECK_INT(choose("p q", NULL, false, "a", 80), -EINVAL);
}

static void some_hosts_are_excluded(void)
{
    static const struct {
        const char *none, *host;
        uint16_t port;
        bool excluded;
    } all[] = {
        {"example.test", "example.test", 80, true},
        {"example.test", "www.Example.TEST", 80, true},
        {".example.test", "example.test", 80, true},
        {"example.test", "example.test.", 80, true},
        {"example.test", "badexample.test", 80, false},
        {"ample.test", "example.test", 80, false},
        {"a, b ,c", "b", 80, true},
        {"*", "anything", 80, true},
        {"*", "::1", 80, true},
        {"a:81", "a", 81, true},
        {"a:81", "a", 80, false},
        {"10.0.0.0/8", "10.200.1.1", 80, true},
        {"10.0.0.0/9", "10.200.1.1", 80, false},
        {"10.0.0.0/8", "11.0.0.1", 80, false},
        {"10.0.0.1", "10.0.0.1", 80, true},
        {"10.0.0.1:80", "10.0.0.1", 80, true},
        {"10.0.0.1:80", "10.0.0.1", 81, false},
        {"0.0.0.0/0", "::1", 80, false},
        {"fd00::/16", "fd00:1::1", 80, true},
        {"fd00::/16", "fd01::1", 80, false},
        {"::1", "::1", 80, true},
        {"[::1]:443", "::1", 443, true},
        {"10.0.0.0/x", "10.0.0.0", 80, false},
        {",, ,", "a", 80, false},
        {"", "a", 80, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        int r = choose("p:1", all[i].none, false, all[i].host, all[i].port);
        if (r != !all[i].excluded)
            printf("# %s, %s\n", all[i].none, all[i].host);
        CHECK_INT(r, !all[i].excluded);
    }
}

int main(void)
{
    TAP_RUN(each_scheme_has_its_own);
    TAP_RUN(the_scheme_may_be_left_out_and_a_login_be_there);
    TAP_RUN(what_is_no_proxy_is_said);
    TAP_RUN(some_hosts_are_excluded);
    return tap_done();
}
