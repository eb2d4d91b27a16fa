/* said.h - what an action that was carried out came to, and what it said. */
#ifndef FIREBREAK_TESTS_ACT_SAID_H
#define FIREBREAK_TESTS_ACT_SAID_H

#include "act/actions.h"
#include "base/buf.h"
#include "tests/tap.h"

static struct exec_result r;
static struct buf said;

static int hear(void *ctx, const struct exec_line *line)
{
    (void)ctx;
    buf_append_slice(&said, line->text);
    return buf_append_byte(&said, '\n');
}

static bool says(const char *part)
{
    if ((said.data && strstr(said.data, part)) || strstr(r.detail, part))
        return true;
    printf("# said '%s', detail '%s', wanted '%s'\n", said.data ? said.data : "", r.detail, part);
    return false;
}

static const struct exec_sink sink = {hear, NULL};

#endif
