/* list.h - intrusive doubly linked lists.
 *
 * The link lives in the object, so that joining and leaving never allocate and never fail. A
 * head is a link that points to itself; a link that is in no list is zero or points to itself.
 * Owner: whoever owns the objects; a list owns nothing. Not thread-safe. */
#ifndef FIREBREAK_BASE_LIST_H
#define FIREBREAK_BASE_LIST_H

#include <stdbool.h>

#include "base/defs.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
/* Also true for a zeroed head. */
static inline bool list_empty(const struct list *l)
{
    return !l->next || l->next == l;
}
static inline void list_insert_(struct list *prev, struct list *next, struct list *item)
{
    item->prev = prev;
    item->next = next;
    prev->next = item;
    next->prev = item;
}
static inline void list_push_back(struct list *head, struct list *item)
{
    list_insert_(head->prev, head, item);
}
static inline void list_push_front(struct list *head, struct list *item)
{
    list_insert_(head, head->next, item);
}
/* Leaves its list; harmless for a link that is in none. */
static inline void list_remove(struct list *item)
{
    if (!item->next)
        return;
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}
/* First item taken off, or NULL. */
static inline struct list *list_pop_front(struct list *head)
{
    if (list_empty(head))
        return NULL;
    struct list *item = head->next;
    list_remove(item);
    return item;
}

#define list_entry(link, type, member) CONTAINER_OF(link, type, member)
/* Iterates links; the _safe form allows the body to remove `it`. */
#define list_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
#define list_each_safe(it, head)                                                                   \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)

#endif
