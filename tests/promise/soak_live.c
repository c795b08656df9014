/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every scene many times, relaxed and strict, on one pair and on three primaries with two backups,
 * and plain mirroring beside them; the table goes to standard output, what broke to standard error.
 *
 *     soak_live [RUNS [FIRST_SEED]]       10 runs of each; $PROMISE_SCENE: one scene alone;
 *                                         $PROMISE_PART: the tables with this in their title
 */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "support/run.h"

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
static int
play_apart(const stage_plan *plan, stage_result *result)
{
    pid_t parent = getpid();
    pid_t pid;
    int status;

    fflush(stdout);
    pid = fork();
    if (pid < 0)
        return 0;
    if (pid == 0) {
        run_die_with_parent(parent);
        now_plan = plan;
        now_result = result;
        _exit(play_here() ? 0 : 1);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Returns how many of the runs did not keep what was promised. */
static int
play_scene(const part *of, const scene *what, int runs, unsigned first_seed, stage_result *result)
{
    stage_plan plan = {.scene = what,
                       .n_primaries = of->n_primaries,
                       .n_backups = of->n_backups,
                       .is_strict = of->is_strict,
                       .is_plain = of->is_plain,
                       .is_long = !of->is_plain,
                       /* How long the pair stays on its backup follows from it: the standard. */
                       .timeout_ms = what->on_primary > 0 ? 500 : of->timeout_ms,
                       .view_ms = 200};
    report_row row = {.scene = what->name};
    char broken[1000];

    for (int i = 0; i < runs; i++) {
        plan.seed = first_seed + (unsigned)i;
        if (!play_apart(&plan, result)) {
            fprintf(stderr, "%s, \"%s\", seed %u: the harness failed\n", of->title, what->name,
                    plan.seed);
            row.broken++;
            continue;
        }
        report_add(&row, &plan, result);
        if (of->is_plain || report_broken(&plan, result, broken, sizeof broken) == 0)
            continue;
        fprintf(stderr, "%s, \"%s\", seed %u (stood still for up to %d ms):\n%s", of->title,
                what->name, plan.seed, (int)result->stall_ms, broken);
        report_examples(stderr, &result->verdict);
    }
    report_line(stdout, &row);
    fflush(stdout);
    return row.broken;
}

static int
play_part(const part *of, int runs, unsigned first_seed, stage_result *result)
{
    const char *only = getenv("PROMISE_SCENE");
    int broken = 0;

    printf("\n%s, timeout=%ums, view_interval=200ms, 4 client processes\n\n", of->title,
           of->timeout_ms);
    report_head(stdout);
    for (size_t i = 0; i < n_scenes; i++)
        if (only == NULL || strcmp(only, scenes[i].name) == 0)
            broken += play_scene(of, &scenes[i], runs, first_seed, result);
    return of->is_plain ? 0 : broken;
}

int
main(int argc, char **argv)
{
    int runs = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 10;
    unsigned first_seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    stage_result *result =
        mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *only = getenv("PROMISE_PART");
    int broken = 0;

    if (result == MAP_FAILED)
        return 99;
    (void)run_folder();
    printf(
        "The promise with real memcached and real client processes. `make soak-live` writes this "
        "table;\nwhat the columns mean stands below it.\n");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (only == NULL || strstr(parts[i].title, only) != NULL)
            broken += play_part(&parts[i], parts[i].is_plain ? 1 : runs, first_seed, result);
    printf(
        "\n"
        "stale own     reads older than a write or delete that the reader itself had been told of\n"
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
        "right         from the end of the scene until both copies were right, the worst run\n"
        "broken        runs that did not keep what was promised: %d in all\n",
        broken);
    return broken > 0;
}
