/* SPDX-License-Identifier: BSD-3-Clause */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static int
is_blank(char c)
{
    return c == ' ' || c == ';' || (c >= '\t' && c <= '\r');
}

static void
free_one(cli_optword *word)
{
    free(word->text);
    free(word->origin);
}

void
cli_words_fini(cli_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free_one(&words->items[i]);
    free(words->items);
    *words = (cli_words){0};
}

static void
set_name(cli_optword *word)
{
    const char *at = word->text;
    size_t len = 0;
    if (strncmp(at, "--", 2) == 0)
        at += 2;
    for (; *at != '\0' && *at != '=' && len < sizeof word->name - 1; at++) {
        char c = *at;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        word->name[len++] = c == '-' ? '_' : c;
    }
    word->name[len] = '\0';
}

static void
add_one(cli_words *words, const char *text, size_t len, int source, const char *origin)
{
    if (words->n == words->room) {
        words->room = words->room > 0 ? words->room * 2 : 16;
        words->items = cli_resize(words->items, words->room * sizeof *words->items);
    }
    cli_optword *word = &words->items[words->n++];
    *word = (cli_optword){.text = cli_copy(text, len), .source = source};
    word->origin = cli_copy(origin, strlen(origin));
    set_name(word);
}

/* The end of the word that starts at `at`: quotes count where a value may begin. */
static const char *
word_end(const char *at)
{
    int quoted = 0;
    for (const char *first = at; *at != '\0'; at++) {
        if (*at == '"' && (quoted || (at > first && at[-1] == '=')))
            quoted = !quoted;
        else if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (!quoted && is_blank(*at))
            break;
    }
    return at;
}

static void
add_located(cli_words *words, const char *text, size_t len, int source, const char *origin,
            size_t line)
{
    if (line == 0) {
        add_one(words, text, len, source, origin);
        return;
    }
    char *located = cli_format("%s line %zu", origin, line);
    add_one(words, text, len, source, located);
    free(located);
}

void
cli_words_add(cli_words *words, const char *text, int source, const char *origin, int in_file)
{
    size_t line = in_file ? 1 : 0;
    while (*text != '\0') {
        const char *end = text + 1;
        if (*text == '#') {
            end = text + strcspn(text, "\n");
        } else if (!is_blank(*text)) {
            end = word_end(text);
            add_located(words, text, (size_t)(end - text), source, origin, line);
        }
        for (; text < end; text++)
            line += in_file && *text == '\n';
    }
}

void
cli_words_append(cli_words *words, const cli_words *others)
{
    for (size_t i = 0; i < others->n; i++)
        add_one(words, others->items[i].text, strlen(others->items[i].text),
                others->items[i].source, others->items[i].origin);
}

void
cli_words_drop(cli_words *words, size_t index)
{
    free_one(&words->items[index]);
    words->n--;
    memmove(words->items + index, words->items + index + 1,
            (words->n - index) * sizeof *words->items);
}

char *
cli_words_join(const cli_words *words)
{
    size_t size = 1;
    for (size_t i = 0; i < words->n; i++)
        size += strlen(words->items[i].text) + 1;
    char *text = cli_alloc(size);
    char *at = text;
    for (size_t i = 0; i < words->n; i++) {
        if (i > 0)
            *at++ = ' ';
        at = stpcpy(at, words->items[i].text);
    }
    return text;
}

char *
cli_optword_value(const cli_optword *word)
{
    const char *from = strchr(word->text, '=');
    char *value = cli_alloc(strlen(word->text) + 1);
    size_t len = 0;
    if (from == NULL)
        return value;
    int quoted = from[1] == '"';
    for (from += 1 + quoted; *from != '\0' && !(quoted && *from == '"'); from++) {
        if (quoted && *from == '\\' && from[1] != '\0')
            from++;
        value[len++] = *from;
    }
    return value;
}

int
cli_optword_is_pool(const cli_optword *word)
{
    static const char *const names[] = {"server", "backup", "name", "weight"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(word->name, names[i]) == 0)
            return 1;
    return 0;
}

static char *
quoted_word(const char *name, const char *value)
{
    char *text = cli_alloc(strlen(name) + 2 * strlen(value) + 4);
    char *at = stpcpy(text, name);
    at = stpcpy(at, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            *at++ = '\\';
        *at++ = *value;
    }
    *at = '"';
    return text;
}

void
cli_words_add_server(cli_words *words, const char *name, const char *value, int source,
                     const char *origin)
{
    char *text = cli_format("%s=%s", name, value);
    cli_words taken = {0};
    cli_words_add(&taken, text, source, origin, 0);
    int plain = taken.n > 0 && strcmp(taken.items[0].text + strlen(name), "=") != 0;
    for (size_t i = 1; i < taken.n; i++)
        plain = plain && (strcmp(taken.items[i].name, "name") == 0 ||
                          strcmp(taken.items[i].name, "weight") == 0);
    if (plain) {
        cli_words_append(words, &taken);
    } else {
        char *quoted = quoted_word(name, value);
        add_one(words, quoted, strlen(quoted), source, origin);
        free(quoted);
    }
    cli_words_fini(&taken);
    free(text);
}

/* The word that covers this position (in characters, from 1) of the joined text. */
static const cli_optword *
word_at(const cli_words *words, size_t position)
{
    size_t at = 1;
    for (size_t i = 0; i < words->n; i++) {
        for (const char *c = words->items[i].text; *c != '\0'; c++)
            at += ((unsigned char)*c & 0xc0) != 0x80;
        if (position < at)
            return &words->items[i];
        at++;
    }
    return NULL;
}

char *
cli_words_error(const cli_words *words, const char *error)
{
    static const char before[] = "\" at position ";
    const char *from = strstr(error, before);
    char *behind = NULL;
    const cli_optword *word = NULL;
    if (from != NULL)
        word = word_at(words, strtoul(from + strlen(before), &behind, 10));
    if (word == NULL)
        return cli_copy(error, strlen(error));
    return cli_format("%.*s\" in %s%s", (int)(from - error), error, word->origin, behind);
}
