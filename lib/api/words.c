/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/values.h"

/* How much of a word, and of a file name, an error shows. */
#define SHOWN_SIZE 56

/* ---- Errors ------------------------------------------------------------------------------- */

/* The part of the word that may be shown, with *** for the rest. */
static void
show_word(const mcp__word_place *place, char *out, size_t size)
{
    const char *equals = memchr(place->raw, '=', place->raw_len);
    if (!place->secret || equals == NULL) {
        mcp__err_quote(out, size, place->raw, place->raw_len);
        return;
    }
    mcp__err_quote(out, size - 3, place->raw, (size_t)(equals + 1 - place->raw));
    memcpy(out + strlen(out), "***", 4);
}

mcp_status
mcp__words_refuse(const mcp__word_place *place, mcp__err *err, const char *format, ...)
{
    char word[SHOWN_SIZE];
    char file[SHOWN_SIZE];
    char reason[240];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    show_word(place, word, sizeof word);
    if (place->file == NULL)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "\"%s\" at position %zu: %s", word, place->at,
                            reason);
    mcp__err_quote(file, sizeof file, place->file, strlen(place->file));
    return mcp__err_set(err, MCP_BAD_ARGUMENT, "\"%s\" in %s line %zu: %s", word, file, place->at,
                        reason);
}

int
mcp__words_is_delicate(const char *name)
{
    static const char *const hints[] = {"auth", "pass", "user", "secret", "token", "login"};
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (strstr(name, hints[i]) != NULL)
            return 1;
    }
    return mcp__values_distance(name, "auth") <= 2;
}

/* ---- Cutting ------------------------------------------------------------------------------ */

static int
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r'); /* \t \n \v \f \r */
}

static int
is_between(char c)
{
    return is_blank(c) || c == ';';
}

mcp_status
mcp__words_init(mcp__words *words, const mcp__mem *mem, const char *text, size_t len,
                const char *file, mcp__err *err)
{
    *words = (mcp__words){.text = text, .len = len, .line = 1, .file = file, .mem = mem};
    words->scratch = mcp__mem_new(mem, len + 1);
    if (words->scratch == NULL)
        return mcp__err_set(err, MCP_NO_MEMORY, "no memory to read the options");
    return MCP_OK;
}

void
mcp__words_fini(mcp__words *words)
{
    if (words->scratch != NULL)
        explicit_bzero(words->scratch, words->len + 1); /* a password may have stood there */
    mcp__mem_free(words->mem, words->scratch);
    words->scratch = NULL;
}

/* One byte further, counting characters (a UTF-8 continuation byte begins none) and lines. */
static void
step(mcp__words *words)
{
    char c = words->text[words->at++];
    if (((unsigned char)c & 0xc0) != 0x80)
        words->character++;
    if (c == '\n')
        words->line++;
}

static void
skip_to_word(mcp__words *words)
{
    int comment = 0;
    while (words->at < words->len) {
        char c = words->text[words->at];
        if (c == '#')
            comment = 1;
        else if (c == '\n')
            comment = 0;
        else if (!comment && !is_between(c))
            return;
        step(words);
    }
}

static void
read_name(mcp__words *words, mcp__word *word)
{
    const char *from = words->text + words->at;
    size_t left = words->len - words->at;
    word->dashed = left >= 2 && from[0] == '-' && from[1] == '-';
    if (word->dashed) {
        step(words);
        step(words);
    }
    size_t n = 0;
    while (words->at < words->len) {
        char c = words->text[words->at];
        if (c == '=' || c == '"' || c == '#' || is_between(c))
            break;
        if (n + 1 < sizeof word->name)
            word->name[n++] = mcp__values_fold(c);
        step(words);
    }
    word->name[n] = '\0';
}

/* A value in quotes; the opening one has been seen. NULL, or what is wrong. */
static const char *
read_quoted(mcp__words *words, mcp__word *word)
{
    size_t n = 0;
    step(words);
    for (;;) {
        if (words->at >= words->len)
            return "the closing \" is missing";
        char c = words->text[words->at];
        step(words);
        if (c == '"')
            break;
        if (c == '\\') {
            c = words->at < words->len ? words->text[words->at] : '\0';
            if (c != '"' && c != '\\')
                return "inside quotes a \\ stands before \" or \\ only; write \\\\ for one";
            step(words);
        }
        words->scratch[n++] = c;
    }
    word->value_len = n;
    if (words->at < words->len && !is_between(words->text[words->at]))
        return "behind the closing \" a blank or ; is missing";
    return NULL;
}

static const char *
read_plain(mcp__words *words, mcp__word *word)
{
    size_t n = 0;
    while (words->at < words->len && !is_between(words->text[words->at])) {
        char c = words->text[words->at];
        if (c == '"')
            return "a value with a \" in it stands in quotes as a whole, like \"a\\\"b\"";
        if (c == '#')
            return "a value with a # in it stands in quotes; before a comment there is a blank";
        words->scratch[n++] = c;
        step(words);
    }
    word->value_len = n;
    return NULL;
}

static const char *
read_value(mcp__words *words, mcp__word *word)
{
    if (words->at >= words->len || is_between(words->text[words->at]))
        return NULL; /* a bare name */
    if (words->text[words->at] == '#')
        return "before a comment there is a blank";
    if (words->text[words->at] != '=')
        return "a word is name=value; quotes stand around the value only";
    step(words);
    int quoted = words->at < words->len && words->text[words->at] == '"';
    const char *wrong = quoted ? read_quoted(words, word) : read_plain(words, word);
    words->scratch[word->value_len] = '\0';
    word->value = words->scratch;
    return wrong;
}

mcp_status
mcp__words_next(mcp__words *words, mcp__word *word, mcp__err *err)
{
    skip_to_word(words);
    *word = (mcp__word){0};
    if (words->at >= words->len)
        return MCP_NOT_FOUND;
    const char *begin = words->text + words->at;
    word->place.raw = begin;
    word->place.file = words->file;
    word->place.at = words->file != NULL ? words->line : words->character + 1;
    read_name(words, word);
    const char *wrong = read_value(words, word);
    word->place.raw_len = (size_t)(words->text + words->at - begin);
    if (wrong == NULL && word->name[0] == '\0')
        wrong = "a name is missing; a word is name=value";
    if (wrong == NULL && memchr(begin, '\0', word->place.raw_len) != NULL)
        wrong = "a NUL byte has no place in it";
    if (wrong == NULL)
        return MCP_OK;
    /* An open quote takes in whatever follows, perhaps auth=user:password. */
    const char *equals = memchr(begin, '=', word->place.raw_len);
    int quoted = equals != NULL && equals[1] == '"';
    word->place.secret = quoted || mcp__words_is_delicate(word->name);
    if (word->place.raw_len == 0)
        word->place.raw_len = 1;
    return mcp__words_refuse(&word->place, err, "%s", wrong);
}

/* ---- Files -------------------------------------------------------------------------------- */

/* Up to `size` bytes; fewer when the file ends. -1: errno says why. */
static ssize_t
read_fully(int fd, char *into, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t got = read(fd, into + have, size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static mcp_status
cannot_read(const mcp__word_place *place, mcp__err *err, int why)
{
    mcp_status status = mcp__words_refuse(place, err, "cannot read that file: %s", strerror(why));
    err->os_error = why;
    return status;
}

static mcp_status
read_open_file(const mcp__mem *mem, int fd, const mcp__word_place *place, char **text, size_t *len,
               mcp__err *err)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return cannot_read(place, err, errno);
    if (!S_ISREG(about.st_mode))
        return mcp__words_refuse(place, err, "cannot read that file: it is not a regular file");
    if (about.st_size > (off_t)MCP__WORDS_FILE_MAX)
        return mcp__words_refuse(place, err, "that file is larger than 1 MB");
    size_t size = (size_t)about.st_size;
    char *block = mcp__mem_new(mem, size + 1);
    if (block == NULL)
        return mcp__err_set(err, MCP_NO_MEMORY, "no memory to read a file of options");
    ssize_t got = read_fully(fd, block, size);
    if (got < 0) {
        int why = errno;
        mcp__mem_free(mem, block);
        return cannot_read(place, err, why);
    }
    block[got] = '\0';
    *text = block;
    *len = (size_t)got;
    return MCP_OK;
}

mcp_status
mcp__words_read_file(const mcp__mem *mem, const char *path, const mcp__word_place *place,
                     char **text, size_t *len, mcp__err *err)
{
    /* O_NONBLOCK: opening a FIFO would wait for a writer, and opening a client never waits. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return cannot_read(place, err, errno);
    mcp_status status = read_open_file(mem, fd, place, text, len, err);
    close(fd);
    return status;
}
