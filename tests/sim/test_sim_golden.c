/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two small worlds told as stories, compared with tests/sim/golden. What they tell is what a user
 * of the library is promised; a change that is meant is taken over with
 *
 *   MCP_TOP=. tests/sim/test_sim_golden --update        and then read, line by line, in the diff
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/script.h"

#define TRACE_MAX 65536

static void
heading(sim_world *world, const char *text)
{
    fprintf(world->trace, "\n-- %s\n", text);
}

/* A primary is killed, the backup answers, the primary comes back empty. */
static void
killed(sim_world *world)
{
    heading(world, "a key is stored and read");
    sim_script_call(world, 0, MCP_SET, 0, 10);
    sim_script_call(world, 0, MCP_GET, 0, 0);
    heading(world, "the primary is killed: the same call is answered by the backup");
    sim_world_fault(world,
                    (sim_fault){world->now_ms, world->now_ms + 1500, SIM_KILL, 0, 0, 0, 0, 0, 0});
    sim_script_rest(world, 2);
    sim_script_call(world, 0, MCP_GET, 0, 0);
    heading(world, "from now on nothing goes to the primary, but a probe now and then");
    sim_script_call(world, 0, MCP_SET, 1, 10);
    sim_script_call(world, 0, MCP_GET, 1, 0);
    sim_script_call(world, 0, MCP_DELETE, 0, 0);
    sim_script_rest(world, 1400);
    heading(world, "it is back, and a probe finds it");
    sim_script_rest(world, 1500);
    heading(world, "writes reach both again");
    sim_script_call(world, 0, MCP_SET, 0, 10);
    sim_script_call(world, 0, MCP_GET, 0, 0);
    sim_script_call(world, 0, MCP_APPEND, 0, 3);
    sim_script_call(world, 0, MCP_DELETE, 0, 0);
}

/* A primary hangs: one call waits its share, the next ones do not. What its socket had buffered is
 * carried out later. */
static void
paused(sim_world *world)
{
    heading(world, "a key is stored");
    sim_script_call(world, 0, MCP_SET, 0, 10);
    heading(world, "the primary is paused: one call waits its share of the deadline");
    sim_world_fault(world,
                    (sim_fault){world->now_ms, world->now_ms + 1000, SIM_PAUSE, 0, 0, 0, 0, 0, 0});
    sim_script_rest(world, 1);
    sim_script_call(world, 0, MCP_SET, 0, 10);
    heading(world, "the next ones do not wait for it");
    sim_script_call(world, 0, MCP_SET, 0, 10);
    sim_script_call(world, 0, MCP_GET, 0, 0);
    heading(world, "two probes are not answered, the third soft error makes it down");
    sim_script_rest(world, 780);
    heading(world, "it goes on, and first carries out what its socket had kept");
    sim_script_rest(world, 1500);
    heading(world, "all is as before");
    sim_script_call(world, 0, MCP_SET, 0, 10);
    sim_script_call(world, 0, MCP_GET, 0, 0);
}

static size_t
tell(void (*story)(sim_world *world), char *text, uint64_t *n_violations)
{
    FILE *trace = fmemopen(text, TRACE_MAX - 1, "w");
    sim_plan plan = sim_plan_plain(2);
    sim_world *world = sim_world_new(&plan, trace);
    world->clients[0].is_blocking = 0;
    story(world);
    fprintf(trace, "\n-- what is owed\n");
    sim_script_rest(world, 100);
    world->trace = NULL;
    sim_world_run(world);
    *n_violations = sim_world_free(world);
    fclose(trace);
    return strlen(text);
}

static int
is_as_before(const char *name, const char *text, size_t len, int updates)
{
    static char golden[TRACE_MAX];
    char path[1024];
    const char *top = getenv("MCP_TOP");
    snprintf(path, sizeof path, "%s/tests/sim/golden/%s.trace", top != NULL ? top : ".", name);
    FILE *file = fopen(path, updates ? "w" : "r");
    if (file == NULL) {
        printf("%s: cannot be opened\n", path);
        return 0;
    }
    size_t golden_len = updates ? fwrite(text, 1, len, file) : fread(golden, 1, TRACE_MAX, file);
    fclose(file);
    if (updates || (golden_len == len && memcmp(golden, text, len) == 0))
        return 1;
    size_t line = 1, at = 0, start = 0;
    for (; at < len && at < golden_len && text[at] == golden[at]; at++) {
        line += text[at] == '\n';
        start = text[at] == '\n' ? at + 1 : start;
    }
    printf("%s.trace:%zu: now:  %.*s\n", name, line, (int)strcspn(text + start, "\n"),
           text + start);
    printf("%s.trace:%zu: was:  %.*s\n", name, line, (int)strcspn(golden + start, "\n"),
           golden + start);
    return 0;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*story)(sim_world *world);
    } stories[] = {{"killed", killed}, {"paused", paused}};
    static char text[TRACE_MAX], again[TRACE_MAX];
    int updates = argc > 1 && strcmp(argv[1], "--update") == 0;
    int n_wrong = 0;
    for (size_t i = 0; i < 2; i++) {
        uint64_t n_violations, n_more;
        memset(text, 0, sizeof text);
        memset(again, 0, sizeof again);
        size_t len = tell(stories[i].story, text, &n_violations);
        tell(stories[i].story, again, &n_more);
        if (n_violations > 0 || strcmp(text, again) != 0) {
            printf("%s: %llu violations%s\n", stories[i].name, (unsigned long long)n_violations,
                   strcmp(text, again) != 0 ? ", and another story the second time" : "");
            n_wrong++;
        }
        n_wrong += !is_as_before(stories[i].name, text, len, updates);
    }
    printf("%d of 2 stories are wrong\n", n_wrong);
    return n_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
