#include "lang/check.h"

#include "lang/checker.h"

/* A package's files are of one package. */
static void check_package_names(struct check *c)
{
    name_id first = 0;
    for (uint32_t i = 0; i < c->tree->file_count; i++) {
        const struct tree_file *f = &c->tree->files[i];
        const struct node *n = f->package ? check_node(c, f->package) : NULL;
        if (!n || n->kind != NODE_NAME)
            continue;
        if (slice_eq(name_text(c->names, n->a), SLICE("_")))
            check_fault(c, CONFIG_FAULT_SYNTAX, n->at, "invalid package name _");
        if (first && n->a != first)
            check_fault(c, CONFIG_FAULT_SYNTAX, n->at,
                        "package %s: the files before it are of package %s", check_name(c, n->a),
                        check_name(c, first));
        if (!first)
            first = n->a;
    }
    c->program->package_name = first ? check_name(c, first) : "main";
}

static void check_imports_used(struct check *c)
{
    for (uint32_t i = 0; i < c->import_count && !c->has_syntax_faults; i++) {
        const struct import *p = &c->imports[i];
        if (!p->is_used)
            check_fault(c, CONFIG_FAULT_SYNTAX, p->at, "\"%s\" is imported and not used", p->path);
    }
}

/* Variables that are captured or pointed to live in boxes: every read of them is one of a box. */
static void settle_variables(struct check *c)
{
    for (uint32_t i = 1; i < c->tree->count; i++) {
        struct node *n = check_node(c, i);
        if (n->kind == RUN_LOCAL && c->variables[n->b]->is_boxed)
            n->kind = RUN_BOXED;
        if (n->kind == RUN_CALL_BUILTIN && (n->flags & RUN_IN_PLACE)) {
            const struct symbol *s = c->variables[check_node(c, n->b)->b];
            if (s->is_boxed || s->mentions != s->plain_uses)
                n->flags &= (uint16_t)~RUN_IN_PLACE;
        }
        if (n->kind == NODE_CASE && n->type) {
            const struct symbol *s = c->variables[n->type - 1];
            n->type = s->slot + 1;
            n->flags |= s->is_boxed ? 2 : 0;
        }
    }
}

static void find_config(struct check *c)
{
    struct program *p = c->program;
    const struct schema *schema = c->types.schema;
    const char *word = schema ? schema->root->name : "Config";
    name_id name = name_intern(c->names, slice_from(word));
    struct symbol *s = check_lookup(c, name);
    p->config = UINT32_MAX;
    if (!c->wants_config)
        return;
    struct type *want = type_of_schema(&c->types, slice_from(word));
    if (!s || s->kind != SYMBOL_VAR) {
        source_place at = c->tree->file_count ? c->tree->files[0].first : 0;
        if (c->tree->file_count && c->tree->files[0].package)
            at = check_node(c, c->tree->files[0].package)->at;
        if (!c->has_syntax_faults)
            check_fault(c, CONFIG_FAULT_MISSING_FIELD, s ? s->at : at,
                        "the package has no variable %s (var %s = firebreak.%s{…})", word, word,
                        word);
        return;
    }
    p->config = s->slot;
    p->config_is_read = s->mentions > 0;
    p->config_at = s->at;
    if (s->type->kind == TYPE_BAD || s->type == want)
        return;
    check_fault(c, CONFIG_FAULT_TYPE_MISMATCH, s->at,
                "%s must be of type firebreak.%s, not %s", word, word,
                type_text(&c->types, s->type));
    p->config = UINT32_MAX;
}

void check_package(const struct lang_package *package, struct tree *tree, struct names *names,
                   struct arena *arena, bool has_syntax_faults, bool wants_config,
                   struct program *ret)
{
    struct check *c = arena_new(arena, struct check);
    struct types *types = &c->types;

    *c = (struct check){.package = package,
                        .tree = tree,
                        .names = names,
                        .arena = arena,
                        .faults = package->faults,
                        .program = ret,
                        .wants_config = wants_config,
                        .has_syntax_faults = has_syntax_faults};
    c->scratch = ARENA(MEM_LANG, 0);
    *ret = (struct program){.tree = tree, .types = types, .names = names};
    types_init(types, arena, names, package->schema);
    check_universe(c);
    c->level = 1;
    c->barrier = 2;
    check_package_names(c);
    check_collect(c);
    /* Methods first: a value's use may need them, wherever they are declared. */
    for (uint32_t i = 0; i < c->global_count; i++)
        if (c->globals[i]->kind == SYMBOL_FUNC)
            check_resolve(c, c->globals[i]);
    for (uint32_t i = 0; i < c->global_count; i++)
        check_resolve(c, c->globals[i]);
    check_bodies(c);
    check_late_types(c);
    check_imports_used(c);
    check_init_order(c);
    find_config(c);
    settle_variables(c);
    arena_done(&c->scratch);
}
