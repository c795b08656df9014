/* SPDX-License-Identifier: BSD-3-Clause */
#include "duration.h"

#include <inttypes.h>
#include <stdio.h>

const char *
cli_duration(char out[CLI_DURATION], uint64_t ms)
{
    if (ms < 10000)
        snprintf(out, CLI_DURATION, "%.1f s", (double)ms / 1e3);
    else if (ms < 120000)
        snprintf(out, CLI_DURATION, "%" PRIu64 " s", ms / 1000);
    else if (ms < 7200000)
        snprintf(out, CLI_DURATION, "%" PRIu64 " min", ms / 60000);
    else if (ms < 172800000)
        snprintf(out, CLI_DURATION, "%" PRIu64 " h", ms / 3600000);
    else
        snprintf(out, CLI_DURATION, "%" PRIu64 " d", ms / 86400000);
    return out;
}
