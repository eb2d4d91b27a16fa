#include "config/diff.h"

#include "config/canonical.h"
#include "tests/config/world.h"

static struct value *canonical(const char *toml)
{
    struct value *root = world_read(toml);
    config_canonicalize(&world_arena_, config_schema.root, root, false);
    return root;
}

/* "action kind/name path:old>new …", a line each. */
static const char *diff(const char *a, const char *b)
{
    struct buf out = BUF(MEM_TEST, 0);
    world_reset();
    struct value *old_root = canonical(a), *new_root = canonical(b);
    for (const struct config_change *c = config_diff(&world_arena_, old_root, new_root); c;
         c = c->next) {
        buf_printf(&out, "%s%s %s", out.size ? "\n" : "", config_action_name(c->action), c->kind);
        if (c->name.data)
            buf_printf(&out, " %.*s/%.*s", SLICE_ARG(c->namespace_), SLICE_ARG(c->name));
        for (const struct config_change_field *f = c->fields; f; f = f->next)
            buf_printf(&out, " %s:%s>%s", f->path, world_json(f->old_value),
                       world_json(f->new_value));
    }
    const char *text = out.size ? arena_strdup(&world_arena_, buf_slice(&out)) : "";
    buf_done(&out);
    return text;
}

static void equal_ones_have_no_changes(void)
{
    CHECK_STR(diff("", ""), "");
    CHECK_STR(diff("checks = [{name = \"a\", every = \"60s\", paused = 0}]\n",
                   "checks = [{every = \"1m\", name = \"a\"}]\n"), "");
    CHECK_STR(diff("assets = [{name = \"a\"}, {name = \"b\"}]\n",
                   "assets = [{name = \"b\"}, {name = \"a\"}]\n"), "");
}

static void fields_are_told_by_their_path(void)
{
    CHECK_STR(diff("checks = [{name = \"a\", tcp = {target = \"h:1\"}, fail = 3}]\n",
                   "checks = [{name = \"a\", tcp = {target = \"h:2\"}, pass = 2}]\n"),
              "update check default/a fail:3>nothing tcp.target:\"h:1\">\"h:2\" pass:nothing>2");
    CHECK_STR(diff("assets = [{name = \"a\", depends_on = [\"b\"]}]\n",
                   "assets = [{name = \"a\", depends_on = [\"b\", \"c\"]}]\n"),
              "update asset default/a depends_on:[\"b\"]>[\"b\",\"c\"]");
}

static void another_choice_goes_and_comes(void)
{
    CHECK_STR(diff("checks = [{name = \"a\", tcp = {target = \"h:1\"}}]\n",
                   "checks = [{name = \"a\", process = {}}]\n"),
              "update check default/a tcp.target:\"h:1\">nothing process:nothing>{}");
}

static void objects_come_and_go(void)
{
    CHECK_STR(diff("assets = [{name = \"a\"}]\n",
                   "assets = [{name = \"a\", namespace = \"n\"}]\n"),
              "create asset n/a name:nothing>\"a\" namespace:nothing>\"n\"\n"
              "delete asset default/a name:\"a\">nothing");
}

static void sections_have_no_name(void)
{
    CHECK_STR(diff("", "[server]\nlisten = \":1\"\n"), "update server listen:nothing>\":1\"");
    CHECK_STR(diff("[log.levels]\na = \"info\"\n", "[log.levels]\na = \"warn\"\n"),
              "update log levels.a:\"info\">\"warn\"");
}

int main(void)
{
    TAP_RUN(equal_ones_have_no_changes);
    TAP_RUN(fields_are_told_by_their_path);
    TAP_RUN(another_choice_goes_and_comes);
    TAP_RUN(objects_come_and_go);
    TAP_RUN(sections_have_no_name);
    arena_done(&world_arena_);
    return tap_done();
}
