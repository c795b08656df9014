/* SPDX-License-Identifier: BSD-3-Clause */
#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "memory.h"

#define FIRST_ROOM ((size_t)64 * 1024)

char *
cli_input_all(FILE *file, size_t most, size_t *len)
{
    size_t room = FIRST_ROOM;
    size_t used = 0;
    char *bytes = cli_alloc(room);
    for (;;) {
        size_t got = fread(bytes + used, 1, room - used - 1, file);
        used += got;
        if (used > most || (got == 0 && ferror(file))) {
            int why = used > most ? EFBIG : errno;
            free(bytes);
            errno = why;
            return NULL;
        }
        if (got == 0)
            break;
        if (used + 1 == room) {
            room *= 2;
            bytes = cli_resize(bytes, room);
        }
    }
    bytes[used] = '\0';
    *len = used;
    return bytes;
}

char *
cli_input_file(const char *path, size_t most, size_t *len)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return NULL;
    char *bytes = cli_input_all(file, most, len);
    int why = errno;
    fclose(file);
    errno = why;
    return bytes;
}

int
cli_lines_init(cli_lines *lines, const char *path)
{
    *lines = (cli_lines){.file = stdin};
    if (path != NULL)
        lines->file = fopen(path, "rbe");
    return lines->file == NULL ? -1 : 0;
}

void
cli_lines_fini(cli_lines *lines)
{
    if (lines->file != NULL && lines->file != stdin)
        fclose(lines->file);
    free(lines->line);
    *lines = (cli_lines){0};
}

int
cli_lines_next(cli_lines *lines)
{
    for (;;) {
        errno = 0;
        ssize_t len = getline(&lines->line, &lines->room, lines->file);
        if (len < 0) {
            lines->failed = feof(lines->file) ? 0 : errno;
            return 0;
        }
        lines->number++;
        lines->len = (size_t)len;
        if (lines->len > 0 && lines->line[lines->len - 1] == '\n')
            lines->line[--lines->len] = '\0';
        if (lines->len > 0)
            return 1;
    }
}
