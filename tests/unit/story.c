/* SPDX-License-Identifier: BSD-3-Clause */
#include "story.h"

#include <stdio.h>
#include <string.h>

#include "wire/token.h"

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

/* The outcome is the one that the op met, if it asked as well. */
static int
outcome(story *it, int leg)
{
    if (it->n_told[leg] >= it->n_outcomes[leg])
        return REFUSED; /* the logs differ already */
    return it->outcome[leg][it->n_told[leg]++];
}

static int
ask(story *it, int leg, int kind)
{
    story_note(it->log, sizeof it->log, "", leg, kind);
    int what = outcome(it, leg);
    if (!is_answer(what))
        it->failure[leg] = what;
    return what;
}

/* What a copy is after a command with this outcome. */
static int
copy_after(int what)
{
    if (is_answer(what) && !is_refusal(what))
        return MCP_COPY_OK;
    return what >= SILENT ? MCP_COPY_UNKNOWN : MCP_COPY_FAILED;
}

/* Somebody was to change; did the change get there? */
static void
note_change(story *it, int leg, int kind, int what)
{
    it->copy[leg] = copy_after(what);
    it->missed[leg] = !is_answer(what);
    it->has_changed[leg] =
        what == YES || is_refusal(what) || (what == MISS && (kind == MCP__COMMAND_DELETE));
    int stores = kind >= MCP__COMMAND_SET && kind <= MCP__COMMAND_CAS;
    it->has_number[leg] = it->has_number[leg] || (stores && what == YES);
}

/* Asks for a change and notes what became of that copy. */
static int
change(story *it, int leg, int kind)
{
    int what = ask(it, leg, kind);
    note_change(it, leg, kind, what);
    return what;
}

static void
put_on_record(story *it, int witness)
{
    int what = LOST_RECORD;
    for (int tries = 0; tries < 2 && what == LOST_RECORD; tries++) { /* on record twice is on record */
        story_note(it->log, sizeof it->log, "", witness, MCP__WORD_JOURNAL);
        what = outcome(it, witness);
    }
    it->is_recorded = what == RECORDED ? 1 : -1;
}

/* Whoever is away misses what the other one gets. */
static void
leave_out(story *it, int leg)
{
    if (!it->view.exists[leg])
        return;
    it->copy[leg] = MCP_COPY_FAILED;
    it->missed[leg] = 1;
}

/* The change to one copy; what the other one is known to miss is put on record behind it. */
static int
change_recorded(story *it, int leg, int kind)
{
    int other = 1 - leg;
    it->missed[leg] = 0;
    if (it->n_told[other] == 0)
        leave_out(it, other);
    if (!it->keeps_record || !it->missed[other])
        return change(it, leg, kind);
    int what = ask(it, leg, kind);
    note_change(it, leg, kind, what);
    if (is_answer(what))
        put_on_record(it, leg);
    else
        story_note(it->log, sizeof it->log, "", leg, MCP__WORD_JOURNAL);
    return what;
}

/*
 * The end of a write. What one copy missed and the other one has is on record there, or the user is
 * not told that it is done. What may have been done to one copy only is on record even where the
 * other one said no.
 */
static void
end(story *it, int status)
{
    it->status = status;
    for (int leg = P; leg <= B && it->is_recorded == 0 && it->keeps_record; leg++) {
        int has_heard = it->copy[1 - leg] == MCP_COPY_OK || it->has_changed[1 - leg];
        int differs = it->has_changed[1 - leg] || it->copy[leg] == MCP_COPY_UNKNOWN;
        if (it->missed[leg] && !it->missed[1 - leg] && has_heard && differs)
            put_on_record(it, 1 - leg);
    }
    if (it->is_recorded < 0 && status >= MCP_OK)
        it->status = MCP_UNKNOWN;
}

/* Removes what must not stay; a copy that was not right does not become right by that. */
static void
clean(story *it, int leg)
{
    int what = ask(it, leg, MCP__COMMAND_DELETE);
    it->missed[leg] = !is_answer(what);
    if (!is_answer(what))
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

/* ---- who is asked ---- */

/* Who missed writes is never believed; else the primary, if it is there. */
static int
authority(story *it)
{
    if (it->view.stands[P] || it->view.stands[B])
        return it->view.stands[P] ? B : P;
    return !it->view.is_usable[P] && it->view.is_usable[B] ? B : P;
}

/* Who decides a write: not one that is being filled, if the other one is whole. */
static int
decider(story *it)
{
    int leg = authority(it);
    int is_better =
        it->view.is_cold[P] && !it->view.is_cold[B] && it->view.is_usable[B] && !it->view.stands[B];
    return leg == P && is_better ? B : leg;
}

/* It may have lost no more than a connection, and the other one is of no use. */
static int
once_more(const story *it, int leg)
{
    return it->failure[leg] >= SILENT && !it->view.stands[leg] &&
           (it->view.stands[1 - leg] || it->failure[1 - leg] >= REFUSED);
}

static int
ask_to_read(story *it, int leg)
{
    int what = ask(it, leg, MCP__COMMAND_GET);
    it->copy[leg] = copy_after(what);
    return what;
}

static void
tell_get(story *it)
{
    int leg = authority(it), what = ask_to_read(it, leg);
    if (!is_answer(what) && what != HOPELESS && it->view.exists[1 - leg] &&
        !it->view.stands[1 - leg]) {
        leg = 1 - leg;
        what = ask_to_read(it, leg);
    }
    int asks_other = it->view.is_usable[1 - leg] && !it->view.is_usable[leg]; /* it may be back */
    if (!is_answer(what) && what != HOPELESS && it->keeps_record &&
        (once_more(it, leg ^= asks_other) || once_more(it, leg ^= 1)))
        what = ask_to_read(it, leg);
    if (is_answer(what))
        it->status = story_statuses[what];
    else
        nobody_answered(it, 0);
}

/* No number, or nobody's stub: it is looked at once more. Here it is always a text (see test_stubs). */
static void
look_at_text(story *it, int leg, int what_other)
{
    int what = ask(it, leg, MCP__COMMAND_GET);
    it->copy[leg] = copy_after(what);
    if (is_answer(what)) {
        end(it, MCP_NOT_NUMBER);
    } else if (what_other == YES) {
        it->missed[leg] = 1; /* whatever is there, it is not the other one's number */
        end(it, MCP_OK);
    } else { /* nothing was counted: what was said stands */
        it->copy[leg] = MCP_COPY_OK;
        end(it, is_answer(what_other) ? story_statuses[what_other] : MCP_NOT_NUMBER);
    }
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
        if (story_is_foreign(it, leg)) {
            if (tries > 0 && what >= SILENT) /* it may have been stored */
                break;
            it->status = MCP_EXISTS;
            return;
        }
        what = change(it, leg, story_kind_of(it));
        if (what == NO_NUMBER) {
            look_at_text(it, leg, SILENT);
            return;
        }
        if (is_answer(what)) {
            int expired = it->request->verb == MCP_SET && what == MISS;
            it->status = expired ? MCP_OK : story_status_of(story_kind_of(it), what);
            return;
        }
    }
    nobody_answered(it, 1);
}

/* ---- one copy, the other one known to miss it ---- */

/* The last chance: who was left out because it seemed to be away may be back. */
static void
ask_left_out(story *it)
{
    int kind = story_kind_of(it);
    for (int leg = P; leg <= B; leg++) {
        if (it->failure[leg] == HOPELESS || !it->view.exists[leg] || it->n_told[leg] > 0)
            continue;
        if (it->failure[1 - leg] == HOPELESS)
            break;
        int what = change_recorded(it, leg, kind);
        if (!is_answer(what))
            break;
        end(it, it->request->verb == MCP_SET && what == MISS ? MCP_OK : story_told_by(it, leg, kind, what));
        return;
    }
    nobody_answered(it, 1);
}

static void
tell_one(story *it, int leg)
{
    int kind = story_kind_of(it);
    if (story_is_foreign(it, leg)) {
        it->status = MCP_EXISTS;
        return;
    }
    int what = change_recorded(it, leg, kind);
    if (is_answer(what))
        end(it, story_told_by(it, leg, kind, what));
    else if (it->view.stands[1 - leg] && story_builds_on_value(kind))
        nobody_answered(it, 1);
    else
        ask_left_out(it);
}

/* ---- both at once ---- */

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
    end(it, it->status);
}

static void
verify_if_both(story *it)
{
    if (it->verifies && it->keeps_record && it->status == MCP_OK && it->has_number[P] &&
        it->has_number[B])
        snprintf(it->log + strlen(it->log), sizeof it->log - strlen(it->log), "verify ");
}

static void
tell_both(story *it)
{
    int kind = story_kind_of(it), what[2] = {REFUSED, REFUSED};
    int has_two = it->view.exists[B];
    int backup_kind = kind == MCP__COMMAND_GAT ? MCP__COMMAND_TOUCH : kind;
    for (int leg = P; leg <= B; leg++) {
        if (it->view.exists[leg])
            what[leg] = change(it, leg, leg == P ? kind : backup_kind);
    }
    if (!is_answer(what[P]) && !is_answer(what[B])) {
        nobody_answered(it, 1);
    } else if (is_refusal(what[P]) || is_refusal(what[B])) {
        tell_refused(it, what);
    } else if (what[P] == NO_NUMBER) {
        look_at_text(it, P, what[B]);
    } else if (what[B] == NO_NUMBER && what[P] == YES) {
        clean(it, B); /* no number to count on: nothing of it may stay */
        end(it, MCP_OK);
        if (it->keeps_record)
            story_note(it->log, sizeof it->log, "copied ", B, MCP__COMMAND_SET);
    } else if (what[B] == NO_NUMBER && !is_answer(what[P])) {
        look_at_text(it, B, what[P]);
    } else if (is_answer(what[P])) {
        end(it, story_statuses[what[P]]);
    } else if (has_two && kind == MCP__COMMAND_GAT && what[B] == YES) {
        int fetched = ask(it, B, MCP__COMMAND_GET);
        it->status = MCP_UNKNOWN;
        it->copy[B] = is_answer(fetched) ? MCP_COPY_OK : MCP_COPY_UNKNOWN;
        it->has_changed[B] = fetched != MISS; /* gone meanwhile: there is nothing to miss */
        if (is_answer(fetched))
            end(it, story_statuses[fetched]);
    } else {
        end(it, story_statuses[what[B]]);
    }
    verify_if_both(it);
}

/* ---- backup, primary, backup ---- */

/* Neither has answered. Whoever was lost with it is asked once more, for a delete may be made twice. */
static void
tell_lost_delete(story *it)
{
    static const int order[] = {B, P};
    ask_left_out(it);
    for (int i = 0; i < 2 && it->keeps_record; i++) {
        int leg = order[i];
        if (it->copy[P] == MCP_COPY_OK || it->copy[B] == MCP_COPY_OK ||
            it->failure[P] == HOPELESS || it->failure[B] == HOPELESS)
            return;
        if (it->failure[leg] != LOST)
            continue;
        int what = change_recorded(it, leg, MCP__COMMAND_DELETE);
        if (is_answer(what))
            end(it, it->request->verb == MCP_SET ? MCP_OK : story_statuses[what]);
        else
            nobody_answered(it, 1);
    }
}

static void
tell_delete(story *it)
{
    const mcp__view *view = &it->view;
    int what[2] = {REFUSED, REFUSED}, kind = MCP__COMMAND_DELETE;
    int has_both = view->is_usable[P] && view->is_usable[B];
    if (has_both || (view->exists[B] && !view->is_usable[P] && !view->is_usable[B]))
        what[B] = change(it, B, kind); /* neither seems to be there: who knows */
    else if (view->is_usable[B])
        what[B] = change_recorded(it, B, kind);
    if (!is_answer(what[B]))
        what[P] = change_recorded(it, P, kind);
    else if (view->is_usable[P])
        what[P] = change(it, P, kind);
    else
        leave_out(it, P);
    if (!is_answer(what[P]) && !is_answer(what[B])) {
        tell_lost_delete(it);
        return;
    }
    int found = what[P] == YES || what[B] == YES;
    int has_two = is_answer(what[P]) && is_answer(what[B]);
    int is_waited_for =
        has_two && (view->is_cold[P] || view->is_cold[B] || view->stands[P] || view->stands[B]);
    if (is_waited_for) {
        int third = ask(it, B, kind);
        it->missed[B] = !is_answer(third);
        if (!is_answer(third))
            it->copy[B] = copy_after(third);
    }
    end(it, found || it->request->verb == MCP_SET ? MCP_OK : MCP_NOT_FOUND);
    if (has_two && !is_waited_for)
        story_note(it->log, sizeof it->log, "owed ", B, MCP__COMMAND_DELETE);
}

/* ---- one after the other ---- */

/* What expires at once goes from the primary when the backup has lost it. */
static void
remove_last(story *it)
{
    clean(it, P);
    end(it, it->missed[P] && it->missed[B] ? MCP_UNKNOWN : MCP_OK);
}

/* The other copy has it, too, or what is wrong with that. */
static void
tell_after_mirror(story *it, int leg, int kind, int what)
{
    int other = 1 - leg;
    if (leg == P && it->keeps_record && story_is_expiry(it)) {
        remove_last(it);
    } else if (what == TOO_BIG) {
        it->status = MCP_TOO_BIG;
        clean(it, leg);
        end(it, it->status);
    } else if (what == FULL) {
        clean(it, other);
        end(it, it->status);
    } else if (is_answer(what) && story_is_count(kind) && what != YES &&
               story_mirror_kind(it, other, kind) == kind) {
        clean(it, other); /* no number to count on: nothing of it may stay */
        end(it, it->status);
    } else if (is_answer(what) && it->view.stands[other] && it->has_number[leg]) {
        /* It stands, so the order of writes there is not the authority's. */
        int seen = ask(it, leg, MCP__WORD_PEEK);
        it->missed[other] = !is_answer(seen);
        if (is_answer(seen) && seen != YES)
            clean(it, other); /* two wrote it in different orders */
        end(it, it->status);
    } else {
        end(it, it->status);
        if (is_answer(what))
            verify_if_both(it);
        if (is_answer(what) && story_is_count(kind) && it->view.is_cold[other] && !it->view.stands[other])
            story_note(it->log, sizeof it->log, "copied ", other, MCP__COMMAND_SET);
    }
}

/* The user is told before the backup is. Not while it is being filled, and the change builds on what
 * is there: who fills it may be there with what was before. */
static int
is_told_first(story *it, int leg)
{
    return it->is_late && leg == P && !story_is_expiry(it) && !it->view.stands[P] && !it->view.stands[B] &&
           !(it->view.is_cold[B] && story_is_relative(story_kind_of(it)));
}

/* The authority said yes: the other copy gets what is there now. */
static void
tell_mirror(story *it, int leg, int kind)
{
    int other = 1 - leg;
    int is_append = kind == MCP__COMMAND_APPEND || kind == MCP__COMMAND_PREPEND;
    if (is_append && ask(it, leg, MCP__COMMAND_GET) != YES) {
        it->copy[other] = MCP_COPY_FAILED;
        clean(it, other);
        end(it, MCP_OK);
        return;
    }
    int later = is_told_first(it, leg) && !is_append;
    if (later) {
        story_note(it->log, sizeof it->log, "owed ", other, story_mirror_kind(it, other, kind));
        return;
    }
    tell_after_mirror(it, leg, kind, change(it, other, story_mirror_kind(it, other, kind)));
}

static void
tell_decided_by(story *it, int leg, int kind, int what)
{
    int other = 1 - leg, is_there = it->view.is_usable[other];
    it->status = story_status_of(kind, what);
    if (is_refusal(what) && it->view.exists[other]) { /* and has dropped what it had */
        leave_out(it, other);
        if (is_there)
            clean(it, other);
        end(it, it->status);
    } else if (what != YES || !it->view.exists[other]) {
        end(it, it->status);
    } else if (is_there) {
        tell_mirror(it, leg, kind);
    } else {
        leave_out(it, other);
        if (leg == P && it->keeps_record && story_is_expiry(it))
            remove_last(it);
        else
            end(it, it->status);
    }
}

static void
tell_decided(story *it, int leg)
{
    int kind = story_kind_of(it), other = 1 - leg;
    if (story_is_foreign(it, leg)) {
        it->status = MCP_EXISTS;
        return;
    }
    int what = change(it, leg, kind);
    if (what == NO_NUMBER) {
        look_at_text(it, leg, SILENT);
        return;
    }
    if (is_answer(what)) {
        tell_decided_by(it, leg, kind, what);
        return;
    }
    int is_over = what == HOPELESS || (it->request->verb == MCP_CAS && what >= SILENT);
    int knows = !it->view.stands[other] || !story_builds_on_value(kind);
    if (it->view.exists[other] && !is_over && knows)
        tell_one(it, other);
    else if (it->copy[leg] == MCP_COPY_UNKNOWN && it->view.is_usable[other] && !it->missed[other] &&
             it->keeps_record) {
        it->status = MCP_UNKNOWN; /* and it may be done yet: the other copy is right */
        put_on_record(it, other);
    } else
        nobody_answered(it, 1);
}

/* ---- any ---- */

/* Both copies may get it at once: neither is behind, and it does not depend on what is there. */
static int
is_level(story *it)
{
    int kind = story_kind_of(it);
    if (it->view.stands[P] || it->view.stands[B] || story_is_decided(kind))
        return 0;
    return !story_is_relative(kind) || (decider(it) == P && !it->view.is_cold[B]);
}

static void
tell_pair(story *it)
{
    int kind = story_kind_of(it), leg = decider(it), other = 1 - leg;
    int has_both = it->view.is_usable[P] && it->view.is_usable[B];
    int is_late = is_told_first(it, leg);
    int has_none = !it->view.is_usable[P] && !it->view.is_usable[B];
    if (has_both || has_none) {
        is_level(it) && !(has_both && is_late) ? tell_both(it) : tell_decided(it, leg);
    } else if (it->view.is_usable[leg]) {
        tell_one(it, leg);
    } else {
        leave_out(it, leg);
        if (story_builds_on_value(kind))
            nobody_answered(it, 1);
        else
            tell_one(it, other);
    }
}

void
story_tell(story *it)
{
    int kind = story_kind_of(it);
    it->log[0] = '\0';
    it->status = MCP_OK;
    it->is_recorded = 0;
    for (int leg = P; leg <= B; leg++)
        it->copy[leg] = it->failure[leg] = it->missed[leg] = it->has_changed[leg] =
            it->has_number[leg] = it->n_told[leg] = 0;
    if (kind == MCP__COMMAND_GET)
        tell_get(it);
    else if (!it->is_mirrored)
        tell_alone(it);
    else if (kind == MCP__COMMAND_DELETE)
        tell_delete(it);
    else if (it->view.exists[B])
        tell_pair(it);
    else
        story_is_decided(kind) ? tell_decided(it, P) : tell_both(it);
}
