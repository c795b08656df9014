/* SPDX-License-Identifier: BSD-3-Clause */
#include "story.h"

#include <stdio.h>
#include <string.h>

#include "wire/token.h"

const int story_statuses[N_OUTCOMES] = {
    [YES] = MCP_OK,          [DYING] = MCP_OK,
    [MISS] = MCP_NOT_FOUND,  [NOT_STORED] = MCP_NOT_STORED,
    [CHANGED] = MCP_EXISTS,  [NO_NUMBER] = MCP_NOT_NUMBER,
    [TOO_BIG] = MCP_TOO_BIG, [FULL] = MCP_SERVER_FULL,
};

static const char *const names[] = {
    "none", "get",    "gat",  "touch", "set",  "add",     "replace", "append", "prepend",
    "cas",  "delete", "incr", "decr",  "ping", "version", "stats",   "flush",
};

void
story_note(char *log, size_t size, const char *what, int leg, int kind)
{
    size_t used = strlen(log);
    snprintf(log + used, size - used, "%s%c.%s ", what, leg == P ? 'P' : 'B', names[kind]);
}

/* Asks in the story; the outcome is the one that the op met, if it asked as well. */
static int
ask(story *it, int leg, int kind)
{
    story_note(it->log, sizeof it->log, "", leg, kind);
    if (it->n_told[leg] >= it->n_outcomes[leg])
        return REFUSED; /* the logs differ already */
    int what = it->outcome[leg][it->n_told[leg]++];
    if (what >= REFUSED)
        it->failure[leg] = what;
    return what;
}

static int
is_answer(int what)
{
    return what < REFUSED;
}

static int
is_refusal(int what)
{
    return what == TOO_BIG || what == FULL;
}

/* What a copy is after a command with this outcome. */
static int
copy_after(int what)
{
    if (is_answer(what) && !is_refusal(what))
        return MCP_COPY_OK;
    return what >= SILENT ? MCP_COPY_UNKNOWN : MCP_COPY_FAILED;
}

/* Asks for a change and notes what became of that copy. */
static int
change(story *it, int leg, int kind)
{
    int what = ask(it, leg, kind);
    it->copy[leg] = copy_after(what);
    return what;
}

/* Removes what must not stay; a copy that was not right does not become right by that. */
static void
clean(story *it, int leg)
{
    if (!is_answer(ask(it, leg, MCP__COMMAND_DELETE)))
        it->copy[leg] = MCP_COPY_UNKNOWN; /* it may still be there */
}

/* Nobody answered: what the user has to know most. */
static void
nobody_answered(story *it, int is_change)
{
    int unknown = it->copy[P] == MCP_COPY_UNKNOWN || it->copy[B] == MCP_COPY_UNKNOWN;
    int errors = 0, silent = 0;
    for (int leg = P; leg <= B; leg++) {
        errors += it->failure[leg] == ERROR || it->failure[leg] == HOPELESS;
        silent += it->failure[leg] == SILENT;
    }
    it->status = is_change && unknown ? MCP_UNKNOWN
                 : silent             ? MCP_TIMEOUT
                 : errors             ? MCP_SERVER_ERROR
                                      : MCP_NO_SERVER;
}

static int
kind_of(story *it, int verb)
{
    static const int kinds[] = {
        [MCP_GET] = MCP__COMMAND_GET,         [MCP_GAT] = MCP__COMMAND_GAT,
        [MCP_SET] = MCP__COMMAND_SET,         [MCP_ADD] = MCP__COMMAND_ADD,
        [MCP_REPLACE] = MCP__COMMAND_REPLACE, [MCP_APPEND] = MCP__COMMAND_APPEND,
        [MCP_PREPEND] = MCP__COMMAND_PREPEND, [MCP_CAS] = MCP__COMMAND_CAS,
        [MCP_DELETE] = MCP__COMMAND_DELETE,   [MCP_TOUCH] = MCP__COMMAND_TOUCH,
        [MCP_INCR] = MCP__COMMAND_INCR,       [MCP_DECR] = MCP__COMMAND_DECR,
    };
    return verb == MCP_SET && it->request->ttl < 0 ? MCP__COMMAND_DELETE : kinds[verb];
}

static int
status_of(int kind, int what)
{
    int needs_one =
        kind == MCP__COMMAND_REPLACE || kind == MCP__COMMAND_APPEND || kind == MCP__COMMAND_PREPEND;
    return needs_one && what == MISS ? MCP_NOT_STORED : story_statuses[what];
}

static int
authority(story *it)
{
    return !it->view.is_usable[P] && it->view.is_usable[B] ? B : P;
}

static void
leave_out(story *it, int leg)
{
    if (it->view.exists[leg])
        it->copy[leg] = MCP_COPY_FAILED;
}

/* A token of the other server names nothing here. */
static int
is_foreign(story *it, int leg)
{
    return it->request->verb == MCP_CAS &&
           mcp__token_cas_mark(it->request->cas) != it->cas_mark[leg];
}

static void
tell_get(story *it)
{
    int leg = authority(it);
    int what = change(it, leg, MCP__COMMAND_GET);
    if (!is_answer(what) && what != HOPELESS && it->view.exists[1 - leg]) {
        leg = 1 - leg;
        what = change(it, leg, MCP__COMMAND_GET);
    }
    if (is_answer(what))
        it->status = story_statuses[what];
    else
        nobody_answered(it, 0);
}

/* One copy is enough, the other one only stands in. */
static void
tell_alone(story *it)
{
    int leg = authority(it);
    int what = REFUSED;
    for (int tries = 0; tries < 2; tries++, leg = 1 - leg) {
        if (!it->view.exists[leg] || (tries > 0 && what == HOPELESS))
            break;
        if (is_foreign(it, leg)) {
            if (tries > 0 && what >= SILENT) /* it may have been stored */
                break;
            it->status = MCP_EXISTS;
            return;
        }
        what = change(it, leg, kind_of(it, (int)it->request->verb));
        if (is_answer(what)) {
            int expired = it->request->verb == MCP_SET && what == MISS;
            it->status = expired ? MCP_OK : status_of(kind_of(it, (int)it->request->verb), what);
            return;
        }
    }
    nobody_answered(it, 1);
}

static int
is_target(story *it, int leg)
{
    return it->view.is_usable[leg] ||
           (!it->view.is_usable[P] && !it->view.is_usable[B] && it->view.exists[leg]);
}

/* After a refused set no old value may remain, on either copy. */
static void
tell_refused(story *it, const int what[2])
{
    int big = what[P] == TOO_BIG || what[B] == TOO_BIG;
    int deciding = is_answer(what[P]) ? P : B;
    it->status = big ? MCP_TOO_BIG : story_statuses[what[deciding]];
    int goes[2];
    for (int leg = P; leg <= B; leg++)
        goes[leg] = what[leg] == FULL || (what[leg] == YES && it->status != MCP_OK);
    for (int leg = P; leg <= B; leg++) {
        if (goes[leg])
            clean(it, leg);
    }
}

/* Nobody answered: who was left out because it seemed to be away may be back. */
static void
ask_left_out(story *it, int what[2])
{
    if (what[P] == HOPELESS || what[B] == HOPELESS)
        return;
    for (int leg = P; leg <= B; leg++) {
        if (it->view.exists[leg] && it->n_told[leg] == 0) {
            what[leg] = change(it, leg, kind_of(it, (int)it->request->verb));
            return;
        }
    }
}

static void
tell_both(story *it)
{
    int kind = kind_of(it, (int)it->request->verb), what[2] = {REFUSED, REFUSED};
    int backup_kind = kind == MCP__COMMAND_GAT && is_target(it, P) && is_target(it, B)
                          ? MCP__COMMAND_TOUCH
                          : kind;
    for (int leg = P; leg <= B; leg++) {
        if (is_target(it, leg))
            what[leg] = change(it, leg, leg == P ? kind : backup_kind);
        else
            leave_out(it, leg);
    }
    if (!is_answer(what[P]) && !is_answer(what[B]))
        ask_left_out(it, what);
    if (!is_answer(what[P]) && !is_answer(what[B])) {
        nobody_answered(it, 1);
    } else if (is_refusal(what[P]) || is_refusal(what[B])) {
        tell_refused(it, what);
    } else if (is_answer(what[P])) {
        it->status = story_statuses[what[P]];
    } else if (backup_kind == MCP__COMMAND_TOUCH && kind == MCP__COMMAND_GAT && what[B] == YES) {
        int fetched = ask(it, B, MCP__COMMAND_GET);
        it->status = is_answer(fetched) ? story_statuses[fetched] : MCP_UNKNOWN;
        it->copy[B] = is_answer(fetched) ? MCP_COPY_OK : MCP_COPY_UNKNOWN;
    } else {
        it->status = story_statuses[what[B]];
    }
}

/* Backup, primary, backup. */
static void
tell_delete(story *it)
{
    int what[2] = {REFUSED, REFUSED};
    if (is_target(it, B))
        what[B] = change(it, B, MCP__COMMAND_DELETE);
    else
        leave_out(it, B);
    if (it->view.is_usable[P] || !is_answer(what[B]))
        what[P] = change(it, P, MCP__COMMAND_DELETE);
    else
        leave_out(it, P);
    if (!is_answer(what[P]) && !is_answer(what[B]))
        ask_left_out(it, what);
    if (!is_answer(what[P]) && !is_answer(what[B])) {
        nobody_answered(it, 1);
        return;
    }
    int found = what[P] == YES || what[B] == YES;
    it->status = found || it->request->verb == MCP_SET ? MCP_OK : MCP_NOT_FOUND;
    if (is_answer(what[P]) && is_answer(what[B]))
        story_note(it->log, sizeof it->log, "owed ", B, MCP__COMMAND_DELETE);
}

/* The primary said yes: the backup gets what is there now. */
static void
tell_mirror(story *it)
{
    int is_append = it->request->verb == MCP_APPEND || it->request->verb == MCP_PREPEND;
    if (is_append && ask(it, P, MCP__COMMAND_GET) != YES) {
        it->copy[B] = MCP_COPY_FAILED;
        clean(it, B);
        return;
    }
    int what =
        change(it, B, it->request->ttl < 0 && !is_append ? MCP__COMMAND_DELETE : MCP__COMMAND_SET);
    if (what == TOO_BIG) {
        it->status = MCP_TOO_BIG;
        clean(it, P);
    } else if (what == FULL) {
        clean(it, B);
    }
}

static void
tell_decided_by(story *it, int leg, int what)
{
    int other = 1 - leg, has_failed = it->failure[other] != 0;
    it->status = status_of(kind_of(it, (int)it->request->verb), what);
    if (is_refusal(what)) { /* and has dropped what it had */
        if (!has_failed)
            leave_out(it, other);
        if (it->view.is_usable[other] && !has_failed)
            clean(it, other);
    } else if (what == YES && leg == P && it->view.exists[B] && !has_failed) {
        if (it->view.is_usable[B])
            tell_mirror(it);
        else
            leave_out(it, B);
    }
}

static void
tell_decided(story *it)
{
    int leg = authority(it), what = REFUSED;
    if (leg == B)
        leave_out(it, P);
    for (int tries = 0; tries < 2; tries++, leg = 1 - leg) {
        if (!it->view.exists[leg])
            break;
        if (is_foreign(it, leg)) {
            it->status = MCP_EXISTS;
            return;
        }
        what = change(it, leg, kind_of(it, (int)it->request->verb));
        if (is_answer(what)) {
            tell_decided_by(it, leg, what);
            return;
        }
        if (what == HOPELESS || (it->request->verb == MCP_CAS && what >= SILENT))
            break;
    }
    nobody_answered(it, 1);
}

static void
tell_any(story *it)
{
    switch (it->request->verb) {
    case MCP_GET:
        tell_get(it);
        break;
    case MCP_ADD:
    case MCP_REPLACE:
    case MCP_APPEND:
    case MCP_PREPEND:
    case MCP_CAS:
        it->is_mirrored ? tell_decided(it) : tell_alone(it);
        break;
    default:
        if (!it->is_mirrored)
            tell_alone(it);
        else if (kind_of(it, (int)it->request->verb) == MCP__COMMAND_DELETE)
            tell_delete(it);
        else
            tell_both(it);
    }
}

void
story_tell(story *it)
{
    it->log[0] = '\0';
    it->status = MCP_OK;
    memset(it->copy, 0, sizeof it->copy);
    memset(it->failure, 0, sizeof it->failure);
    memset(it->n_told, 0, sizeof it->n_told);
    tell_any(it);
}
