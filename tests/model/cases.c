/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/cases.h"

const model_case *const model_lists[] = {
    model_fills,   model_marks,    model_flags, model_views, model_sets, model_replay,
    model_zombies, model_segments, model_whole, model_lost,  model_both, NULL,
};
