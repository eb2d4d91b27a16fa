#include "lang/lang.h"

#include "lang/check.h"
#include "lang/eval.h"
#include "lang/parse.h"

const struct lang_limits lang_limits_default = {
    .source_bytes_max = 32 * 1024 * 1024,
    .line_bytes_max = 8 * 1024 * 1024,
    .nodes_max = 16 * 1024 * 1024,
    .nesting_depth_max = 500,
    .call_depth_max = 5000,
    .steps_max = 50 * 1000 * 1000,
    .alloc_bytes_max = 256 * 1024 * 1024,
    .const_bits_max = 512,
};

struct session {
    struct lang_package package; /* with its defaults filled in */
    struct names names;
    struct tree tree;
    struct arena work;
    uint32_t faults_before;
    uint32_t first_fault;
    bool may_go_on; /* no limit was reached while reading */
};

static uint32_t fault_count(const struct config_faults *f)
{
    return f->count + f->dropped;
}

/* A line of a file that is longer than any may be, is told. */
static bool has_long_line(const struct lang_package *p, source_place file)
{
    struct slice rest = source_of(p->sources, file)->text;
    size_t max = p->limits->line_bytes_max, at = 0;
    while (rest.size > max) {
        ptrdiff_t end = slice_find_byte(rest, '\n');
        size_t size = end < 0 ? rest.size : (size_t)end;
        if (size > max) {
            config_fault_add(p->faults, CONFIG_FAULT_LIMIT, file + (source_place)at, 0,
                             "this line goes beyond line_bytes_max (%zu)", max);
            return true;
        }
        at += size + 1;
        rest = slice_sub(rest, size + 1, rest.size);
    }
    return false;
}

static void read_files(struct session *s)
{
    const struct lang_package *p = &s->package;
    size_t bytes = 0;
    for (size_t i = 0; i < p->file_count; i++)
        bytes += source_of(p->sources, p->files[i])->text.size;
    names_init(&s->names);
    s->may_go_on = bytes <= p->limits->source_bytes_max;
    if (!s->may_go_on) {
        config_fault_add(p->faults, CONFIG_FAULT_LIMIT, p->files[0], 0,
                         "the files go beyond source_bytes_max (%u)", p->limits->source_bytes_max);
        tree_init(&s->tree, 0, 1, 0);
        return;
    }
    tree_init(&s->tree, bytes, p->limits->nodes_max, (uint32_t)p->file_count);
    for (uint32_t i = 0; i < p->file_count; i++) {
        s->tree.files[i].first = p->files[i];
        s->tree.files[i].text = source_of(p->sources, p->files[i])->text;
    }
    for (uint32_t i = 0; i < p->file_count && s->may_go_on; i++)
        s->may_go_on = !has_long_line(p, p->files[i]) &&
                       parse_file(&s->tree, i, &s->names, p->limits, p->faults);
}

static void begin(struct session *s, const struct lang_package *p)
{
    *s = (struct session){.package = *p, .work = ARENA(MEM_LANG, 0)};
    if (!p->limits)
        s->package.limits = &lang_limits_default;
    s->faults_before = fault_count(p->faults);
    s->first_fault = p->faults->count;
    read_files(s);
}

/* Words that a fault points to may lie in the memory of this session. */
static void keep_words(struct session *s)
{
    struct config_faults *f = s->package.faults;
    for (uint32_t i = s->first_fault; i < f->count; i++) {
        const char **words[] = {&f->items[i].path, &f->items[i].schema, &f->items[i].suggestion};
        for (size_t w = 0; w < ARRAY_LEN(words); w++)
            if (*words[w])
                *words[w] = arena_strdup(f->arena, slice_from(*words[w]));
    }
}

static uint32_t end(struct session *s)
{
    keep_words(s);
    uint32_t faults = fault_count(s->package.faults) - s->faults_before;
    tree_done(&s->tree);
    names_done(&s->names);
    arena_done(&s->work);
    return faults;
}

static void run(struct session *s, bool run_main, struct value **ret_config)
{
    struct program program;
    bool faulty = false;
    for (uint32_t i = s->first_fault; i < s->package.faults->count; i++)
        faulty = faulty || s->package.faults->items[i].code == CONFIG_FAULT_SYNTAX;
    check_package(&s->package, &s->tree, &s->names, &s->work, faulty, ret_config != NULL, &program);
    /* A program that checks itself is only run where all of it was understood. */
    if (run_main && fault_count(s->package.faults) != s->faults_before)
        return;
    eval_program(&s->package, &program, run_main, ret_config);
}

/* A piece that is faulty has been told about. Should one not have been, it is told here, so that
 * nobody takes half a configuration for a whole one. */
static bool tell_silent(struct session *s, const struct value *v)
{
    if (v->type == VALUE_BAD) {
        config_fault_add(s->package.faults, CONFIG_FAULT_PANIC, v->at, 0,
                         "this could not be evaluated, and firebreak does not know why: please "
                         "report it");
        return true;
    }
    if (v->type == VALUE_LIST || v->type == VALUE_MAP)
        for (const struct value *c = v->first; c; c = c->next)
            if (tell_silent(s, c))
                return true;
    return false;
}

uint32_t lang_eval(const struct lang_package *p, struct value **ret_config)
{
    struct session s;
    *ret_config = NULL;
    begin(&s, p);
    if (s.may_go_on)
        run(&s, false, ret_config);
    if (*ret_config && fault_count(p->faults) == s.faults_before)
        tell_silent(&s, *ret_config);
    return end(&s);
}

uint32_t lang_run_main(const struct lang_package *p)
{
    struct session s;
    begin(&s, p);
    if (s.may_go_on)
        run(&s, true, NULL);
    return end(&s);
}

uint32_t lang_parse(const struct lang_package *p)
{
    struct session s;
    begin(&s, p);
    return end(&s);
}
