#include "lang/tree.h"

#include "lang/scan.h"

/* Checking adds nodes of its own (promoted fields): about one for every four that were read. */
enum { NODES_MIN = 4096 };

void tree_init(struct tree *t, size_t source_bytes, uint32_t nodes_max, uint32_t file_count)
{
    size_t cap = 2 * source_bytes + NODES_MIN;
    *t = (struct tree){.cap = cap > nodes_max ? nodes_max : (uint32_t)cap, .count = 1};
    t->blocks = mem_alloc(MEM_LANG, (t->cap / TREE_BLOCK_NODES + 1) * sizeof(*t->blocks));
    tree_add_block(t);
    *tree_node(t, 0) = (struct node){0};
    t->files = mem_alloc(MEM_LANG, ((size_t)file_count + 1) * sizeof(*t->files));
    t->file_count = file_count;
}

void tree_done(struct tree *t)
{
    for (uint32_t i = 0; i < t->block_count; i++)
        mem_free(MEM_LANG, t->blocks[i]);
    mem_free(MEM_LANG, t->blocks);
    mem_free(MEM_LANG, t->files);
    *t = (struct tree){0};
}

void tree_add_block(struct tree *t)
{
    t->blocks[t->block_count++] =
        mem_resize(MEM_LANG, NULL, TREE_BLOCK_NODES * sizeof(struct node));
}

void tree_release(struct tree *t, node_ref from, node_ref to)
{
    uint32_t first = (from + TREE_BLOCK_NODES - 1) >> TREE_BLOCK_BITS;
    for (uint32_t i = first; i < to >> TREE_BLOCK_BITS; i++) {
        mem_free(MEM_LANG, t->blocks[i]);
        t->blocks[i] = NULL;
    }
}

uint32_t tree_length(const struct tree *t, node_ref list)
{
    uint32_t n = 0;
    for (; list; list = tree_node(t, list)->next)
        n++;
    return n;
}

node_ref tree_at(const struct tree *t, node_ref list, uint32_t n)
{
    while (n-- && list)
        list = tree_node(t, list)->next;
    return list;
}

const struct tree_file *tree_file_of(const struct tree *t, source_place at)
{
    for (uint32_t i = 0; i < t->file_count; i++) {
        const struct tree_file *f = &t->files[i];
        if (at >= f->first && at - f->first <= f->text.size)
            return f;
    }
    return NULL;
}

const struct tree_file *tree_file_of_text(const struct tree *t, const char *text)
{
    uintptr_t at = (uintptr_t)text;
    for (uint32_t i = 0; i < t->file_count; i++) {
        uintptr_t from = (uintptr_t)t->files[i].text.data;
        if (at >= from && at < from + t->files[i].text.size)
            return &t->files[i];
    }
    return NULL;
}

struct slice tree_text(const struct tree *t, source_place at)
{
    const struct tree_file *f = tree_file_of(t, at);
    return f ? slice_sub(f->text, at - f->first, f->text.size) : (struct slice){0};
}

source_place tree_token_end(const struct tree *t, source_place at)
{
    const struct tree_file *f = tree_file_of(t, at);
    return f ? f->first + (source_place)scan_token_end(f->text, at - f->first) : at;
}
