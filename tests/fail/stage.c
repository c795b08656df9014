/* SPDX-License-Identifier: BSD-3-Clause */
#include "fail/stage.h"

#include <check.h>

#include "fail/found.h"
#include "support/client.h"

/* With a client of its own, which does nothing in the background. */
static void
write_while_away(scene *s)
{
    sim_memory *memory = s->memory;
    s->memory = NULL;
    ck_assert(scene_open(s));
    for (int i = 0; i < 3; i++)
        scene_set(s, i, i == 1);
    scene_lose_primary(s);
    for (int i = 0; i < 3; i++)
        scene_set(s, i, i == 2);
    mcp_close(s->c);
    scene_bring_primary(s);
    s->memory = memory;
}

static void
empty_the_primary(scene *s)
{
    sim_memory *memory = s->memory;
    s->memory = NULL;
    ck_assert(scene_open(s));
    for (int i = 0; i < 3; i++)
        scene_set(s, i, i == 1);
    mcp_close(s->c);
    scene_lose_primary(s);
    scene_bring_primary(s);
    s->memory = memory;
}

const stage_piece stage_pieces[STAGE_PIECES] = {
    {"verbs", "", NULL, scene_verbs, 0},
    {"batch", "", NULL, scene_batch, 0},
    {"servers", "namespace=app:", NULL, scene_servers, 0},
    {"leases", "consistency=strict", NULL, scene_leases, 0},
    {"again", "mirror-verify=no", NULL, scene_again, 0},
    {"killed", "", NULL, scene_killed, 1},
    {"returned", "repair=off", write_while_away, scene_returned, 1},
    {"emptied", "resync=off", empty_the_primary, scene_emptied, 1},
    {"reload", "", NULL, scene_reload, 0},
    {"discovery", "", found_prepare, found_play, 0},
};
