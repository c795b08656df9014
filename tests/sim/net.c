/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/net.h"

/* ---- the queue: a binary heap ---- */

static int
is_before(const sim_event *a, const sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void
swap(sim_event *a, sim_event *b)
{
    sim_event kept = *a;
    *a = *b;
    *b = kept;
}

void
sim_queue_add(sim_queue *queue, sim_random *random, int64_t at_ms, sim_event_kind kind,
              uint32_t index)
{
    if (queue->n == queue->capacity) {
        queue->capacity = queue->capacity * 2 + 64;
        queue->heap = sim_need(realloc(queue->heap, queue->capacity * sizeof *queue->heap));
    }
    size_t at = queue->n++;
    queue->heap[at] = (sim_event){at_ms, (uint32_t)sim_random_next(random), (uint32_t)kind, index};
    for (; at > 0 && is_before(&queue->heap[at], &queue->heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&queue->heap[at], &queue->heap[(at - 1) / 2]);
}

int64_t
sim_queue_next(const sim_queue *queue)
{
    return queue->n == 0 ? INT64_MAX : queue->heap[0].at_ms;
}

sim_event
sim_queue_take(sim_queue *queue)
{
    sim_event first = queue->heap[0];
    queue->heap[0] = queue->heap[--queue->n];
    for (size_t at = 0;;) {
        size_t child = at * 2 + 1;
        if (child >= queue->n)
            break;
        if (child + 1 < queue->n && is_before(&queue->heap[child + 1], &queue->heap[child]))
            child++;
        if (!is_before(&queue->heap[child], &queue->heap[at]))
            break;
        swap(&queue->heap[child], &queue->heap[at]);
        at = child;
    }
    return first;
}

void
sim_queue_free(sim_queue *queue)
{
    free(queue->heap);
    *queue = (sim_queue){0};
}

/* ---- pipes ---- */

void
sim_pipe_put(sim_pipe *pipe, const void *bytes, size_t len, int64_t at_ms)
{
    if (pipe->first + pipe->n == pipe->capacity) {
        if (pipe->n > 0)
            memmove(pipe->pieces, pipe->pieces + pipe->first, pipe->n * sizeof *pipe->pieces);
        pipe->first = 0;
        if (pipe->n * 2 >= pipe->capacity) {
            pipe->capacity = pipe->capacity * 2 + 8;
            pipe->pieces = sim_need(realloc(pipe->pieces, pipe->capacity * sizeof *pipe->pieces));
        }
    }
    if (at_ms < pipe->last_ms)
        at_ms = pipe->last_ms; /* a stream keeps its order */
    pipe->last_ms = at_ms;
    pipe->pieces[pipe->first + pipe->n++] = (sim_piece){at_ms, len};
    sim_bytes_put(&pipe->bytes, bytes, len);
}

size_t
sim_pipe_arrive(sim_pipe *pipe, sim_bytes *to, int64_t now_ms)
{
    size_t len = 0;
    while (pipe->n > 0 && pipe->pieces[pipe->first].at_ms <= now_ms) {
        len += pipe->pieces[pipe->first++].len;
        pipe->n--;
    }
    if (pipe->n == 0)
        pipe->first = 0;
    if (len > 0)
        sim_bytes_put(to, pipe->bytes.block + pipe->bytes.start, len);
    sim_bytes_take(&pipe->bytes, len);
    return len;
}

void
sim_pipe_clear(sim_pipe *pipe)
{
    sim_bytes_clear(&pipe->bytes);
    pipe->first = pipe->n = 0;
}

void
sim_pipe_free(sim_pipe *pipe)
{
    sim_bytes_free(&pipe->bytes);
    free(pipe->pieces);
    *pipe = (sim_pipe){0};
}

void
sim_conn_free(sim_conn *conn)
{
    sim_pipe_free(&conn->up);
    sim_pipe_free(&conn->down);
    sim_bytes_free(&conn->inbox);
    sim_session_fini(&conn->session);
    free(conn);
}
