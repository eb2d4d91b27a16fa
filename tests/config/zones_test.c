#include "config/zones.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "rt/file_now.h"
#include "tests/tap.h"
#include "wire/octets.h"

static char folder[] = "/tmp/firebreak-zones-XXXXXX";
static char tzdir[64];
static char *environment[] = {(char *)(uintptr_t) "HOME=/", tzdir, NULL};
static struct zones z;
static struct err why;
static const struct zone *found;

static int find(const char *name)
{
    why = (struct err){0};
    return zones_find(&z, slice_from(name), &found, &why);
}

static const char *suggest(const char *name)
{
    return zones_suggest(&z, slice_from(name));
}

/* A file of version 1 with one clock. */
static void put_zone(const char *name, int32_t offset_s)
{
    struct buf b = BUF(MEM_TEST, 0), path = BUF(MEM_TEST, 0);
    buf_append(&b, "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    for (int i = 0; i < 4; i++)
        octets_put(&b, 0, 4);
    octets_put(&b, 1, 4);
    octets_put(&b, 4, 4);
    octets_put(&b, (uint32_t)offset_s, 4);
    octets_put(&b, 0, 2);
    buf_append(&b, "XXX\0", 4);
    buf_printf(&path, "%s/%s", folder, name);
    CHECK_INT(file_now_write(path.data, buf_slice(&b), 0644, false), 0);
    buf_done(&b);
    buf_done(&path);
}

static void make_folder(const char *name)
{
    struct buf path = BUF(MEM_TEST, 0);
    buf_printf(&path, "%s/%s", folder, name);
    CHECK_INT(file_now_make_folder(path.data, 0755), 0);
    buf_done(&path);
}

static void a_zone_is_a_file_in_the_folder_that_tzdir_names(void)
{
    CHECK_INT(find("Europe/Berlin"), 0);
    CHECK_INT(zone_span_at(found, 0).offset_s, 3600);
    CHECK_STR(found->name, "Europe/Berlin");
    CHECK_INT(find("America/Argentina/Salta"), 0);
    CHECK_INT(zone_span_at(found, 0).offset_s, -10800);
}

static void it_is_read_once(void)
{
    CHECK_INT(find("Europe/Berlin"), 0);
    const struct zone *first = found;
    CHECK_INT(find("Europe/Berlin"), 0);
    CHECK(found == first);
}

static void some_need_no_file(void)
{
    CHECK_INT(find("UTC"), 0);
    CHECK_INT(find("+05:30"), 0);
    CHECK_INT(zone_span_at(found, 0).offset_s, 19800);
}

static void what_is_not_there_is_said_with_name_and_folder(void)
{
    CHECK_INT(find("Europe/Berlni"), -ENOENT);
    CHECK(strstr(why.text, "\"Europe/Berlni\"") && strstr(why.text, folder));
    CHECK_INT(find("Europe"), -ENOENT); /* a folder */
    CHECK_INT(find("Europe/Berlin/West"), -ENOENT);
}

static void near_names_are_advised(void)
{
    CHECK_STR(suggest("Europe/Berlni"), "Europe/Berlin");
    CHECK_STR(suggest("europe/berlin"), "Europe/Berlin");
    CHECK_STR(suggest("Berlin"), "Europe/Berlin");
    CHECK_STR(suggest("Salta"), "America/Argentina/Salta");
    CHECK(!suggest("Atlantis"));
}

static void names_lead_nowhere_else(void)
{
    static const char *const bad[] = {
        "",
        "/etc/passwd",
        "../zone",
        "Europe/../../etc/passwd",
        "Europe//Berlin",
        "Europe/",
        "a b",
        "Europe/Berlin\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(find(bad[i]), -ENOENT);
        CHECK(strstr(why.text, "no name of a time zone"));
    }
}

static void a_broken_file_is_named(void)
{
    struct buf path = BUF(MEM_TEST, 0);
    buf_printf(&path, "%s/Broken", folder);
    CHECK_INT(file_now_write(path.data, SLICE("no zone"), 0644, false), 0);
    CHECK_INT(find("Broken"), -EBADMSG);
    CHECK(strstr(why.text, path.data));
    buf_done(&path);
}

static void without_the_folder_only_utc_and_offsets_are_known(void)
{
    struct zones empty;
    static char nowhere[] = "TZDIR=/nowhere/at/all";
    zones_init(&empty, (char *const[]){nowhere, NULL});
    CHECK_INT(zones_find(&empty, SLICE("UTC"), &found, &why), 0);
    CHECK_INT(zones_find(&empty, SLICE("-03:00"), &found, &why), 0);
    CHECK_INT(zones_find(&empty, SLICE("Europe/Berlin"), &found, &why), -ENOTDIR);
    CHECK(strstr(why.text, "\"Europe/Berlin\"") && strstr(why.text, "/nowhere/at/all") &&
          strstr(why.text, "install tzdata") && strstr(why.text, "TZDIR"));
    CHECK(!zones_suggest(&empty, SLICE("Europe/Berlin")));
    zones_done(&empty);
    zones_init(&empty, NULL);
    CHECK_STR(empty.folder, ZONES_FOLDER);
    zones_done(&empty);
}

int main(void)
{
    CHECK(mkdtemp(folder));
    snprintf(tzdir, sizeof(tzdir), "TZDIR=%s", folder);
    make_folder("Europe");
    make_folder("America");
    make_folder("America/Argentina");
    make_folder("posix");
    put_zone("Europe/Berlin", 3600);
    put_zone("America/Argentina/Salta", -10800);
    put_zone("posix/Atlantis", 0);
    zones_init(&z, environment);
    TAP_RUN(a_zone_is_a_file_in_the_folder_that_tzdir_names);
    TAP_RUN(it_is_read_once);
    TAP_RUN(some_need_no_file);
    TAP_RUN(what_is_not_there_is_said_with_name_and_folder);
    TAP_RUN(near_names_are_advised);
    TAP_RUN(names_lead_nowhere_else);
    TAP_RUN(a_broken_file_is_named);
    TAP_RUN(without_the_folder_only_utc_and_offsets_are_known);
    zones_done(&z);
    char command[80];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return tap_done() | system(command);
}
