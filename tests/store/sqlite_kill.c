/* sqlite_kill.c - the embedded store under kill -9, again and again.
 *
 * usage: sqlite_kill [KILLS [SEED]]     300 kills; the seed is printed
 *
 * Each life is a process with the store and its clients: they read, put, delete, compare and swap,
 * watch, and hold leases, and note all of it (kill_life.h) until they are killed: at any time, now
 * and then while the store is only being opened. What must hold over all lives together:
 *  - the history of all calls is linearizable (tools/linear.h); those without an answer happened
 *    before the kill or never;
 *  - the watch that goes on in each life where it ended in the last tells every revision once, with
 *    none left out, each transaction whole, and each acknowledged write as it was written;
 *  - a watch that begins in the past tells the same;
 *  - no lease ends before its time, nor later than a tenth of it and a second behind it; a restart
 *    grants it once more.
 * Prints TAP, and how often each check had something to check: a zero is a failure. */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/store/kill_life.h"

enum {
    LIVES_OF_A_GROUP = 8, /* so that no key has more calls than the checker takes */
    LONG_LIVES = 3,       /* in which leases end */
    LONG_LIFE_MS = 3000,
    LIFE_EVENTS = 600, /* at least */
    PAST_REVISIONS = 3000,
    OPEN_MS_MAX = 60 * 1000,
    LEASES_MAX = 64 * 1024,
    COMPLAINTS_MAX = 20,
};

struct call {
    struct linear_op op;
    int64_t revision;
    bool open; /* no answer so far */
};

struct change {
    enum change_kind kind;
    uint32_t key;
    uint64_t value;
};

struct lease {
    uint64_t id;
    int64_t sure_from, most_from; /* its time began between these */
    bool gone;
};

static struct call *calls;
static struct change *changes; /* by revision */
static struct lease leases[LEASES_MAX];
static size_t call_count, call_cap, change_cap, lease_count, open_calls[LIFE_CLIENTS];
static int64_t told = 1, acknowledged; /* the last revisions */
static int64_t looked_at;              /* the last one that the watch of the past told */
static int64_t opened_at, opened_done, opened_revision;
static bool too_busy; /* in this life: who is late cannot be said */
static uint64_t random_state;
static int complaints, kills;
static struct {
    uint64_t acknowledged, doubts, refused, told, events, compared, again, killed_opening,
        compacted, not_early, not_late, too_busy;
} count;

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * RT_SEC + ts.tv_nsec;
}

static uint64_t draw(uint64_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % below;
}

/* A violation; the first ones are told. */
#define MUST(holds, ...)                         \
    do {                                         \
        if (!(holds)) {                          \
            tap_ok_ = false;                     \
            if (complaints++ < COMPLAINTS_MAX) { \
                printf("# " __VA_ARGS__);        \
                printf("\n");                    \
            }                                    \
        }                                        \
    } while (0)

/* ---- what is noted ---- */

static void take_begin(const struct note *n)
{
    if (call_count == call_cap) {
        call_cap = call_cap ? call_cap * 2 : 4096;
        calls = realloc(calls, call_cap * sizeof(*calls));
    }
    open_calls[n->client] = call_count;
    calls[call_count++] = (struct call){
        .op = {.type = n->type,
               .client = n->client,
               .key = n->key,
               .begin = n->at,
               .value = n->value,
               .expect = n->expect},
        .open = true,
    };
}

static void acknowledge(int64_t revision)
{
    count.acknowledged++;
    if (revision > acknowledged)
        acknowledged = revision;
}

static struct change *change_at(int64_t revision)
{
    size_t at = (size_t)revision;
    if (at >= change_cap) {
        size_t cap = change_cap ? change_cap * 2 : 4096;
        while (cap <= at)
            cap *= 2;
        changes = realloc(changes, cap * sizeof(*changes));
        memset(changes + change_cap, 0, (cap - change_cap) * sizeof(*changes));
        change_cap = cap;
    }
    return &changes[at];
}

/* Writes that are acknowledged, of the flood: what the watch told or will tell. */
static struct acked {
    int64_t revision;
    uint64_t value;
} * floods;
static size_t flood_count, flood_cap;

static void take_flood(const struct note *n)
{
    MUST(n->error == 0, "the flood was refused: %d", n->error);
    if (n->error < 0)
        return;
    if (flood_count == flood_cap) {
        flood_cap = flood_cap ? flood_cap * 2 : 4096;
        floods = realloc(floods, flood_cap * sizeof(*floods));
    }
    floods[flood_count++] = (struct acked){n->revision, n->value};
    acknowledge(n->revision);
}

static void take_end(const struct note *n)
{
    if (n->client == LIFE_CLIENTS) {
        take_flood(n);
        return;
    }
    struct call *c = &calls[open_calls[n->client]];
    MUST(n->error == 0, "a call was refused: %d", n->error);
    c->open = false;
    c->op.end = n->at;
    c->op.result = n->result;
    c->op.ok = n->ok;
    c->revision = n->revision;
    if (n->error < 0) { /* as if it had not been asked */
        c->op = (struct linear_op){.type = LINEAR_GET, .key = n->key, .doubt = true};
        count.refused++;
    } else if (n->revision) {
        acknowledge(n->revision);
    }
}

static struct lease *lease_of(uint64_t id)
{
    for (size_t i = lease_count; i > 0; i--)
        if (leases[i - 1].id == id)
            return &leases[i - 1];
    return NULL;
}

static void take_lease(const struct note *n)
{
    struct lease *l = lease_of(n->value);
    if (!l && lease_count < LEASES_MAX) {
        l = &leases[lease_count++];
        *l = (struct lease){.id = n->value};
    }
    if (!l)
        return;
    l->sure_from = n->at;
    l->most_from = (int64_t)n->result;
}

static int64_t most(const struct lease *l)
{
    int64_t from = l->most_from > opened_done ? l->most_from : opened_done;
    return from + (LIFE_LEASE_MS + LIFE_LEASE_MS / 10 + 1000) * RT_MS;
}

static void take_gone(const struct note *n)
{
    struct lease *l = lease_of(n->value);
    if (!l)
        return; /* it was killed before it could note that it was granted */
    bool in_this_life = n->revision > opened_revision; /* else it is only told now */
    int64_t sure = in_this_life && opened_at > l->sure_from ? opened_at : l->sure_from;
    int64_t early = sure + LIFE_LEASE_MS * RT_MS - n->at;
    MUST(early <= 0, "lease %llu ended %lld ms early", (unsigned long long)l->id,
         (long long)(early / RT_MS));
    count.not_early++;
    l->gone = true;
    if (too_busy || !in_this_life)
        return;
    MUST(n->at <= most(l), "lease %llu ended %lld ms late", (unsigned long long)l->id,
         (long long)((n->at - most(l)) / RT_MS));
    count.not_late++;
}

static void take_told(const struct note *n)
{
    MUST(n->revision == told + 1, "the watch tells revision %lld behind %lld",
         (long long)n->revision, (long long)told);
    MUST(n->ok, "revision %lld is not what any transaction wrote", (long long)n->revision);
    *change_at(n->revision) = (struct change){n->change, n->key, n->value};
    told = n->revision > told ? n->revision : told;
    count.told++;
    count.events += n->result;
    if (n->change == CHANGE_GONE)
        take_gone(n);
}

static void take_history(const struct note *n)
{
    MUST(!looked_at || n->revision == looked_at + 1,
         "a watch that begins in the past tells revision %lld behind %lld", (long long)n->revision,
         (long long)looked_at);
    looked_at = n->revision;
    if (n->revision > told)
        return; /* it is ahead: the other one will tell it */
    const struct change *c = change_at(n->revision);
    MUST(c->kind == n->change && c->key == n->key && c->value == n->value,
         "revision %lld is told once as %d of %u = %llu and once as %d of %u = %llu",
         (long long)n->revision, c->kind, c->key, (unsigned long long)c->value, n->change, n->key,
         (unsigned long long)n->value);
    count.compared++;
}

static void take_opened(const struct note *n)
{
    MUST(n->error == 0, "the store does not open: %d", n->error);
    MUST(n->revision >= told && n->revision >= acknowledged,
         "revision %lld was told, %lld acknowledged, and %lld is there", (long long)told,
         (long long)acknowledged, (long long)n->revision);
    opened_at = n->at;
    opened_revision = n->revision;
    opened_done = (int64_t)n->result;
    count.compacted += n->value > 0;
}

static void take(const struct note *n)
{
    switch (n->kind) {
    case NOTE_OPENED:
        take_opened(n);
        break;
    case NOTE_BEGIN:
        take_begin(n);
        break;
    case NOTE_END:
        take_end(n);
        break;
    case NOTE_TOLD:
        take_told(n);
        break;
    case NOTE_HISTORY:
        take_history(n);
        break;
    case NOTE_AGAIN:
        count.again++;
        looked_at = 0;
        break;
    case NOTE_LEASE:
        take_lease(n);
        break;
    case NOTE_LATE:
        too_busy = true;
        break;
    }
}

/* ---- lives ---- */

/* Notes until `until`, or to the end. Returns whether `kind` came, if that is waited for. */
static bool take_until(int fd, int64_t until, bool one, enum note_kind kind)
{
    for (;;) {
        struct note n;
        int64_t left = (until - now_ns()) / RT_MS;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) <= 0 || read(fd, &n, sizeof(n)) != sizeof(n))
            return false;
        take(&n);
        if (one && n.kind == kind)
            return true;
    }
}

static void after_the_kill(int64_t long_lived_until)
{
    int64_t dead = now_ns();
    for (size_t i = 0; i < LIFE_CLIENTS && call_count; i++) {
        struct call *c = &calls[open_calls[i]];
        if (!c->open)
            continue;
        c->open = false;
        c->op.end = dead;
        c->op.doubt = true;
        count.doubts++;
    }
    count.too_busy += too_busy;
    for (size_t i = 0; i < lease_count && long_lived_until && !too_busy; i++)
        MUST(leases[i].gone || most(&leases[i]) > long_lived_until, "lease %llu never ended",
             (unsigned long long)leases[i].id);
}

static pid_t begin(int number, bool is_long, bool quiet, const char *folder, int *ret_notes)
{
    int pipes[2];
    if (pipe(pipes) < 0)
        abort();
    too_busy = false;
    looked_at = 0;
    pid_t pid = life_begin((struct life){
        .notes = pipes[1],
        .group = (uint32_t)number / LIVES_OF_A_GROUP,
        .first_value = (uint64_t)number * 1000000,
        .told = told,
        .past = told > PAST_REVISIONS ? told - (int64_t)draw(PAST_REVISIONS) : 1,
        .pause_ms = is_long ? 40 : 4,
        .quiet = quiet,
        .folder = folder,
    });
    close(pipes[1]);
    *ret_notes = pipes[0];
    return pid;
}

static void end(pid_t pid, int notes)
{
    kill(pid, SIGKILL);
    take_until(notes, now_ns() + OPEN_MS_MAX * RT_MS, false, NOTE_OPENED);
    waitpid(pid, NULL, 0);
    close(notes);
}

static bool opens(int number, int notes)
{
    bool opened = take_until(notes, now_ns() + OPEN_MS_MAX * RT_MS, true, NOTE_OPENED);
    MUST(opened, "life %d: the store does not open", number);
    return opened;
}

static void one_life(int number, bool is_long, const char *folder)
{
    int notes;
    bool in_opening = !is_long && number % 8 == 5;
    pid_t pid = begin(number, is_long, false, folder, &notes);
    int64_t live = is_long ? LONG_LIFE_MS * RT_MS : (5 + (int64_t)draw(40)) * RT_MS;
    if (in_opening)
        live = (int64_t)draw(8000) * RT_US;
    count.killed_opening += in_opening;
    uint64_t before = count.events;
    if (in_opening || opens(number, notes))
        take_until(notes, now_ns() + live, false, NOTE_OPENED);
    while (!in_opening && count.events < before + LIFE_EVENTS &&
           take_until(notes, now_ns() + OPEN_MS_MAX * RT_MS, true, NOTE_TOLD))
        continue; /* however slow the machine is: 2,000 lives are a million events */
    int64_t lived_until = now_ns();
    end(pid, notes);
    after_the_kill(is_long ? lived_until : 0);
}

/* Nobody asks for anything any more, and the watch tells what it was killed before. */
static void last_life(int number, const char *folder)
{
    int notes;
    pid_t pid = begin(number, false, true, folder, &notes);
    int64_t until = now_ns() + OPEN_MS_MAX * RT_MS;
    if (opens(number, notes))
        while (told < acknowledged && take_until(notes, until, true, NOTE_TOLD))
            continue;
    end(pid, notes);
}

/* ---- what must hold in the end ---- */

static void the_history_is_linearizable(void)
{
    static char why[LINEAR_WHY_MAX];
    struct linear_op *ops = malloc((call_count + 1) * sizeof(*ops));
    for (size_t i = 0; i < call_count; i++)
        ops[i] = calls[i].op;
    int r = linear_check(ops, call_count, why);
    CHECK_INT(r, 1);
    if (r != 1)
        printf("# %s\n", r == 0 ? why : "too many calls of a key");
    CHECK(call_count > 100 && count.doubts > 0);
    free(ops);
}

static void each_acknowledged_write_was_told_as_it_was_written(void)
{
    MUST(told >= acknowledged, "%lld was acknowledged, and only %lld told", (long long)acknowledged,
         (long long)told);
    for (size_t i = 0; i < call_count; i++) {
        const struct call *k = &calls[i];
        enum change_kind kind = k->op.type == LINEAR_DELETE ? CHANGE_DELETE : CHANGE_PUT;
        if (k->revision == 0 || k->revision > told)
            continue;
        const struct change *c = &changes[k->revision];
        MUST(c->kind == kind && c->key == k->op.key && c->value == k->op.value,
             "revision %lld was acknowledged for %u = %llu, and told as %u = %llu",
             (long long)k->revision, k->op.key, (unsigned long long)k->op.value, c->key,
             (unsigned long long)c->value);
    }
    for (size_t i = 0; i < flood_count; i++) {
        const struct change *c = change_at(floods[i].revision);
        MUST(floods[i].revision <= told && c->kind == CHANGE_FLOOD && c->value == floods[i].value,
             "revision %lld of the flood was not told", (long long)floods[i].revision);
    }
    CHECK(flood_count > 0 && count.acknowledged > 100);
    CHECK(kills < 2000 || count.events >= 1000 * 1000);
}

static void every_check_had_its_turn(void)
{
    CHECK(count.told > 100 && count.compared > 0 && count.killed_opening > 0);
    CHECK(count.not_early > 0);
    CHECK(count.not_late > 0 || count.too_busy > 0);
}

/* ---- running ---- */

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "store.lock"};
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/firebreak-kill-XXXXXX";
    kills = argc > 1 ? atoi(argv[1]) : 300;
    random_state = argc > 2 ? (uint64_t)atoll(argv[2]) : (uint64_t)getpid() * 2654435761u;
    if (kills < 1 || !mkdtemp(folder)) {
        fprintf(stderr, "usage: sqlite_kill [KILLS [SEED]]\n");
        return 2;
    }
    printf("# seed %llu, %d kills\n", (unsigned long long)random_state, kills);
    tap_ok_ = true;
    int apart = kills < 100 ? kills : kills / LONG_LIVES + 1; /* the last one is long anyway */
    for (int i = 1; i <= kills && complaints < COMPLAINTS_MAX; i++)
        one_life(i, i % apart == 0 || i == kills, folder);
    last_life(kills + 1, folder);
    tap_report_("every_revision_is_told_once_and_leases_keep_their_time");
    TAP_RUN(the_history_is_linearizable);
    TAP_RUN(each_acknowledged_write_was_told_as_it_was_written);
    TAP_RUN(every_check_had_its_turn);
    printf("# %d kills, %llu of them while it was opened; %zu calls checked, %llu in doubt; "
           "%llu writes acknowledged; %llu revisions told, of %llu events; %llu told by a second "
           "watch; "
           "leases: %llu not early, %llu not late; %llu watches began anew, %llu openings found a "
           "compaction, %llu lives too busy to judge\n",
           kills, (unsigned long long)count.killed_opening, call_count,
           (unsigned long long)count.doubts, (unsigned long long)count.acknowledged,
           (unsigned long long)count.told, (unsigned long long)count.events,
           (unsigned long long)count.compared, (unsigned long long)count.not_early,
           (unsigned long long)count.not_late, (unsigned long long)count.again,
           (unsigned long long)count.compacted, (unsigned long long)count.too_busy);
    remove_folder(folder);
    return tap_done();
}
