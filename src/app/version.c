#include <ares.h>
#include <gnu/libc-version.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <pcre2.h>
#include <sqlite3.h>
#include <yaml.h>

#include "app/app.h"
#include "cli/print.h"
#include "commit.h" /* made by the build: FIREBREAK_COMMIT */
#include "wire/json.h"

#define FIREBREAK_VERSION "0.1.0"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

#if defined(__x86_64__)
#define TARGET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define TARGET "aarch64-linux-gnu"
#endif

const char *app_version_word(void)
{
    return FIREBREAK_VERSION;
}

const char *app_commit_word(void)
{
    return FIREBREAK_COMMIT;
}

const char *app_target_word(void)
{
    return TARGET;
}

struct library {
    const char *name, *version;
};

static void object(const struct library *libraries, size_t count, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "version");
    json_cstr(&w, FIREBREAK_VERSION);
    json_key(&w, "commit");
    json_cstr(&w, FIREBREAK_COMMIT);
    json_key(&w, "api");
    json_cstr(&w, "v1");
    json_key(&w, "target");
    json_cstr(&w, TARGET);
    json_key(&w, "compiler");
    json_cstr(&w, COMPILER);
    json_key(&w, "libraries");
    json_object_open(&w);
    for (size_t i = 0; i < count; i++) {
        json_key_slice(&w, slice_from(libraries[i].name));
        json_cstr(&w, libraries[i].version);
    }
    json_object_close(&w);
    json_object_close(&w);
    json_end(&w);
}

int app_version(struct app *app)
{
    char pcre2[64] = "";
    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    const struct library libraries[] = {
        {"c-ares", ares_version(NULL)},
        {"glibc", gnu_get_libc_version()},
        {"libyaml", yaml_get_version_string()},
        {"nghttp2", nghttp2_version(0)->version_str},
        {"openssl", OpenSSL_version(OPENSSL_FULL_VERSION_STRING)},
        {"pcre2", pcre2},
        {"sqlite", sqlite3_libversion()},
    };
    struct buf out = BUF(MEM_APP, 0);
    enum cli_form form = cli_form_of(app->parsed.globals.output, CLI_FORM_TEXT);
    if (form == CLI_FORM_TEXT) {
        buf_printf(&out, "firebreak %s (%s, %s, %s)\n", FIREBREAK_VERSION, FIREBREAK_COMMIT, TARGET,
                   COMPILER);
        for (size_t i = 0; i < ARRAY_LEN(libraries); i++)
            buf_printf(&out, "  %s %s\n", libraries[i].name, libraries[i].version);
    } else {
        struct buf json = BUF(MEM_APP, 0);
        object(libraries, ARRAY_LEN(libraries), &json);
        if (form == CLI_FORM_JSONPATH)
            cli_jsonpath_print(cli_jsonpath_of(app->parsed.globals.output), buf_slice(&json), &out,
                               NULL); /* a small document: it cannot find too much */
        else
            cli_object(form, buf_slice(&json), &out);
        buf_done(&json);
    }
    int status = app_write(app, buf_slice(&out));
    buf_done(&out);
    return status;
}
