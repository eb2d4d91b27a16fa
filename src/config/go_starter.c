#include "config/go_package.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MAX = 95 };

static const char head[] =
    "// Package ops says what is to be kept healthy here.\n"
    "//\n"
    "//\tfirebreak config check -c .   finds every mistake, with its line\n"
    "//\tfirebreak up -c .             watches what is declared; a change is taken up at once\n"
    "//\tfirebreak explain check       what there is to say\n"
    "//\n"
    "// It is Go: editors complete it, and go vet checks it. firebreak itself needs no Go.\n"
    "package ops\n"
    "\n"
    "import (\n";

static const char middle[] =
    "/firebreak\" // made by `firebreak config init`, which may be called again\n"
    ")\n"
    "\n";

static const char nothing_found[] =
    "// Config is what firebreak reads. Nothing listened here when it was made; an asset and its\n"
    "// check look like this:\n"
    "//\n"
    "//\tAssets: []firebreak.Asset{{Name: \"db\", Owner: \"payments\"}},\n"
    "//\tChecks: []firebreak.Check{\n"
    "//\t\t{Name: \"db-port\", Asset: \"db\", TCP: &firebreak.TCP{Target: \"127.0.0.1:5432\"}},\n"
    "//\t},\n"
    "var Config = firebreak.Config{}\n";

/* ---- names ---- */

/* A name that the schema takes: it begins and ends with a letter or digit. */
static void name_of(const char *asset, char name[NAME_BYTES_MAX + 1])
{
    size_t n = 0;
    for (const char *c = asset; *c && n < NAME_BYTES_MAX; c++) {
        char l = (char)(*c | 32);
        bool word = (l >= 'a' && l <= 'z') || (*c >= '0' && *c <= '9');
        if (word || (n && (*c == '-' || *c == '_' || *c == '.')))
            name[n++] = *c;
        else if (n)
            name[n++] = '-';
    }
    while (n && (name[n - 1] == '-' || name[n - 1] == '_' || name[n - 1] == '.'))
        n--;
    name[n] = 0;
    if (n == 0)
        snprintf(name, NAME_BYTES_MAX + 1, "unnamed");
}

static bool same_name(const char *a, const char *b)
{
    char x[NAME_BYTES_MAX + 1], y[NAME_BYTES_MAX + 1];
    name_of(a, x);
    name_of(b, y);
    return strcmp(x, y) == 0;
}

/* How many of the services before this one belong to the same asset. */
static size_t before(const struct go_service *services, size_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < at; i++)
        n += same_name(services[i].asset, services[at].asset);
    return n;
}

/* A Go string literal. */
static void quote(struct buf *out, const char *text)
{
    buf_append_byte(out, '"');
    for (const char *c = text; *c; c++) {
        unsigned char u = (unsigned char)*c;
        if (u == '"' || u == '\\')
            buf_printf(out, "\\%c", u);
        else if (u < ' ' || u >= 0x7f)
            buf_printf(out, "\\x%02x", u);
        else
            buf_append_byte(out, *c);
    }
    buf_append_byte(out, '"');
}

/* Text inside of a comment: one line, and nothing that ends it. */
static void shown(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++)
        buf_append_byte(out, *c >= ' ' && *c < 0x7f ? *c : '?');
}

/* ---- parts ---- */

static void write_asset(const struct go_service *s, struct buf *out)
{
    char name[NAME_BYTES_MAX + 1];
    name_of(s->asset, name);
    buf_append_cstr(out, "\t\t// ");
    shown(out, s->process[0] ? s->process : "Some process");
    buf_append_cstr(out, " listens on ");
    shown(out, s->address);
    buf_printf(out, " (%s).\n\t\t{Name: \"%s\", Labels: map[string]string{\"kind\": \"%s\"}},\n",
               s->kind, name, s->kind);
}

/* Kinds that are asked at an address and nothing else; else its port is. */
static const char *question_of(const char *kind)
{
    static const char *const kinds[][2] = {
        {"ssh", "SSH"}, {"redis", "Redis"}, {"postgres", "Postgres"}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kind, kinds[i][0]) == 0)
            return kinds[i][1];
    return "TCP";
}

static void write_question(const struct go_service *s, struct buf *out)
{
    const char *word = question_of(s->kind);
    if (strcmp(s->kind, "http") == 0) {
        buf_append_cstr(out, "HTTP: &firebreak.HTTP{URL: ");
        quote(out, s->target);
        buf_append_cstr(out, ", Status: []string{\"2xx\", \"3xx\", \"4xx\"}}");
    } else if (strcmp(s->kind, "tls") == 0) {
        buf_append_cstr(out, "TLS: &firebreak.TLS{Target: ");
        quote(out, s->address);
        buf_append_cstr(out, ", Insecure: true}");
    } else if (strcmp(s->kind, "unix") == 0) {
        buf_append_cstr(out, "Unix: &firebreak.Unix{Path: ");
        quote(out, s->address);
        buf_append_byte(out, '}');
    } else {
        buf_printf(out, "%s: &firebreak.%s{Target: ", word, word);
        quote(out, s->address);
        buf_append_byte(out, '}');
    }
}

static void write_check(const struct go_service *services, size_t at, struct buf *out)
{
    char name[NAME_BYTES_MAX + 1];
    size_t number = before(services, at);
    name_of(services[at].asset, name);
    buf_printf(out, "\t\t{Name: \"%.88s", name);
    if (number)
        buf_printf(out, "-%zu", number + 1);
    buf_printf(out, "\", Asset: \"%s\", Every: every, ", name);
    write_question(&services[at], out);
    buf_append_cstr(out, "},\n");
}

void go_starter_write(const char *module, const struct go_service *services, size_t count,
                      struct buf *out)
{
    buf_append_cstr(out, head);
    if (count)
        buf_append_cstr(out, "\t\"time\"\n\n");
    buf_printf(out, "\t\"%s%s", module, middle);
    if (!count) {
        buf_append_cstr(out, nothing_found);
        return;
    }
    buf_append_cstr(out,
                    "// From one probe to the next; after a miss it is asked again sooner.\n"
                    "const every = 10 * time.Second\n\n"
                    "// Config is what firebreak reads: this host's services as they were found.\n"
                    "var Config = firebreak.Config{\n\tAssets: []firebreak.Asset{\n");
    for (size_t i = 0; i < count; i++)
        if (before(services, i) == 0)
            write_asset(&services[i], out);
    buf_append_cstr(out, "\t},\n\tChecks: []firebreak.Check{\n");
    for (size_t i = 0; i < count; i++)
        write_check(services, i, out);
    buf_append_cstr(out, "\t},\n}\n");
}
