#include "wire/tzif.h"

#include <errno.h>

#include "wire/octets.h"
#include "wire/posix_tz.h"

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, TYPES_MAX = 256, NAMES_BYTES_MAX = 4096 };

struct header {
    char version; /* 0 or '2' and on */
    uint32_t ut_count, std_count, leap_count, change_count, type_count, name_bytes;
};

static int bad(struct err *err, const char *what)
{
    return err_set(err, -EBADMSG, "no file of a time zone: %s", what);
}

static int take_header(struct octets *o, struct header *ret, struct err *err)
{
    struct slice magic = octets_take(o, 4);
    struct header h = {.version = (char)octets_u8(o)};
    octets_take(o, 15);
    h.ut_count = octets_u32(o);
    h.std_count = octets_u32(o);
    h.leap_count = octets_u32(o);
    h.change_count = octets_u32(o);
    h.type_count = octets_u32(o);
    h.name_bytes = octets_u32(o);
    if (o->broken || !slice_eq(magic, SLICE("TZif")))
        return bad(err, "it does not begin with TZif and a header");
    if (h.version != 0 && (h.version < '2' || h.version > '9'))
        return bad(err, "its version is none");
    if (h.change_count > TZIF_CHANGES_MAX || h.leap_count > TZIF_CHANGES_MAX ||
        h.name_bytes > NAMES_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a time zone with more than %d changes or %d bytes of names",
                       TZIF_CHANGES_MAX, NAMES_BYTES_MAX);
    if (h.type_count == 0 || h.type_count > TYPES_MAX || h.name_bytes == 0 ||
        (h.ut_count && h.ut_count != h.type_count) || (h.std_count && h.std_count != h.type_count))
        return bad(err, "its counts contradict each other");
    *ret = h;
    return 0;
}

static size_t data_bytes(const struct header *h, size_t time_bytes)
{
    return h->change_count * (time_bytes + 1) + h->type_count * TYPE_BYTES + h->name_bytes +
           h->leap_count * (time_bytes + 4) + h->std_count + h->ut_count;
}

/* ---- the data behind a header ---- */

static int take_changes(struct octets *o, const struct header *h, size_t time_bytes,
                        int64_t *changes, struct err *err)
{
    for (uint32_t i = 0; i < h->change_count; i++) {
        uint64_t v = octets_uint(o, time_bytes);
        changes[i] = time_bytes == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
        if (i && changes[i] <= changes[i - 1])
            return bad(err, "its changes are not in their order");
    }
    return 0;
}

/* Offset, whether it is daylight time, and where its name begins. */
static int take_types(struct octets *o, const struct header *h, int32_t *offsets, struct err *err)
{
    for (uint32_t i = 0; i < h->type_count; i++) {
        offsets[i] = (int32_t)octets_u32(o);
        uint8_t daylight = octets_u8(o), name = octets_u8(o);
        if (offsets[i] < -ZONE_OFFSET_MAX_S || offsets[i] > ZONE_OFFSET_MAX_S || daylight > 1 ||
            name >= h->name_bytes)
            return bad(err, "one of its clocks cannot be");
    }
    return 0;
}

static int take_data(struct octets *o, const struct header *h, size_t time_bytes, struct arena *a,
                     struct zone *z, struct err *err)
{
    int32_t types[TYPES_MAX];
    int64_t *changes = arena_alloc_array(a, h->change_count, sizeof(*changes));
    int32_t *offsets = arena_alloc_array(a, h->change_count, sizeof(*offsets));
    if (h->change_count && (!changes || !offsets))
        return err_set(err, -EMSGSIZE, "a time zone larger than its arena");
    if (take_changes(o, h, time_bytes, changes, err) < 0)
        return -EBADMSG;
    struct slice which = octets_take(o, h->change_count);
    if (take_types(o, h, types, err) < 0)
        return -EBADMSG;
    for (uint32_t i = 0; i < which.size; i++) {
        if ((uint8_t)which.data[i] >= h->type_count)
            return bad(err, "a change leads to a clock that it does not have");
        offsets[i] = types[(uint8_t)which.data[i]];
    }
    octets_take(o, data_bytes(h, time_bytes) - h->change_count * (time_bytes + 1) -
                       h->type_count * TYPE_BYTES);
    if (o->broken)
        return bad(err, "it ends too early");
    if (h->leap_count)
        return err_set(err, -EOPNOTSUPP,
                       "a time zone that counts leap seconds: take the one "
                       "without \"right/\"");
    *z = (struct zone){
        .changes = changes,
        .offsets = offsets,
        .count = h->change_count,
        .first_s = types[0],
    };
    return 0;
}

static int take_rule(struct octets *o, struct zone *z, struct err *err)
{
    if (octets_u8(o) != '\n' || o->broken)
        return bad(err, "its last line is missing");
    struct slice rest = {(const char *)o->at, octets_left(o)};
    ptrdiff_t end = slice_find_byte(rest, '\n');
    if (end < 0)
        return bad(err, "its last line does not end");
    if (end == 0)
        return 0; /* nothing is known of the time behind the last change */
    int r = posix_tz_parse(slice_sub(rest, 0, (size_t)end), &z->rule, err);
    if (r == 0)
        z->has_rule = true;
    return r;
}

int tzif_parse(struct slice file, struct arena *a, struct zone *ret, struct err *err)
{
    struct octets o = octets_of(file);
    struct header h;
    struct zone z = {0};
    if (file.size > TZIF_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a time zone of more than %d bytes", TZIF_BYTES_MAX);
    int r = take_header(&o, &h, err);
    size_t time_bytes = 4;
    if (r == 0 && h.version) {
        octets_take(&o, data_bytes(&h, 4));
        r = take_header(&o, &h, err);
        time_bytes = 8;
    }
    if (r == 0)
        r = take_data(&o, &h, time_bytes, a, &z, err);
    if (r == 0 && time_bytes == 8)
        r = take_rule(&o, &z, err);
    if (r == 0)
        *ret = z;
    return r;
}
