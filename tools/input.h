/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * input: what comes from files and standard input.
 */
#ifndef MCPROXY_TOOLS_INPUT_H
#define MCPROXY_TOOLS_INPUT_H

#include <stddef.h>
#include <stdio.h>

/* The largest value that is read: no memcached holds a larger one. */
#define CLI_INPUT_MAX ((size_t)1 << 30)
/* The largest file of options: what the library reads, too. */
#define CLI_CONFIG_MAX ((size_t)1 << 20)

/*
 * Everything up to the end of `file`, with a NUL behind it, for free(). NULL with errno: EFBIG
 * when there is more than `most` bytes, or what read gave.
 */
char *cli_input_all(FILE *file, size_t most, size_t *len);

/* The same of the file called `path`. */
char *cli_input_file(const char *path, size_t most, size_t *len);

/* A walk over the lines of a file, which may hold any bytes. */
typedef struct cli_lines {
    FILE *file;
    char *line; /* without its newline */
    size_t len;
    size_t number; /* of this line, from 1 */
    size_t room;
    int failed; /* errno when reading failed; 0: the end was the end */
} cli_lines;

/* `path` NULL: standard input. Returns 0, or -1 with errno. */
int cli_lines_init(cli_lines *lines, const char *path);
void cli_lines_fini(cli_lines *lines);
/* 1 with the next line that is not empty, 0 at the end. */
int cli_lines_next(cli_lines *lines);

#endif
