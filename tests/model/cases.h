/* SPDX-License-Identifier: BSD-3-Clause */
/* cases: the models, each a list that ends with a case without a name. */
#ifndef TESTS_MODEL_CASES_H
#define TESTS_MODEL_CASES_H

#include "model/explore.h"

extern const model_case model_fills[];
extern const model_case model_marks[];
extern const model_case model_flags[];
extern const model_case model_views[];
extern const model_case model_sets[];
extern const model_case model_both[];
extern const model_case model_lost[];
extern const model_case model_segments[];
extern const model_case model_whole[];
extern const model_case model_zombies[];
extern const model_case model_replay[];

/* All of them; ends with NULL. */
extern const model_case *const model_lists[];

#endif
