#include "app/local_spec.h"

#include <errno.h>

static const char *text(struct arena *a, const struct config_object *o, const char *key)
{
    struct slice s = config_string(o, key);
    return s.size ? arena_strdup(a, s) : NULL;
}

static int set_process(const struct config_object *o, struct arena *a, struct local_spec *s,
                       const char **ret_target, struct err *err)
{
    (void)err;
    s->kind = LOCAL_PROCESS;
    s->name = text(a, o, "name");
    s->pid_file = text(a, o, "pid_file");
    s->unit = text(a, o, "unit");
    *ret_target = s->name ? s->name : s->pid_file ? s->pid_file : s->unit;
    return 0;
}

static int set_file(const struct config_object *o, struct arena *a, struct local_spec *s,
                    const char **ret_target, struct err *err)
{
    (void)err;
    s->kind = LOCAL_FILE;
    *ret_target = s->path = text(a, o, "path");
    s->sha256 = text(a, o, "sha256");
    s->mode = text(a, o, "mode");
    s->owner = text(a, o, "owner");
    return 0;
}

static int set_log_line(const struct config_object *o, struct arena *a, struct local_spec *s,
                        const char **ret_target, struct err *err)
{
    struct pcre2_real_code_8 *code;
    s->kind = LOCAL_LOG_LINE;
    *ret_target = s->path = text(a, o, "path");
    if (observe_pattern_new(text(a, o, "pattern"), &code, err) < 0)
        return err_wrap(err, "pattern");
    s->pattern = code;
    return 0;
}

static int set_heartbeat(const struct config_object *o, struct arena *a, struct local_spec *s,
                         const char **ret_target, struct err *err)
{
    (void)a;
    (void)err;
    s->kind = LOCAL_HEARTBEAT;
    s->within_ns = config_duration(o, "within");
    *ret_target = "";
    return 0;
}

int local_spec_make(const char *choice, const struct config_object *o, struct arena *a,
                    struct local_spec *ret, const char **ret_target, struct err *err)
{
    static const struct {
        const char *key;
        int (*set)(const struct config_object *o, struct arena *a, struct local_spec *s,
                   const char **ret_target, struct err *err);
    } kinds[] = {
        {"process", set_process},
        {"file", set_file},
        {"log_line", set_log_line},
        {"heartbeat", set_heartbeat},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (slice_eq_cstr(slice_from(choice), kinds[i].key))
            return kinds[i].set(o, a, ret, ret_target, err);
    return -EOPNOTSUPP;
}
