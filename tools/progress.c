/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "watch.h"

#define BAR_MAX 30
#define PLAIN_MS 5000 /* between two lines about the same phase where there is no terminal */

void
cli_progress_init(cli_progress *progress, cli *session)
{
    const char *terminal = getenv("TERM");
    *progress = (cli_progress){.session = session, .seen_server = -1};
    progress->is_silent = session->quiet || session->json;
    progress->is_terminal =
        isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

/* Keys a second, over the last second or so. */
static void
measure(cli_progress *progress, const mcp_progress *at)
{
    uint64_t passed_ms = at->elapsed_ms - progress->rate_ms;
    if (at->done < progress->rate_done || at->server != progress->seen_server) {
        progress->rate = 0;
    } else if (passed_ms < 1000) {
        return;
    } else {
        progress->rate = (at->done - progress->rate_done) * 1000 / passed_ms;
    }
    progress->rate_ms = at->elapsed_ms;
    progress->rate_done = at->done;
}

/* "[#####.....] 45 %  " */
static void
put_bar(char *out, size_t size, uint64_t done, uint64_t total)
{
    char bar[BAR_MAX + 1];
    double part = done >= total ? 1.0 : (double)done / (double)total;
    size_t full = (size_t)(part * BAR_MAX);
    memset(bar, '#', full);
    memset(bar + full, '.', BAR_MAX - full);
    bar[BAR_MAX] = '\0';
    snprintf(out, size, "[%s] %3d %%  ", bar, (int)(part * 100));
}

/* "p0: copying from b0: [####....] 45 %  900 of 2000 keys, 20000/s, 3 s left" */
static void
write_line(const cli_progress *progress, const mcp_progress *at, char *out, size_t size)
{
    char bar[BAR_MAX + 20] = "", keys[64] = "", rate[32] = "", rest[CLI_DURATION + 16] = "";
    char took[CLI_DURATION];
    if (at->total > 0) {
        if (progress->is_terminal)
            put_bar(bar, sizeof bar, at->done, at->total);
        snprintf(keys, sizeof keys, "%" PRIu64 " of %" PRIu64 " keys", at->done, at->total);
    } else if (at->done > 0) {
        snprintf(keys, sizeof keys, "%" PRIu64 " keys", at->done);
    }
    if (progress->rate > 0)
        snprintf(rate, sizeof rate, ", %" PRIu64 "/s", progress->rate);
    if (at->remaining_ms > 0)
        snprintf(rest, sizeof rest, ", %s left", cli_duration(took, at->remaining_ms));
    else if (at->wait_ms > 0)
        snprintf(rest, sizeof rest, ", waits %s", cli_duration(took, at->wait_ms));
    snprintf(out, size, "%s: %s%s%s%s%s%s%s%s", cli_server_name(progress->session, at->server),
             at->phase[0] != '\0' ? at->phase : "waiting", at->partner >= 0 ? ", partner " : "",
             at->partner >= 0 ? cli_server_name(progress->session, at->partner) : "",
             keys[0] != '\0' ? ": " : "", bar, keys, rate, rest);
}

static void
show(cli_progress *progress, const mcp_progress *at)
{
    char line[400];
    int is_new = at->server != progress->seen_server ||
                 strncmp(at->phase, progress->seen_phase, sizeof progress->seen_phase - 1) != 0;
    measure(progress, at);
    progress->seen_server = at->server;
    snprintf(progress->seen_phase, sizeof progress->seen_phase, "%s", at->phase);
    if (!progress->is_terminal && !is_new && at->elapsed_ms - progress->written_ms < PLAIN_MS)
        return;
    progress->written_ms = at->elapsed_ms;
    write_line(progress, at, line, sizeof line);
    if (!progress->is_terminal) {
        cli_say(progress->session, "%s", line);
        return;
    }
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    progress->is_open = 1;
}

int
cli_progress_tell(void *context, const mcp_progress *at)
{
    cli_progress *progress = context;
    progress->seen |= at->job != MCP_JOB_NONE;
    progress->done = at->done;
    progress->total = at->total;
    if (!progress->is_silent)
        show(progress, at);
    return cli_watch_ended();
}

void
cli_progress_end(cli_progress *progress)
{
    if (progress->is_open)
        fprintf(stderr, "\r\033[K");
    progress->is_open = 0;
}
