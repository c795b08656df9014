/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a file of options, NUL and all: taken, or refused with one clear line that names the
 * file and the line of it. The file stands in memory.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/options.h"
#include "fuzz/fuzz.h"

const char fuzz_name[] = "file";
const unsigned fuzz_rounds = 40000;
const char *const fuzz_words[] = {"server=10.0.0.4\n",
                                  "backup=10.0.0.7 ",
                                  "# comment\n",
                                  "timeout=5ms",
                                  "\r\n",
                                  "\"a b\"",
                                  "file=",
                                  "weight=3",
                                  "\xef\xbb\xbf",
                                  "name=one",
                                  "\t",
                                  NULL};

static char path[64];

static int
write_file(const uint8_t *bytes, size_t len)
{
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("options", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    return fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, len, 0) == (ssize_t)len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    mcp__config config;
    mcp__err err;
    char text[128];
    FUZZ_NEED(write_file(bytes, len));
    snprintf(text, sizeof text, "file=%s", path);
    mcp__err_clear(&err);
    mcp_status status = mcp__options_parse(&config, fuzz_memory(), text, &err);
    FUZZ_NEED(status == MCP_OK || status == MCP_BAD_ARGUMENT);
    if (status == MCP_OK) {
        FUZZ_NEED(config.n_primaries >= 1);
        mcp__options_fini(&config);
    } else {
        size_t text_len = strlen(err.text);
        FUZZ_NEED(text_len > 5);
        for (size_t i = 0; i < text_len; i++)
            FUZZ_NEED((uint8_t)err.text[i] >= ' ' && (uint8_t)err.text[i] < 0x7f);
    }
    fuzz_memory_end();
    return 0;
}
