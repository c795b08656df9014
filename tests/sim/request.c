/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/request.h"

size_t
sim_request_split(const char *line, size_t len, sim_token *tokens)
{
    size_t n = 0, at = 0;
    while (at < len && n < SIM_TOKENS_MAX) {
        while (at < len && line[at] == ' ')
            at++;
        size_t start = at;
        while (at < len && line[at] != ' ')
            at++;
        if (at > start)
            tokens[n++] = (sim_token){line + start, at - start};
    }
    return n;
}

int
sim_token_is(const sim_token *t, const char *word)
{
    return t->len == strlen(word) && memcmp(t->text, word, t->len) == 0;
}

int
sim_number_read(const char *text, size_t len, int64_t *number)
{
    char digits[24];
    char *end;
    if (len == 0 || len >= sizeof digits)
        return 0;
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (digits[0] == '-')
        *number = strtoll(digits, &end, 10);
    else
        *number = (int64_t)strtoull(digits, &end, 10);
    return *end == '\0' && digits[0] != '+' && digits[0] != ' ';
}

/* 0: a flag that this command does not take, or one whose argument is wrong. */
static int
read_flag(sim_request *c, const sim_token *flag)
{
    const char *text = flag->text + 1;
    size_t len = flag->len - 1;
    int64_t number = 0;
    int has_number = sim_number_read(text, len, &number);
    switch (flag->text[0]) {
    case 'O':
        if (len > 31)
            return 0;
        memcpy(c->deed.opaque, text, len);
        c->deed.opaque_len = len;
        return 1;
    case 'C':
        c->has_cas = 1;
        c->cas = (uint64_t)number;
        return has_number;
    case 'T':
        c->has_ttl = 1;
        c->ttl = number;
        return has_number;
    case 'N':
        c->vivifies = 1;
        c->vivify_ttl = number;
        return has_number;
    case 'R':
        c->is_early = 1;
        c->early_s = number;
        return has_number;
    case 'J':
        c->initial = (uint64_t)number;
        return has_number;
    case 'D':
        c->delta = (uint64_t)number;
        return has_number;
    case 'F':
        c->client_flags = (uint32_t)number;
        return has_number && number >= 0 && number <= UINT32_MAX;
    case 'M':
        c->mode = len > 0 ? text[0] : 0;
        return len == 1;
    case 'v':
        c->has_value = 1;
        return len == 0;
    case 'q':
        c->is_quiet = 1;
        return 1;
    default:
        return strchr("fctskI", flag->text[0]) != NULL;
    }
}

int
sim_request_flags(sim_request *c)
{
    c->delta = 1;
    for (size_t i = c->first_flag; i < c->n; i++) {
        for (size_t j = c->first_flag; j < i; j++) {
            if (c->tokens[j].text[0] == c->tokens[i].text[0])
                return 0;
        }
        if (!read_flag(c, &c->tokens[i]))
            return 0;
    }
    return 1;
}
