/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words: an options text cut into words, and errors that say which word and where.
 *
 * A word is `name=value` or a bare `name`; words stand apart by white space or `;`. `#` at the
 * beginning of a word starts a comment to the end of the line. A value may stand in double quotes,
 * with \" and \\ inside. A `"` or `#` anywhere else is refused rather than guessed at.
 *
 * Life: mcp__words_init, mcp__words_next until it says MCP_NOT_FOUND, mcp__words_fini.
 */
#ifndef MCPROXY_API_WORDS_H
#define MCPROXY_API_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* Longer than any option's name. */
#define MCP__WORD_NAME_SIZE 32

/* No file that the options name may be longer, in bytes. */
#define MCP__WORDS_FILE_MAX (1024u * 1024u)

/* Where a word stood. Borrows from the text, so it lives as long as that. */
typedef struct mcp__word_place {
    const char *raw; /* as typed */
    size_t raw_len;
    const char *file; /* NULL: the options text itself */
    size_t at;        /* there: character position from 1; in a file: line from 1 */
    int secret;       /* its value is never shown */
} mcp__word_place;

typedef struct mcp__word {
    mcp__word_place place;
    char name[MCP__WORD_NAME_SIZE]; /* lower case, `_` for `-`, no leading `--`; cut to fit */
    int dashed;                     /* it had the leading `--` */
    const char *value;              /* NULL: a bare name. Unquoted, with a NUL behind it; borrowed
                                       until the next word. Holds no NUL itself */
    size_t value_len;
} mcp__word;

typedef struct mcp__words {
    const char *text;
    size_t len;
    size_t at; /* bytes done with */
    size_t character;
    size_t line;
    const char *file;
    char *scratch; /* the value of the current word */
    const mcp__mem *mem;
} mcp__words;

/* `text` and `file` (NULL: it is no file) are borrowed. MCP_OK or MCP_NO_MEMORY. */
mcp_status mcp__words_init(mcp__words *words, const mcp__mem *mem, const char *text, size_t len,
                           const char *file, mcp__err *err);
void mcp__words_fini(mcp__words *words);

/* MCP_OK with the next word, MCP_NOT_FOUND behind the last one, or MCP_BAD_ARGUMENT. */
mcp_status mcp__words_next(mcp__words *words, mcp__word *word, mcp__err *err);

/*
 * `"timeout=5" at position 7: ` and then the text of `format`, or
 * `"timeout=5" in /etc/mc.conf line 2: `. Returns MCP_BAD_ARGUMENT.
 */
mcp_status mcp__words_refuse(const mcp__word_place *place, mcp__err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether a word of this name may hold a password: auth, auth misspelt, or the like. */
int mcp__words_is_delicate(const char *name);

/*
 * Reads the regular file `path`, which `place` asked for: `*text` gets its bytes, with a NUL behind
 * them, owned by the caller. Blocks as disks do. MCP_OK, MCP_BAD_ARGUMENT or MCP_NO_MEMORY.
 */
mcp_status mcp__words_read_file(const mcp__mem *mem, const char *path, const mcp__word_place *place,
                                char **text, size_t *len, mcp__err *err);

#endif
