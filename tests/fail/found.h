/* SPDX-License-Identifier: BSD-3-Clause */
/* found: a scene whose primary is told by an endpoint (discovery=). */
#ifndef MCPROXY_TESTS_FAIL_FOUND_H
#define MCPROXY_TESTS_FAIL_FOUND_H

#include "fail/scene.h"

/* From now on the options name an endpoint, which tells of the primary. */
void found_prepare(scene *s);

/* The calls: the first one asks, and later ones take over a newer list. */
void found_play(scene *s);

/* Nothing fails any more: a newer list is taken over soon. */
void found_end(scene *s);

#endif
