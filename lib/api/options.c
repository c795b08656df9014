/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/address.h"
#include "api/options_hash.h"
#include "api/options_secure.h"
#include "api/roster.h"
#include "api/words.h"
#include "pair/marks.h"

#define ROWS_MAX 64

/* What lives only while a text is read. */
typedef struct parser {
    mcp__config *config;
    mcp__roster roster;
    char *file_text; /* what `file=` brought; places of words borrow from it */
    size_t file_len;
    int has_read_file;
    int behind_auth;                  /* the word before was `auth` */
    mcp__word_place places[ROWS_MAX]; /* of each row that was given */
    mcp__err *err;
} parser;

static int
is_given(const parser *p, int row)
{
    return (p->config->given >> row & 1) != 0;
}

static const mcp__word_place *
place_of(const parser *p, const char *name)
{
    return &p->places[mcp__table_find(name)];
}

static void *
member(const parser *p, const mcp__row *row)
{
    return (char *)p->config + row->offset;
}

static mcp_status
no_memory(const parser *p)
{
    return mcp__err_set(p->err, MCP_NO_MEMORY, "no memory to read the options");
}

/* ---- Values ------------------------------------------------------------------------------- */

static mcp_status
keep_text(const parser *p, const mcp__row *row, const char *text, size_t len)
{
    char *copy = mcp__mem_text(&p->config->mem, text, len);
    if (copy == NULL)
        return no_memory(p);
    *(char **)member(p, row) = copy;
    return MCP_OK;
}

static const char *
unit_of(const mcp__row *row)
{
    switch (row->kind) {
    case MCP__KIND_MS:
        return "ms";
    case MCP__KIND_US:
        return "us";
    case MCP__KIND_RATE:
        return "/s";
    case MCP__KIND_SIZE:
        return " bytes";
    default:
        return "";
    }
}

/* In the unit that the config keeps it in. */
static const char *
read_number(const mcp__row *row, const char *text, uint64_t *number)
{
    if (row->kind == MCP__KIND_SIZE)
        return mcp__values_size(text, number);
    if (row->kind == MCP__KIND_RATE)
        return mcp__values_rate(text, number);
    if (row->kind == MCP__KIND_COUNT)
        return mcp__values_count(text, number);
    const char *wrong = mcp__values_duration(text, number);
    if (wrong != NULL || row->kind == MCP__KIND_US || *number == UINT64_MAX)
        return wrong;
    if (*number % 1000 != 0)
        return "this time is kept in whole milliseconds";
    *number /= 1000;
    return NULL;
}

static mcp_status
take_number(const parser *p, const mcp__row *row, const mcp__word *word)
{
    uint64_t number = 0;
    const char *wrong = read_number(row, word->value, &number);
    if (wrong != NULL)
        return mcp__words_refuse(&word->place, p->err, "%s", wrong);
    if (number < row->least || number > row->most)
        return mcp__words_refuse(
            &word->place, p->err, "out of range; %s is %" PRIu64 "%s to %" PRIu64 "%s",
            row->option.name, row->least, row->kind == MCP__KIND_SIZE ? "" : unit_of(row),
            row->most, unit_of(row));
    if (row->kind == MCP__KIND_SIZE)
        *(uint64_t *)member(p, row) = number;
    else
        *(uint32_t *)member(p, row) = (uint32_t)number;
    return MCP_OK;
}

static mcp_status
take_choice(const parser *p, const mcp__row *row, const mcp__word *word)
{
    char list[200];
    int value = 0;
    const char *text = word->value != NULL ? word->value : "yes";
    if (!mcp__values_choice(row->choices, text, &value))
        return mcp__words_refuse(&word->place, p->err, "no such %s; it is %s", row->option.name,
                                 mcp__values_list(row->choices, list, sizeof list));
    if (row->kind == MCP__KIND_MIRROR) {
        p->config->mirror_failover_only = value == MCP__MIRROR_PROBE_FAILOVER_ONLY;
        value = p->config->mirror_failover_only ? MCP__MIRROR_PROBE : value;
        p->config->mirror = (mcp__mirror)value;
    } else {
        *(int *)member(p, row) = value;
    }
    return MCP_OK;
}

static mcp_status
take_hash_tag(const parser *p, const mcp__row *row, const mcp__word *word)
{
    if (word->value_len != 0 && word->value_len != 2)
        return mcp__words_refuse(&word->place, p->err,
                                 "a hash tag is two characters, as in hash_tag={}");
    const char *wrong = mcp__values_key_text(word->value, word->value_len);
    if (wrong != NULL)
        return mcp__words_refuse(&word->place, p->err, "%s", wrong);
    memcpy(member(p, row), word->value, word->value_len);
    return MCP_OK;
}

static mcp_status
take_key_text(const parser *p, const mcp__row *row, const mcp__word *word)
{
    const char *wrong = mcp__values_key_text(word->value, word->value_len);
    if (wrong != NULL)
        return mcp__words_refuse(&word->place, p->err, "%s", wrong);
    if (word->value_len < row->least || word->value_len > row->most)
        return mcp__words_refuse(&word->place, p->err, "%s has %" PRIu64 " to %" PRIu64 " bytes",
                                 row->option.name, row->least, row->most);
    char **text = member(p, row);
    size_t *len = (void *)(text + 1); /* see the _Static_asserts of the table */
    *len = word->value_len;
    return keep_text(p, row, word->value, word->value_len);
}

static mcp_status
take_endpoint(const parser *p, const mcp__row *row, const mcp__word *word)
{
    mcp__address address;
    char canonical[MCP__ADDRESS_SIZE];
    const char *wrong = mcp__address_parse(&address, word->value, word->value_len);
    if (wrong == NULL && (address.is_unix || address.has_weight))
        wrong = "it is host:port";
    if (wrong != NULL)
        return mcp__words_refuse(&word->place, p->err, "%s", wrong);
    return keep_text(p, row, canonical, mcp__address_canonical(&address, canonical));
}

static mcp_status
take_host(const parser *p, const mcp__row *row, const mcp__word *word)
{
    if (!mcp__address_is_host(word->value, word->value_len))
        return mcp__words_refuse(&word->place, p->err, "that is no host name");
    return keep_text(p, row, word->value, word->value_len);
}

/* ---- auth= -------------------------------------------------------------------------------- */

static mcp_status
keep_auth(const parser *p, const mcp__row *row, const mcp__word *word, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    if (colon == NULL || colon == text || colon == text + len - 1)
        return mcp__words_refuse(&word->place, p->err, "it is user:password or file:PATH");
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f)
            return mcp__words_refuse(&word->place, p->err,
                                     "user and password hold no blank and no control byte");
    }
    return keep_text(p, row, text, len);
}

static mcp_status
take_auth(const parser *p, const mcp__row *row, const mcp__word *word)
{
    if (strncmp(word->value, "file:", 5) != 0)
        return keep_auth(p, row, word, word->value, word->value_len);
    char *text = NULL;
    size_t len = 0;
    mcp_status status =
        mcp__words_read_file(&p->config->mem, word->value + 5, &word->place, &text, &len, p->err);
    if (status != MCP_OK)
        return status;
    size_t line = 0;
    while (line < len && text[line] != '\n' && text[line] != '\r')
        line++;
    status = keep_auth(p, row, word, text, line);
    explicit_bzero(text, len);
    mcp__mem_free(&p->config->mem, text);
    return status;
}

/* ---- Words -------------------------------------------------------------------------------- */

static mcp_status
take_file(parser *p, const mcp__row *row, const mcp__word *word)
{
    mcp_status status = mcp__words_read_file(&p->config->mem, word->value, &word->place,
                                             &p->file_text, &p->file_len, p->err);
    if (status != MCP_OK)
        return status;
    return keep_text(p, row, word->value, word->value_len);
}

/* `number`: the value, for the question whether it is built; texts have none. */
static mcp_status
take_value(parser *p, const mcp__row *row, const mcp__word *word)
{
    switch (row->kind) {
    case MCP__KIND_SERVER:
        return mcp__roster_add(&p->roster, word, 0, word->dashed, p->err);
    case MCP__KIND_BACKUP:
        return mcp__roster_add(&p->roster, word, 1, 0, p->err);
    case MCP__KIND_NAME:
        return mcp__roster_name(&p->roster, word, p->err);
    case MCP__KIND_WEIGHT:
        return mcp__roster_weight(&p->roster, word, p->err);
    case MCP__KIND_FILE:
        return take_file(p, row, word);
    case MCP__KIND_CHOICE:
    case MCP__KIND_MIRROR:
    case MCP__KIND_YES_NO:
        return take_choice(p, row, word);
    case MCP__KIND_HASH_TAG:
        return take_hash_tag(p, row, word);
    case MCP__KIND_KEY_TEXT:
        return take_key_text(p, row, word);
    case MCP__KIND_MS:
    case MCP__KIND_US:
    case MCP__KIND_COUNT:
    case MCP__KIND_RATE:
    case MCP__KIND_SIZE:
        return take_number(p, row, word);
    case MCP__KIND_PATH:
        return keep_text(p, row, word->value, word->value_len);
    case MCP__KIND_HOST:
        return take_host(p, row, word);
    case MCP__KIND_ENDPOINT:
        return take_endpoint(p, row, word);
    case MCP__KIND_AUTH:
        return take_auth(p, row, word);
    }
    return MCP_BAD_ARGUMENT;
}

/* Behind auth there may stand the rest of a password with a blank in it. */
static void
hide_password(const parser *p, mcp__word *word, const char *near)
{
    if (!p->behind_auth && !mcp__words_is_delicate(word->name))
        return;
    if (word->value == NULL || (p->behind_auth && near == NULL)) {
        word->place.raw = "***";
        word->place.raw_len = 3;
    }
    word->place.secret = 1;
}

static mcp_status
refuse_unknown(const parser *p, mcp__word *word)
{
    const char *near = mcp__table_nearest(word->name);
    hide_password(p, word, near);
    if (p->behind_auth && near == NULL)
        return mcp__words_refuse(&word->place, p->err,
                                 "no such option; a value with a blank or ; stands in quotes");
    if (near != NULL)
        return mcp__words_refuse(&word->place, p->err, "no such option; did you mean %s?", near);
    if (word->value == NULL && strpbrk(word->name, ".:/[") != NULL)
        return mcp__words_refuse(&word->place, p->err,
                                 "no such option; a server is written server=10.0.0.4:11211");
    return mcp__words_refuse(&word->place, p->err,
                             "no such option; mcproxy_options(7) has the list");
}

static int
may_repeat(const mcp__row *row)
{
    return row->kind == MCP__KIND_SERVER || row->kind == MCP__KIND_BACKUP ||
           row->kind == MCP__KIND_NAME || row->kind == MCP__KIND_WEIGHT;
}

static int
may_be_empty(const mcp__row *row)
{
    return row->kind == MCP__KIND_HASH_TAG || row->kind == MCP__KIND_KEY_TEXT;
}

static mcp_status
take_word(parser *p, mcp__word *word)
{
    int index = mcp__table_find(word->name);
    if (index < 0)
        return refuse_unknown(p, word);
    const mcp__row *row = mcp__table_row((size_t)index);
    p->behind_auth = row->kind == MCP__KIND_AUTH;
    if (p->behind_auth)
        word->place.secret = 1;
    if (row->kind == MCP__KIND_FILE && word->place.file != NULL)
        return mcp__words_refuse(&word->place, p->err, "a file of options names no other file");
    if (is_given(p, index) && !may_repeat(row))
        return mcp__words_refuse(&word->place, p->err, "%s was given before, and counts once only",
                                 row->option.name);
    int lacking = word->value == NULL ? row->kind != MCP__KIND_YES_NO
                                      : word->value_len == 0 && !may_be_empty(row);
    if (lacking)
        return mcp__words_refuse(&word->place, p->err, "a value is missing; %s= takes %s",
                                 row->option.name, row->option.values);
    mcp_status status = take_value(p, row, word);
    if (status != MCP_OK)
        return status;
    p->config->given |= UINT64_C(1) << index;
    p->places[index] = word->place;
    return MCP_OK;
}

static mcp_status
take_text(parser *p, const char *text, size_t len, const char *file)
{
    mcp__words words;
    mcp__word word;
    mcp_status status = mcp__words_init(&words, &p->config->mem, text, len, file, p->err);
    while (status == MCP_OK) {
        status = mcp__words_next(&words, &word, p->err);
        if (status != MCP_OK)
            break;
        status = take_word(p, &word);
        if (status == MCP_OK && p->file_text != NULL && !p->has_read_file) {
            p->has_read_file = 1; /* there is only one */
            status = take_text(p, p->file_text, p->file_len, p->config->file);
        }
    }
    mcp__words_fini(&words);
    return status == MCP_NOT_FOUND ? MCP_OK : status;
}

/* ---- Contradictions ----------------------------------------------------------------------- */

static mcp_status
check_mirror(const parser *p)
{
    mcp__config *config = p->config;
    size_t n_backups = p->roster.n_backups;
    const mcp__word_place *place = place_of(p, "mirror");
    if (!is_given(p, mcp__table_find("mirror"))) {
        config->mirror = n_backups > 0 ? MCP__MIRROR_BACKUP : MCP__MIRROR_OFF;
        return MCP_OK;
    }
    if (config->mirror == MCP__MIRROR_BACKUP && n_backups == 0)
        return mcp__words_refuse(place, p->err, "there is no backup; give one with backup=");
    if ((config->mirror == MCP__MIRROR_NEXT || config->mirror == MCP__MIRROR_PROBE) &&
        n_backups > 0)
        return mcp__words_refuse(place, p->err,
                                 "it mirrors among the primaries, so no backup= may be given");
    return MCP_OK;
}

static mcp_status
check_times(const parser *p)
{
    const mcp__config *config = p->config;
    if (config->retry_min_ms > config->retry_max_ms) {
        int row = mcp__table_find("retry_min");
        row = is_given(p, row) ? row : mcp__table_find("retry_max");
        return mcp__words_refuse(&p->places[row], p->err,
                                 "retry_min (%" PRIu32 " ms) is above retry_max (%" PRIu32 " ms)",
                                 config->retry_min_ms, config->retry_max_ms);
    }
    return MCP_OK;
}

/* A strict write may wait for as long as a view is gone by, nine eighths of view_interval, behind the
 * share of the server that failed; a round trip is to fit behind that. */
static mcp_status
check_strict(const parser *p)
{
    enum { ROUND_TRIP_MS = 50 };
    const mcp__config *config = p->config;
    uint64_t left_ms = (uint64_t)config->timeout_ms * 6 / 10;
    uint64_t view_ms = config->view_interval_ms;
    uint64_t needed_ms = view_ms + (view_ms + 7) / 8 + ROUND_TRIP_MS;
    char lower[48] = "";
    if (config->consistency != MCP__CONSISTENCY_STRICT || left_ms >= needed_ms)
        return MCP_OK;
    if (left_ms > ROUND_TRIP_MS)
        snprintf(lower, sizeof lower, " or view_interval=%" PRIu64 "ms or less",
                 (left_ms - ROUND_TRIP_MS) * 8 / 9);
    return mcp__words_refuse(place_of(p, "consistency"), p->err,
                             "it needs timeout=%" PRIu64
                             "ms or more%s, so that 0.6 x timeout is not "
                             "below 9/8 x view_interval + 50 ms",
                             (needed_ms * 10 + 5) / 6, lower);
}

/* With ack=primary nobody waits for the second copy, so nothing is to be compared behind a write.
 */
static void
settle_verify(const parser *p)
{
    if (p->config->ack == MCP__ACK_PRIMARY && !is_given(p, mcp__table_find("mirror_verify")))
        p->config->mirror_verify = 0;
}

static mcp_status
check_namespace(const parser *p)
{
    const mcp__config *config = p->config;
    if (!mcp__marks_is_reserved(config->prefix, config->prefix_len, config->namespace_text,
                                config->namespace_len))
        return MCP_OK;
    return mcp__words_refuse(place_of(p, "namespace"), p->err,
                             "keys that begin with %.64s belong to the library (prefix=)",
                             config->prefix);
}

/* The primaries come from the endpoint. */
static mcp_status
check_discovery(const parser *p)
{
    if (p->config->discovery == NULL || p->roster.n == p->roster.n_backups)
        return MCP_OK;
    return mcp__words_refuse(place_of(p, "discovery"), p->err,
                             "the servers are asked for there, so no server= may be given");
}

static mcp_status
check_all(parser *p)
{
    if (p->roster.n == p->roster.n_backups && p->config->discovery == NULL)
        return mcp__err_set(p->err, MCP_BAD_ARGUMENT,
                            "no server is given; there must be one, as in server=10.0.0.4:11211");
    mcp_status status = mcp__options_hash_check(p->config, p->places, p->err);
    if (status == MCP_OK)
        status = check_mirror(p);
    if (status == MCP_OK)
        status = check_times(p);
    if (status == MCP_OK)
        status = check_strict(p);
    if (status == MCP_OK)
        status = check_namespace(p);
    if (status == MCP_OK)
        status = mcp__options_secure_check(p->config, p->places, p->err);
    settle_verify(p);
    if (status == MCP_OK)
        status =
            mcp__roster_check(&p->roster, p->config->place.distribution != MCP__NATIVE, p->err);
    return status;
}

/* ---- The whole text ----------------------------------------------------------------------- */

/* The standard texts that are never NULL. */
static mcp_status
fill_texts(const parser *p)
{
    mcp__config *config = p->config;
    if (config->namespace_text == NULL)
        config->namespace_text = mcp__mem_text(&config->mem, "", 0);
    if (config->prefix == NULL) {
        config->prefix = mcp__mem_text(&config->mem, "mcp:", 4);
        config->prefix_len = 4;
    }
    return config->namespace_text == NULL || config->prefix == NULL ? no_memory(p) : MCP_OK;
}

/* As the last server of the roster. */
static mcp_status
add_endpoint(parser *p)
{
    mcp__word word = {
        .name = "server", .value = p->config->discovery, .value_len = strlen(p->config->discovery)};
    return mcp__roster_add(&p->roster, &word, 0, 0, p->err);
}

/* Until something was found the endpoint stands for the servers, and nothing is asked of it. */
static mcp_status
put_endpoint(parser *p)
{
    mcp__config *config = p->config;
    if (config->has_found)
        return MCP_OK;
    mcp__roster_fini(&p->roster);
    mcp__roster_init(&p->roster, &config->mem);
    config->mirror = MCP__MIRROR_OFF;
    config->mirror_failover_only = 0;
    return add_endpoint(p);
}

/* The servers; behind them, not counted, the endpoint. */
static mcp_status
take_servers(parser *p)
{
    mcp__config *config = p->config;
    mcp_status status = MCP_OK;
    if (config->discovery != NULL)
        status = put_endpoint(p);
    if (status == MCP_OK && config->discovery != NULL)
        status = add_endpoint(p);
    if (status == MCP_OK)
        status = mcp__roster_take(&p->roster, config->discovery != NULL, &config->servers,
                                  &config->n_primaries, &config->n_backups, p->err);
    return status;
}

mcp_status
mcp__options_parse(mcp__config *config, const mcp__mem *mem, const char *text, mcp__err *err)
{
    return mcp__options_parse_found(config, mem, text, NULL, err);
}

mcp_status
mcp__options_parse_found(mcp__config *config, const mcp__mem *mem, const char *text,
                         const char *found, mcp__err *err)
{
    parser p = {.config = config, .err = err};
    mcp__err_clear(err);
    *config = mcp__table_standards();
    config->mem = *mem;
    mcp__roster_init(&p.roster, &config->mem);
    if (text == NULL)
        text = "";
    mcp_status status = take_text(&p, text, strlen(text), NULL);
    if (status == MCP_OK)
        status = fill_texts(&p);
    if (status == MCP_OK)
        status = check_discovery(&p);
    config->has_found = found != NULL;
    if (status == MCP_OK && found != NULL)
        status = take_text(&p, found, strlen(found), NULL);
    if (status == MCP_OK)
        status = check_all(&p);
    if (status == MCP_OK)
        status = take_servers(&p);
    mcp__roster_fini(&p.roster);
    if (p.file_text != NULL)
        explicit_bzero(p.file_text, p.file_len);
    mcp__mem_free(&config->mem, p.file_text);
    if (status != MCP_OK)
        mcp__options_fini(config);
    return status;
}

void
mcp__options_fini(mcp__config *config)
{
    const mcp__mem mem = config->mem;
    char *const texts[] = {config->namespace_text, config->prefix,    config->tls_ca,
                           config->tls_cert,       config->tls_key,   config->tls_name,
                           config->auth,           config->discovery, config->file};
    if (config->auth != NULL)
        explicit_bzero(config->auth, strlen(config->auth));
    mcp__roster_release(&mem, config->servers,
                        config->n_primaries + config->n_backups + (config->discovery != NULL));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        mcp__mem_free(&mem, texts[i]);
    *config = (mcp__config){.mem = mem};
}
