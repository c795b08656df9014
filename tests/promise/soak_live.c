/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every scene many times, relaxed and strict, on one pair and on three primaries with two backups,
 * and plain mirroring beside them; the tables go to standard output, what broke to standard error.
 *
 *     soak_live [RUNS [FIRST_SEED [WORLDS]]]   10 runs of each, 8 worlds side by side
 *
 * $PROMISE_SCENE: one scene alone; $PROMISE_PART: the tables with this in their title.
 *
 * A run is a world of its own: its servers, its roads, its clients, its clock of deeds. The clients
 * rest between their bursts, so a world needs a small part of a processor, and its scenes take the
 * time that they take anyway; so many worlds go on side by side. The longest scenes begin first.
 */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "support/run.h"
#include "support/wait.h"

/* How long a client rests between two bursts of some operations, on average. How soon a pair is
 * back on its primary depends on how often its clients come by: where that is measured, they are
 * busy. */
enum { REST_MS = 8, SHORT_REST_MS = 4, WORLDS = 8, WORLDS_MAX = 64, TOLD_EVERY = 50 };

typedef struct part {
    const char *title;
    int n_primaries, n_backups;
    int is_strict, is_plain;
    unsigned timeout_ms;
} part;

static const part parts[] = {
    {"Plain mirroring, one primary, one backup", 1, 1, 0, 1, 500},
    {"consistency=relaxed, one primary, one backup", 1, 1, 0, 0, 500},
    {"consistency=strict, one primary, one backup", 1, 1, 1, 0, 1000},
    {"consistency=relaxed, three primaries, two backups", 3, 2, 0, 0, 500},
    {"consistency=strict, three primaries, two backups", 3, 2, 1, 0, 1000},
};
enum { N_PARTS = sizeof parts / sizeof *parts };

/* One scene of one part: a line of its table. */
typedef struct row {
    const part *of;
    stage_plan plan; /* but for the seed */
    report_row sum;
    int n_left; /* runs that are not begun */
} row;

typedef struct world {
    pid_t pid; /* 0: nothing goes on here */
    row *of;
    unsigned seed;
    stage_result *result; /* in memory that is shared with its process */
} world;

typedef struct soak {
    row *rows;
    size_t n_rows;
    world worlds[WORLDS_MAX];
    int n_worlds, n_busy;
    int runs, n_over, n_broken;
    unsigned first_seed;
} soak;

/* ---- One run ------------------------------------------------------------------------------ */

static const stage_plan *now_plan;
static stage_result *now_result;

START_TEST(one_run)
{
    stage_play(now_plan, now_result);
}
END_TEST

/* The harness speaks through Check when it fails itself. */
static int
play_here(void)
{
    Suite *suite = suite_create("soak");
    TCase *one = tcase_create("one run");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, one);
    tcase_add_test(one, one_run);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    if (failed > 0)
        srunner_print(runner, CK_NORMAL);
    srunner_free(runner);
    return failed == 0;
}

/* A process of its own for each run: whatever happens in it, the others go on. */
static void
begin_run(soak *s, world *w, row *of)
{
    stage_plan plan = of->plan;
    pid_t parent = getpid();

    w->of = of;
    w->seed = plan.seed = s->first_seed + (unsigned)(s->runs - of->n_left--);
    fflush(NULL);
    w->pid = fork();
    if (w->pid < 0) {
        perror("fork");
        exit(99);
    }
    s->n_busy++;
    if (w->pid > 0)
        return;
    run_die_with_parent(parent);
    now_plan = &plan;
    now_result = w->result;
    _exit(play_here() ? 0 : 1);
}

static void
end_run(soak *s, world *w, int status)
{
    row *of = w->of;
    char broken[1000];
    stage_plan plan = of->plan;

    w->pid = 0;
    s->n_busy--;
    if (++s->n_over % TOLD_EVERY == 0)
        fprintf(stderr, "%d runs are over\n", s->n_over);
    plan.seed = w->seed;
    if (status != 0) {
        fprintf(stderr, "%s, \"%s\", seed %u: the harness failed\n", of->of->title,
                plan.scene->name, w->seed);
        of->sum.broken++;
    } else {
        report_add(&of->sum, &plan, w->result);
    }
    if (status != 0 || plan.is_plain || report_broken(&plan, w->result, broken, sizeof broken) == 0)
        return;
    fprintf(stderr, "%s, \"%s\", seed %u (stood still for up to %d ms):\n%s", of->of->title,
            plan.scene->name, w->seed, (int)w->result->stall_ms, broken);
    report_examples(stderr, &w->result->verdict);
    report_difference(stderr, w->result);
}

/* ---- All of them -------------------------------------------------------------------------- */

static int
length_of(const row *r)
{
    const scene *what = r->plan.scene;

    return r->plan.is_long && what->long_ms > 0 ? what->long_ms : what->length_ms;
}

/* The row whose next run is the longest; NULL: all runs are begun. */
static row *
longest(const soak *s)
{
    row *found = NULL;

    for (size_t i = 0; i < s->n_rows; i++)
        if (s->rows[i].n_left > 0 && (found == NULL || length_of(&s->rows[i]) > length_of(found)))
            found = &s->rows[i];
    return found;
}

static void
wait_for_one(soak *s)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);

    if (pid < 0 && errno != EINTR) {
        perror("waitpid");
        exit(99);
    }
    for (int i = 0; pid > 0 && i < s->n_worlds; i++)
        if (s->worlds[i].pid == pid)
            end_run(s, &s->worlds[i], status);
}

static void
play_all(soak *s)
{
    row *next = longest(s);

    while (next != NULL || s->n_busy > 0) {
        for (int i = 0; i < s->n_worlds && next != NULL; i++)
            if (s->worlds[i].pid == 0) {
                begin_run(s, &s->worlds[i], next);
                next = longest(s);
            }
        wait_for_one(s);
    }
}

static void
add_row(soak *s, const part *of, const scene *what)
{
    row *r = &s->rows[s->n_rows++];

    r->of = of;
    r->sum.scene = what->name;
    r->n_left = of->is_plain ? 1 : s->runs;
    r->plan =
        (stage_plan){.scene = what,
                     .n_primaries = of->n_primaries,
                     .n_backups = of->n_backups,
                     .is_strict = of->is_strict,
                     .is_plain = of->is_plain,
                     .is_long = !of->is_plain,
                     /* How long the pair stays on its backup follows from it: the standard. */
                     .timeout_ms = what->on_primary > 0 ? 500 : of->timeout_ms,
                     .view_ms = 200,
                     .rest_ms = what->on_primary > 0 ? SHORT_REST_MS : REST_MS};
}

static void
prepare(soak *s)
{
    const char *part_only = getenv("PROMISE_PART");
    const char *scene_only = getenv("PROMISE_SCENE");
    size_t shared = WORLDS_MAX * sizeof(stage_result);
    stage_result *results =
        mmap(NULL, shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    s->rows = calloc(N_PARTS * n_scenes, sizeof *s->rows);
    if (results == MAP_FAILED || s->rows == NULL)
        exit(99);
    for (int i = 0; i < WORLDS_MAX; i++)
        s->worlds[i].result = &results[i];
    for (size_t p = 0; p < N_PARTS; p++)
        for (size_t i = 0; i < n_scenes; i++)
            if ((part_only == NULL || strstr(parts[p].title, part_only) != NULL) &&
                (scene_only == NULL || strcmp(scene_only, scenes[i].name) == 0))
                add_row(s, &parts[p], &scenes[i]);
}

/* ---- What is printed ---------------------------------------------------------------------- */

static void
print_tables(soak *s)
{
    const part *last = NULL;

    for (size_t i = 0; i < s->n_rows; i++) {
        row *r = &s->rows[i];

        if (r->of != last) {
            printf("\n%s, timeout=%ums, view_interval=200ms, 4 client processes\n\n", r->of->title,
                   r->of->timeout_ms);
            report_head(stdout);
        }
        last = r->of;
        report_line(stdout, &r->sum);
        s->n_broken += r->of->is_plain ? 0 : r->sum.broken;
    }
}

static void
print_head(const soak *s, const double before[3], int64_t took_ms)
{
    struct utsname name = {0};
    double after[3] = {0};

    (void)uname(&name);
    (void)getloadavg(after, 3);
    printf(
        "The promise with real memcached and real client processes. `make soak-live` writes this "
        "table;\nwhat the columns mean stands below it.\n\n");
    printf(
        "%d runs of each scene (plain mirroring: one), seeds from %u on, %d worlds side by side, "
        "clients that\nrest for %d ms on average between bursts (\"peace\" and \"lost replies\": "
        "%d ms). %s %s on %s,\n%ld processors; load average %.1f before, %.1f in the last minutes. "
        "It took %d minutes.\n",
        s->runs, s->first_seed, s->n_worlds, REST_MS, SHORT_REST_MS, name.sysname, name.release,
        name.machine, sysconf(_SC_NPROCESSORS_ONLN), before[0], after[1],
        (int)((took_ms + 30000) / 60000));
}

static void
print_meanings(const soak *s)
{
    printf("\n"
           "stale own     reads older than a write or delete that the reader itself had been told "
           "of\n"
           "stale others  reads older than what another client had been told, by more than the "
           "bound:\n"
           "              relaxed view_interval + timeout, strict nothing\n"
           "resurrected   of these, values that had been deleted\n"
           "within bound  stale reads that relaxed allows; oldest: the stalest of all, in ms\n"
           "wrong         values nobody wrote, of another key, or damaged\n"
           "left          at the end: stale copies, copies that differ, marks, flushed keys that "
           "are back\n"
           "failed        operations with an error (both copies out: \"both marks\", allowed)\n"
           "hits          of keys that nobody wrote any more; 1 s+: from one second after the "
           "restart\n"
           "on P          share of the time in which reads came from the primary, the worst run\n"
           "slowest       the longest operation\n"
           "back          from the last deed to the last read that a backup answered, the worst "
           "run\n"
           "right         from the end of the scene until both copies were right, the worst run\n"
           "broken        runs that did not keep what was promised: %d in all\n",
           s->n_broken);
}

/* The word at `number`, a number of 1 to `most`; `standard` where there is none. */
static int
number_of(int argc, char **argv, int number, int standard, long most)
{
    long n = argc > number ? strtol(argv[number], NULL, 10) : standard;

    if (n < 1 || n > most) {
        fprintf(stderr, "soak_live [RUNS [FIRST_SEED [WORLDS]]], 1 to %d worlds\n", WORLDS_MAX);
        exit(2);
    }
    return (int)n;
}

int
main(int argc, char **argv)
{
    static soak s;
    double before[3] = {0};
    int64_t begun_ms = now_ms();

    s.runs = number_of(argc, argv, 1, 10, 10000);
    s.first_seed = (unsigned)number_of(argc, argv, 2, 1, 1000000000);
    s.n_worlds = number_of(argc, argv, 3, WORLDS, WORLDS_MAX);
    (void)run_folder();
    (void)getloadavg(before, 3);
    prepare(&s);
    play_all(&s);
    print_head(&s, before, now_ms() - begun_ms);
    print_tables(&s);
    print_meanings(&s);
    return s.n_broken > 0;
}
