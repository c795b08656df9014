/* SPDX-License-Identifier: BSD-3-Clause */
#include "address.h"

static bool
starts_with(const char *text, size_t len, const char *start)
{
    size_t n = strlen(start);
    return len >= n && strncasecmp(text, start, n) == 0;
}

static size_t
colons(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += text[i] == ':';
    return n;
}

static void
append_unix(smart_str *out, const char *path, size_t len)
{
    if (len > 2 && memcmp(path + len - 2, ":0", 2) == 0)
        len -= 2;
    smart_str_appends(out, "unix:");
    smart_str_appendl(out, path, len);
}

zend_string *
mcproxy_address(const char *host, size_t host_len, zend_long port)
{
    smart_str out = {0};
    if (starts_with(host, host_len, "tcp://")) {
        host += sizeof "tcp://" - 1;
        host_len -= sizeof "tcp://" - 1;
    }
    if (starts_with(host, host_len, "unix://")) {
        append_unix(&out, host + sizeof "unix://" - 1, host_len - (sizeof "unix://" - 1));
    } else if (starts_with(host, host_len, "unix:")) {
        append_unix(&out, host + sizeof "unix:" - 1, host_len - (sizeof "unix:" - 1));
    } else {
        bool is_bare_v6 = host_len > 0 && host[0] != '[' && colons(host, host_len) > 1;
        if (is_bare_v6)
            smart_str_appendc(&out, '[');
        smart_str_appendl(&out, host, host_len);
        if (is_bare_v6)
            smart_str_appendc(&out, ']');
        if (port > 0)
            smart_str_append_printf(&out, ":" ZEND_LONG_FMT, port);
    }
    smart_str_0(&out);
    return out.s != NULL ? out.s : ZSTR_EMPTY_ALLOC();
}

const char *
mcproxy_address_wrong(const zend_string *address, char *why, size_t why_size)
{
    smart_str text = {0};
    if (strlen(ZSTR_VAL(address)) != ZSTR_LEN(address)) {
        snprintf(why, why_size, "there is a NUL in it");
        return why;
    }
    mcproxy_option_word(&text, "server", ZSTR_VAL(address), ZSTR_LEN(address));
    smart_str_0(&text);
    char *explained = mcp_options_explain(ZSTR_VAL(text.s), why, why_size);
    bool is_wrong = explained == NULL;
    smart_str_free(&text);
    free(explained);
    return is_wrong ? why : NULL;
}

/* ---- Option texts ------------------------------------------------------------------------- */

void
mcproxy_option_word(smart_str *text, const char *name, const char *value, size_t value_len)
{
    smart_str_appendc(text, ' ');
    smart_str_appends(text, name);
    smart_str_appends(text, "=\"");
    for (size_t i = 0; i < value_len; i++) {
        if (value[i] == '"' || value[i] == '\\')
            smart_str_appendc(text, '\\');
        smart_str_appendc(text, value[i]);
    }
    smart_str_appendc(text, '"');
}

void
mcproxy_option_words(smart_str *text, const char *words)
{
    smart_str_appendc(text, ' ');
    smart_str_appends(text, words);
    smart_str_appendc(text, '\n'); /* its last words may be a comment */
}

static bool
is_between(char c)
{
    return c == ';' || c == ' ' || (c >= '\t' && c <= '\r');
}

/* Names do not depend on case, `-` and `_` are the same in them, `--` may stand in front. */
static bool
is_name(const char *word, const char *name)
{
    word += strncmp(word, "--", 2) == 0 ? 2 : 0;
    for (; *name != '\0'; name++, word++) {
        char c = *word == '-' ? '_' : *word;
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != *name)
            return false;
    }
    return *word == '=' || *word == '\0' || is_between(*word);
}

/* The end of the word that begins here, quotes respected. */
static const char *
word_end(const char *at)
{
    bool is_quoted = false;
    for (; *at != '\0' && (is_quoted || !is_between(*at)); at++) {
        if (is_quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
    }
    return at;
}

/* The next word from here on; NULL: there is none. */
static const char *
next_word(const char *at)
{
    while (is_between(*at) || *at == '#')
        at += *at == '#' ? strcspn(at, "\n") : 1;
    return *at != '\0' ? at : NULL;
}

bool
mcproxy_option_given(const char *words, const char *name)
{
    const char *word = words;
    while ((word = next_word(word)) != NULL) {
        if (is_name(word, name))
            return true;
        word = word_end(word);
    }
    return false;
}

/* A word that is about one server. */
static bool
is_of_server(const char *word)
{
    return is_name(word, "server") || is_name(word, "backup") || is_name(word, "weight") ||
           is_name(word, "name");
}

/* Whether an option of the library has this word's name and stands in `given`, too. */
static bool
is_overridden(const char *word, const char *given)
{
    const mcp_option *option;
    for (size_t i = 0; (option = mcp_option_at(i)) != NULL; i++) {
        if (is_name(word, option->name))
            return !is_of_server(word) && mcproxy_option_given(given, option->name);
    }
    return false;
}

void
mcproxy_option_defaults(smart_str *text, const char *words, const char *given, bool has_servers)
{
    const char *word = words, *end;
    for (; (word = next_word(word)) != NULL; word = end) {
        end = word_end(word);
        if ((has_servers && is_of_server(word)) || is_overridden(word, given))
            continue;
        smart_str_appendc(text, ' ');
        smart_str_appendl(text, word, (size_t)(end - word));
    }
}

bool
mcproxy_option_built(const char *name)
{
    const mcp_option *option;
    for (size_t i = 0; (option = mcp_option_at(i)) != NULL; i++) {
        if (strcmp(option->name, name) == 0)
            return option->missing == NULL;
    }
    return false;
}
