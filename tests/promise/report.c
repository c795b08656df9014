/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "keys.h"
#include "mcproxy/mcproxy.h"
#include "support/client.h"

/* A late answer within one deadline: this much grace for a machine that is busy with the servers
 * and the clients at once. */
enum { GRACE_MS = 250 };

/* ---- What was not kept -------------------------------------------------------------------- */

typedef struct lines {
    char *out;
    size_t size, at;
    int n;
} lines;

static void __attribute__((format(printf, 3, 4)))
unless(lines *l, int is_kept, const char *format, ...)
{
    va_list args;

    if (is_kept || l->at >= l->size)
        return;
    va_start(args, format);
    l->at += (size_t)vsnprintf(l->out + l->at, l->size - l->at, format, args);
    va_end(args);
    if (l->at < l->size)
        l->at += (size_t)snprintf(l->out + l->at, l->size - l->at, "\n");
    l->n++;
}

static void
check_reads(lines *l, const judge_verdict *v)
{
    unless(l, v->stale_own == 0, "%" PRIu64 " stale reads of a client's own writes", v->stale_own);
    unless(l, v->stale_other == 0, "%" PRIu64 " stale reads of others' writes, the worst %.3f s",
           v->stale_other, (double)v->worst_us / 1e6);
    unless(l, v->resurrected == 0, "%" PRIu64 " deletes resurrected", v->resurrected);
    unless(l, v->phantoms == 0, "%" PRIu64 " values that nobody wrote", v->phantoms);
    unless(l, v->garbled == 0, "%" PRIu64 " values of other keys, or damaged", v->garbled);
    unless(l, v->left == 0, "%" PRIu64 " copies stale on a server at the end", v->left);
}

static void
check_scene(lines *l, const stage_plan *plan, const stage_result *r)
{
    const scene *what = plan->scene;
    int64_t limit_ms = (int64_t)plan->timeout_ms + client_slack(GRACE_MS);

    unless(l, what->is_double || r->verdict.failed == 0, "%" PRIu64 " operations failed",
           r->verdict.failed);
    unless(l, r->verdict.slowest_us / 1000 <= limit_ms, "an operation took %" PRId64 " ms",
           r->verdict.slowest_us / 1000);
    unless(l, what->hits != HITS_ALWAYS || r->misses == 0,
           "%" PRIu64 " misses of keys that stand since before the fault", r->misses);
    unless(l, what->hits != HITS_AFTER || (r->late_misses == 0 && r->late_hits > 0),
           "%" PRIu64 " misses later than one second after the restart", r->late_misses);
    unless(l, r->on_primary >= what->on_primary, "on the primary only %.1f %% of the time",
           r->on_primary);
    unless(l, r->refilled == 0, "%" PRIu64 " flushed keys are back", r->refilled);
    unless(l, r->marks_left == 0, "%" PRIu64 " marks stand at the end", r->marks_left);
    unless(l, r->different == 0, "%" PRIu64 " keys differ between their copies at the end",
           r->different);
}

/* Faults during which writes go on for long enough to miss a copy. */
static int
must_bite(scene_deed first)
{
    return first == DEED_KILL || first == DEED_PAUSE || first == DEED_CUT || first == DEED_REFUSE ||
           first == DEED_SLOW;
}

static int
looks_for_marks(const scene *what)
{
    for (int i = 0; i < SCENE_ACTS; i++)
        if (what->acts[i].what == DEED_LOOK)
            return 1;
    return 0;
}

/* A run that tried nothing proves nothing. */
static void
check_run(lines *l, const stage_plan *plan, const stage_result *r)
{
    unless(l, r->died == 0, "%d client processes did not end as they should: %s", r->died, r->how);
    unless(l, !r->is_full, "a log was full");
    unless(l, r->verdict.reads > 1000 && r->verdict.writes > 300,
           "only %" PRIu64 " reads and %" PRIu64 " writes", r->verdict.reads, r->verdict.writes);
    unless(l, !plan->scene->is_evicting || r->evicted > 100, "nothing was evicted");
    unless(l, !must_bite(plan->scene->acts[0].what) || r->verdict.degraded > 0,
           "only %" PRIu64 " writes felt the fault", r->verdict.degraded);
    unless(l, !looks_for_marks(plan->scene) || r->both_stood,
           "the two marks did not stand together");
    unless(l, plan->scene->acts[0].what != DEED_LOSE || r->lost_replies >= 2, "no reply was lost");
}

int
report_broken(const stage_plan *plan, const stage_result *result, char *out, size_t size)
{
    lines l = {out, size, 0, 0};

    out[0] = '\0';
    check_reads(&l, &result->verdict);
    check_scene(&l, plan, result);
    check_run(&l, plan, result);
    return l.n;
}

/* ---- Examples ----------------------------------------------------------------------------- */

static void
tell_record(FILE *out, const char *what, const history_record *r, int64_t zero_us)
{
    static const char *const ops[] = {"-", "read", "seen", "write", "delete", "other"};

    if (r->op == 0)
        return;
    fprintf(out,
            "    %-6s %-6s client %d value %" PRIu64 " at %.3f..%.3f ms, status %d, primary %s, "
            "backup %s%s\n",
            what, ops[r->op], r->client, r->value, (double)(r->start_us - zero_us) / 1e3,
            (double)(r->end_us - zero_us) / 1e3, r->status, mcp_strcopy((mcp_copy)r->primary),
            mcp_strcopy((mcp_copy)r->backup), r->from_backup ? ", from the backup" : "");
}

void
report_examples(FILE *out, const judge_verdict *verdict)
{
    for (size_t i = 0; i < verdict->n_examples; i++) {
        const judge_example *e = &verdict->examples[i];
        char name[16];

        keys_name(name, e->read.key);
        fprintf(out, "  %s, %s (times from the read's start):\n", judge_crime_name(e->crime), name);
        tell_record(out, "older", &e->older, e->read.start_us);
        tell_record(out, "newer", &e->newer, e->read.start_us);
        tell_record(out, "read", &e->read, e->read.start_us);
    }
}

void
report_difference(FILE *out, const stage_result *result)
{
    const history_record *differing = result->differing;

    if (result->different == 0)
        return;
    fprintf(out, "  two copies differ (times from the first one's start):\n");
    for (int copy = 0; copy < 2; copy++)
        tell_record(out, copy == 0 ? "on P" : "on B", &differing[copy], differing[0].start_us);
}

/* ---- The table ---------------------------------------------------------------------------- */

static int64_t
greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void
add_verdict(judge_verdict *sum, const judge_verdict *v)
{
    sum->reads += v->reads;
    sum->writes += v->writes;
    sum->stale_own += v->stale_own;
    sum->stale_other += v->stale_other;
    sum->stale_young += v->stale_young;
    sum->resurrected += v->resurrected;
    sum->left += v->left;
    sum->phantoms += v->phantoms;
    sum->garbled += v->garbled;
    sum->failed += v->failed;
    sum->late += v->late;
    sum->worst_us = greater(sum->worst_us, v->worst_us);
    sum->slowest_us = greater(sum->slowest_us, v->slowest_us);
}

void
report_add(report_row *row, const stage_plan *plan, const stage_result *r)
{
    char broken[1000];

    row->scene = plan->scene->name;
    row->broken += report_broken(plan, r, broken, sizeof broken) > 0;
    row->on_primary =
        row->runs == 0 || r->on_primary < row->on_primary ? r->on_primary : row->on_primary;
    row->runs++;
    add_verdict(&row->sum, &r->verdict);
    row->hits += r->hits;
    row->misses += r->misses;
    row->late_hits += r->late_hits;
    row->late_misses += r->late_misses;
    row->different += r->different;
    row->marks_left += r->marks_left;
    row->refilled += r->refilled;
    row->lost_replies += r->lost_replies;
    row->back_ms = greater(row->back_ms, r->back_ms);
    row->settled_ms = greater(row->settled_ms, r->settled_ms);
    row->stall_ms = greater(row->stall_ms, r->stall_ms);
}

static double
percent(uint64_t part, uint64_t rest)
{
    return part + rest == 0 ? 100.0 : 100.0 * (double)part / (double)(part + rest);
}

void
report_head(FILE *out)
{
    fprintf(out, "%-27s %4s %9s %8s %6s %6s %6s %6s %6s %5s %5s %6s %6s %5s %5s %6s %6s %6s %6s\n",
            "scene", "runs", "reads", "writes", "stale", "stale", "resur-", "within", "oldest",
            "wrong", "left", "failed", "hits", "hits", "on P", "slow-", "back", "right", "broken");
    fprintf(out, "%-27s %4s %9s %8s %6s %6s %6s %6s %6s %5s %5s %6s %6s %5s %5s %6s %6s %6s %6s\n",
            "", "", "", "", "own", "others", "rected", "bound", "ms", "", "", "", "%", "1 s+", "%",
            "est ms", "ms", "ms", "runs");
}

void
report_line(FILE *out, const report_row *row)
{
    const judge_verdict *v = &row->sum;

    fprintf(out,
            "%-27s %4d %9" PRIu64 " %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64
            " %6.0f %5" PRIu64 " %5" PRIu64 " %6" PRIu64 " %6.1f %5.1f %5.1f %6" PRId64 " %6" PRId64
            " %6" PRId64 " %6d\n",
            row->scene, row->runs, v->reads, v->writes, v->stale_own, v->stale_other,
            v->resurrected, v->stale_young, (double)v->worst_us / 1e3, v->phantoms + v->garbled,
            v->left + row->different + row->marks_left + row->refilled, v->failed,
            percent(row->hits, row->misses), percent(row->late_hits, row->late_misses),
            row->on_primary, v->slowest_us / 1000, row->back_ms, row->settled_ms, row->broken);
}
