/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/cache.h"

#include <assert.h>
#include <stdio.h>

static model_item *
begin(model *m, model_verb verb, int server, int item)
{
    assert(m->last.verb == MODEL_NOTHING);
    m->last = (model_command){.verb = verb, .server = server, .item = item};
    return &m->s.item[server][item];
}

static model_reply
end(model *m, model_reply reply)
{
    m->last.reply = reply;
    m->last.got = m->s.item[m->last.server][m->last.item];
    return reply;
}

static void
store(model_item *it, int value, int extra)
{
    it->value = value;
    it->extra = extra;
    it->cas++;
}

model_item
cache_get(model *m, int server, int item)
{
    const model_item *it = begin(m, MODEL_GET, server, item);

    end(m, it->value == ABSENT ? MODEL_EN : it->value == STUB ? MODEL_Z : MODEL_VA);
    return *it;
}

model_reply
cache_lease(model *m, int server, int item, model_item *got)
{
    model_item *it = begin(m, MODEL_LEASE, server, item);
    model_reply reply = it->value == ABSENT ? MODEL_W : it->value == STUB ? MODEL_Z : MODEL_VA;

    if (reply == MODEL_W)
        store(it, STUB, 0);
    *got = *it;
    return end(m, reply);
}

int
cache_put(model *m, int server, int item, int value, int extra)
{
    model_item *it = begin(m, MODEL_SET, server, item);

    m->last.value = value;
    m->last.extra = extra;
    store(it, value, extra);
    end(m, MODEL_HD);
    return it->cas;
}

int
cache_set(model *m, int server, int item, int value)
{
    return cache_put(m, server, item, value, 0);
}

model_reply
cache_add(model *m, int server, int item, int value, int extra)
{
    model_item *it = begin(m, MODEL_ADD, server, item);

    m->last.value = value;
    m->last.extra = extra;
    if (it->value != ABSENT)
        return end(m, MODEL_NS);
    store(it, value, extra);
    return end(m, MODEL_HD);
}

static model_reply
compare(const model_item *it, int cas)
{
    return it->value == ABSENT ? MODEL_NF : it->cas != cas ? MODEL_EX : MODEL_HD;
}

model_reply
cache_set_cas(model *m, int server, int item, int value, int extra, int cas)
{
    model_item *it = begin(m, MODEL_SET_CAS, server, item);
    model_reply reply = compare(it, cas);

    m->last.value = value;
    m->last.extra = extra;
    m->last.cas = cas;
    if (reply == MODEL_HD)
        store(it, value, extra);
    return end(m, reply);
}

model_reply
cache_delete(model *m, int server, int item)
{
    model_item *it = begin(m, MODEL_DELETE, server, item);

    if (it->value == ABSENT)
        return end(m, MODEL_NF);
    it->value = ABSENT;
    it->extra = 0;
    return end(m, MODEL_HD);
}

model_reply
cache_delete_cas(model *m, int server, int item, int cas)
{
    model_item *it = begin(m, MODEL_DELETE_CAS, server, item);
    model_reply reply = compare(it, cas);

    m->last.cas = cas;
    if (reply == MODEL_HD) {
        it->value = ABSENT;
        it->extra = 0;
    }
    return end(m, reply);
}

model_reply
cache_append(model *m, int server, int item, int value, int extra)
{
    model_item *it = begin(m, MODEL_APPEND, server, item);

    m->last.value = value;
    m->last.extra = extra;
    if (it->value == ABSENT)
        return end(m, MODEL_NS);
    if (item == S)
        store(it, it->value == EMPTY && value != 0 ? value : it->value, it->extra | extra);
    else
        store(it, it->value | value, it->extra);
    return end(m, MODEL_HD);
}

model_reply
cache_incr(model *m, int server, int item, int delta)
{
    model_item *it = begin(m, MODEL_INCR, server, item);

    m->last.value = delta;
    if (it->value == ABSENT)
        return end(m, MODEL_NF);
    store(it, it->value + delta, 0);
    return end(m, MODEL_HD);
}

void
cache_evict(model *m, int server, int item)
{
    m->s.item[server][item].value = ABSENT;
    m->s.item[server][item].extra = 0;
    m->note = "evicted";
}

void
cache_restart(model *m, int server)
{
    for (int item = 0; item < MODEL_ITEMS; item++)
        cache_evict(m, server, item);
    m->note = "restarted empty";
}

const char *
cache_item_name(int item)
{
    static const char *const names[] = {"k", "k2", "mcp:s", "mcp:j:0", "mcp:j:1", "mcp:e"};

    return names[item];
}

const char *
cache_tell(const model_command *command, char *out, size_t size)
{
    static const char *const verbs[] = {"-",    "mg", "mg N", "ms",    "ms ME",
                                        "ms C", "md", "md C", "ms MA", "ma"};
    static const char *const replies[] = {"HD", "EN", "NS", "EX", "NF", "VA", "W", "Z"};

    if (command->verb == MODEL_NOTHING)
        snprintf(out, size, "-");
    else
        snprintf(out, size, "%c> %s %s  sent %d.%d c%d -> %s %d.%d c%d",
                 command->server == P ? 'P' : 'B', verbs[command->verb],
                 cache_item_name(command->item), command->value, command->extra, command->cas,
                 replies[command->reply], command->got.value, command->got.extra, command->got.cas);
    return out;
}
