/* SPDX-License-Identifier: BSD-3-Clause */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "mcproxy/mcproxy.h"

#define NEVER INT64_MAX

/* All of one key. */
typedef struct one_key {
    const history_record *records; /* by start */
    size_t n;
    const history_record **acked; /* writes and deletes with a yes, by start */
    size_t n_acked;
    const history_record **values; /* whatever may have been written, by value */
    size_t n_values;
    int numbered;
} one_key;

/* What is newer than the value that was read, and was over before. */
typedef struct newer {
    const history_record *own, *other, *removed; /* of each, the first that was over; or NULL */
} newer;

static int
is_write(const history_record *r)
{
    return r->op == OP_WRITE || r->op == OP_DELETE;
}

static int
brought_value(const history_record *r)
{
    return (r->op == OP_READ || r->op == OP_SEEN) && r->outcome == OUTCOME_YES;
}

static int64_t
over_at(const history_record *w)
{
    return w->outcome == OUTCOME_YES ? w->end_us : NEVER;
}

static int
by_key_and_start(const void *a, const void *b)
{
    const history_record *x = a;
    const history_record *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

static int
by_value(const void *a, const void *b)
{
    const history_record *x = *(const history_record *const *)a;
    const history_record *y = *(const history_record *const *)b;

    return (x->value > y->value) - (x->value < y->value);
}

/* The write of a value; NULL: there is none. */
static const history_record *
writer_of(const one_key *k, uint64_t value)
{
    history_record wanted = {.value = value};
    const history_record *at = &wanted;
    const history_record **found =
        bsearch(&at, k->values, k->n_values, sizeof *k->values, by_value);

    return found == NULL ? NULL : *found;
}

/* ---- One read ----------------------------------------------------------------------------- */

static void
take_example(judge_verdict *v, judge_crime crime, const history_record *read,
             const history_record *n, const history_record *w)
{
    judge_example *e = &v->examples[v->n_examples];

    size_t same = 0;

    for (size_t i = 0; i < v->n_examples; i++)
        same += v->examples[i].crime == crime;
    if (same == JUDGE_SAME || v->n_examples == JUDGE_EXAMPLES)
        return;
    v->n_examples++;
    memset(e, 0, sizeof *e);
    e->crime = crime;
    e->read = *read;
    if (n != NULL)
        e->newer = *n;
    if (w != NULL)
        e->older = *w;
}

static void
keep_first(const history_record **kept, const history_record *n)
{
    if (*kept == NULL || n->end_us < (*kept)->end_us)
        *kept = n;
}

static int
is_newer(const one_key *k, const history_record *n, const history_record *read,
         const history_record *w)
{
    return k->numbered ? n->value > read->value : n->start_us > over_at(w);
}

/* Writes are looked at from the newest that began before the read back to the first that is not
 * newer than what was read: in an honest history these are few. */
static newer
find_newer(const one_key *k, const history_record *read, const history_record *w)
{
    newer found = {0};
    size_t low = 0;
    size_t high = k->n_acked;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (k->acked[middle]->start_us < read->start_us)
            low = middle + 1;
        else
            high = middle;
    }
    while (low-- > 0 && is_newer(k, k->acked[low], read, w)) {
        const history_record *n = k->acked[low];

        if (n->end_us >= read->start_us)
            continue;
        keep_first(n->client == read->client ? &found.own : &found.other, n);
        if (n->op == OP_DELETE)
            keep_first(&found.removed, n);
    }
    return found;
}

/* A number above all that had been tried when the read was over. */
static int
is_untried(const one_key *k, const history_record *read)
{
    uint64_t highest = 0;

    for (size_t i = 0; i < k->n && k->records[i].start_us <= read->end_us; i++) {
        const history_record *r = &k->records[i];

        if (is_write(r) && r->outcome != OUTCOME_NO && r->outcome != OUTCOME_FAILED &&
            r->value > highest)
            highest = r->value;
    }
    return read->value > highest;
}

static int
is_phantom(const one_key *k, const history_record *read, const history_record *w)
{
    if (k->numbered)
        return is_untried(k, read);
    return w == NULL || w->start_us > read->end_us;
}

/* Somebody's unanswered write is read although the same client has had an answer to a later one. */
static int
is_late(const one_key *k, const history_record *read, const history_record *w)
{
    if (w == NULL || w->outcome == OUTCOME_YES)
        return 0;
    for (size_t i = k->n_acked; i-- > 0 && k->acked[i]->start_us > w->start_us;)
        if (k->acked[i]->client == w->client && k->acked[i]->end_us < read->start_us)
            return 1;
    return 0;
}

static int
is_resurrected(const history_record *read, const history_record *removed, const judge_rules *rules)
{
    return removed != NULL &&
           (removed->client == read->client || read->start_us - removed->end_us > rules->bound_us);
}

static void
charge_stale(const history_record *read, const history_record *w, const newer *found,
             const judge_rules *rules, judge_verdict *v)
{
    const history_record *n = found->own != NULL ? found->own : found->other;
    int64_t age = read->start_us - n->end_us;
    int bound_free = read->client == HISTORY_OBSERVER || found->own != NULL;

    if (age > v->worst_us)
        v->worst_us = age;
    if (!bound_free && age <= rules->bound_us) {
        v->stale_young++;
        return;
    }
    if (read->client == HISTORY_OBSERVER) {
        v->left++;
        take_example(v, CRIME_LEFT, read, n, w);
        return;
    }
    *(found->own != NULL ? &v->stale_own : &v->stale_other) += 1;
    v->resurrected += (uint64_t)is_resurrected(read, found->removed, rules);
    take_example(v, found->own != NULL ? CRIME_STALE_OWN : CRIME_STALE_OTHER, read, n, w);
}

static void
judge_read(const one_key *k, const history_record *read, const judge_rules *rules, judge_verdict *v)
{
    const history_record *w = writer_of(k, read->value);
    newer found;

    if (read->garbled) {
        v->garbled++;
        take_example(v, CRIME_GARBLED, read, NULL, NULL);
        return;
    }
    if (is_phantom(k, read, w)) {
        v->phantoms++;
        take_example(v, CRIME_PHANTOM, read, NULL, w);
        return;
    }
    v->late += (uint64_t)is_late(k, read, w);
    found = find_newer(k, read, w);
    if (found.own != NULL || found.other != NULL)
        charge_stale(read, w, &found, rules, v);
}

/* ---- One key, all keys -------------------------------------------------------------------- */

static int
has_missed(uint8_t copy)
{
    return copy == MCP_COPY_FAILED || copy == MCP_COPY_UNKNOWN;
}

static void
count(const history_record *r, judge_verdict *v)
{
    int64_t took = r->end_us - r->start_us;
    int failed = r->outcome == OUTCOME_FAILED || r->outcome == OUTCOME_UNKNOWN;

    if (r->client == HISTORY_OBSERVER || r->op == OP_SEEN)
        return;
    v->reads += r->op == OP_READ;
    v->writes += (uint64_t)is_write(r);
    v->hits += r->op == OP_READ && r->outcome == OUTCOME_YES;
    v->misses += r->op == OP_READ && r->outcome == OUTCOME_MISS;
    v->failed += failed && !(r->is_cas && r->outcome == OUTCOME_UNKNOWN);
    v->degraded += (uint64_t)(is_write(r) && r->outcome == OUTCOME_YES &&
                              (has_missed(r->primary) || has_missed(r->backup)));
    v->unknown += r->outcome == OUTCOME_UNKNOWN;
    if (failed)
        take_example(v, CRIME_FAILED, r, NULL, NULL);
    if (r->outcome != OUTCOME_PENDING && took > v->slowest_us)
        v->slowest_us = took;
}

static void
judge_key(one_key *k, const judge_rules *rules, judge_verdict *v)
{
    for (size_t i = 0; i < k->n; i++) {
        const history_record *r = &k->records[i];

        count(r, v);
        if (!is_write(r) || r->outcome == OUTCOME_NO || r->outcome == OUTCOME_FAILED)
            continue;
        if (r->outcome == OUTCOME_YES)
            k->acked[k->n_acked++] = r;
        if (r->op == OP_WRITE)
            k->values[k->n_values++] = r;
    }
    qsort(k->values, k->n_values, sizeof *k->values, by_value);
    for (size_t i = 0; i < k->n; i++)
        if (brought_value(&k->records[i]))
            judge_read(k, &k->records[i], rules, v);
}

void
judge(history_record *records, size_t n, const judge_rules *rules, judge_verdict *verdict)
{
    const history_record **room = calloc(2 * n + 1, sizeof *room);
    size_t from = 0;

    if (room == NULL)
        abort();
    memset(verdict, 0, sizeof *verdict);
    qsort(records, n, sizeof *records, by_key_and_start);
    while (from < n) {
        one_key k = {.records = records + from, .acked = room, .values = room + n};

        while (from + k.n < n && records[from + k.n].key == records[from].key)
            k.n++;
        k.numbered = rules->numbered != NULL && records[from].key < rules->n_keys &&
                     rules->numbered[records[from].key];
        judge_key(&k, rules, verdict);
        from += k.n;
    }
    free(room);
}

/* ---- Shares ------------------------------------------------------------------------------- */

static int
by_client_and_end(const void *a, const void *b)
{
    const history_record *x = *(const history_record *const *)a;
    const history_record *y = *(const history_record *const *)b;

    if (x->client != y->client)
        return x->client < y->client ? -1 : 1;
    return (x->end_us > y->end_us) - (x->end_us < y->end_us);
}

double
judge_on_primary(const history_record *records, size_t n, int64_t from_us, int64_t to_us)
{
    const history_record **reads = calloc(n + 1, sizeof *reads);
    size_t n_reads = 0;
    int64_t all = 0;
    int64_t primary = 0;

    if (reads == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        if (records[i].op == OP_READ && records[i].client != HISTORY_OBSERVER &&
            (records[i].outcome == OUTCOME_YES || records[i].outcome == OUTCOME_MISS) &&
            records[i].end_us >= from_us && records[i].end_us < to_us)
            reads[n_reads++] = &records[i];
    qsort(reads, n_reads, sizeof *reads, by_client_and_end);
    for (size_t i = 1; i < n_reads; i++)
        if (reads[i]->client == reads[i - 1]->client) {
            int64_t between = reads[i]->end_us - reads[i - 1]->end_us;

            all += between;
            primary += reads[i]->from_backup ? 0 : between;
        }
    free(reads);
    return all == 0 ? 0 : 100.0 * (double)primary / (double)all;
}

int64_t
judge_last_from_backup(const history_record *records, size_t n, int64_t from_us)
{
    int64_t last_us = 0;

    for (size_t i = 0; i < n; i++)
        if (records[i].op == OP_READ && records[i].from_backup &&
            records[i].client != HISTORY_OBSERVER && records[i].start_us >= from_us &&
            records[i].end_us > last_us)
            last_us = records[i].end_us;
    return last_us;
}

void
judge_hits(const history_record *records, size_t n, uint32_t first, uint32_t last, int64_t from_us,
           int64_t to_us, uint64_t *hits, uint64_t *misses)
{
    *hits = 0;
    *misses = 0;
    for (size_t i = 0; i < n; i++) {
        const history_record *r = &records[i];

        if (r->op != OP_READ || r->client == HISTORY_OBSERVER || r->key < first || r->key > last ||
            r->start_us < from_us || r->start_us >= to_us)
            continue;
        *hits += r->outcome == OUTCOME_YES;
        *misses += r->outcome == OUTCOME_MISS;
    }
}

const char *
judge_crime_name(judge_crime crime)
{
    static const char *const names[] = {"none", "stale, own", "stale, others", "resurrected",
                                        "left", "phantom",    "garbled",       "failed"};

    return names[crime];
}
