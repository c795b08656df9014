/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests, whatever they ask for: exactly one command line, within its bound, that a memcached
 * (the simulated one) understands as that one command for that one key.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "sim/server.h"
#include "wire/key.h"
#include "wire/meta.h"
#include "wire/token.h"
#include "wire/ttl.h"

const char fuzz_name[] = "command";
const unsigned fuzz_rounds = 100000;
const char *const fuzz_words[] = {"key", "\xc3\xa9", "\x01\x02", NULL};

static struct {
    int n;
    uint8_t key[MCP__KEY_MAX];
    size_t key_len;
    uint64_t opaque;
    int is_error;
} seen;

static void
watch(void *context, sim_server *server, sim_session *session, const sim_deed *deed)
{
    (void)context;
    (void)server;
    (void)session;
    seen.n++;
    FUZZ_NEED(deed->key_len <= sizeof seen.key);
    if (deed->key_len > 0)
        memcpy(seen.key, deed->key, deed->key_len);
    seen.key_len = deed->key_len;
    if (deed->opaque_len == MCP__OPAQUE_LEN)
        memcpy(&seen.opaque, deed->opaque, MCP__OPAQUE_LEN);
    seen.is_error = memcmp(deed->reply, "er", 2) == 0;
}

static mcp__command
draw(fuzz_feed *feed, uint8_t *key)
{
    static uint8_t value[2000];
    const uint8_t *bytes;
    mcp__command command = {.kind = (mcp__command_kind)(1 + fuzz_below(feed, MCP__COMMAND_FLUSH))};
    command.flags = (uint32_t)fuzz_number(feed);
    command.want = fuzz_byte(feed) & 3;
    command.with_initial = fuzz_byte(feed) & 1;
    command.ttl = (int64_t)fuzz_number(feed);
    if (!mcp__ttl_is_valid(command.ttl))
        command.ttl = INT32_MAX;
    command.unique = fuzz_number(feed);
    command.delta = fuzz_number(feed);
    command.initial = fuzz_number(feed);
    command.opaque = mcp__token_opaque_at(fuzz_number(feed));
    size_t value_len = fuzz_below(feed, sizeof value);
    if (mcp__command_has_value(command.kind))
        command.value = (mcp__span){value, value_len};
    size_t key_len = fuzz_bytes(feed, MCP__KEY_MAX, &bytes);
    for (size_t i = 0; i < key_len; i++)
        key[i] = bytes[i] > ' ' && bytes[i] != 0x7f ? bytes[i] : 'x';
    key[0] = key_len > 0 ? key[0] : 'k';
    if (command.kind < MCP__COMMAND_PING)
        command.key = (mcp__span){key, key_len > 0 ? key_len : 1};
    return command;
}

/* The same bytes to a server, value and all. */
static void
carry_out(const mcp__command *command, const uint8_t *head, size_t len)
{
    sim_server server;
    sim_session session = {.owner = NULL};
    sim_server_init(&server, 0, 1000);
    server.watch = watch;
    seen.n = 0;
    seen.opaque = 0;
    seen.is_error = 0;
    sim_bytes_put(&session.in, head, len);
    if (mcp__command_has_value(command->kind)) {
        sim_bytes_put(&session.in, command->value.bytes, command->value.len);
        sim_bytes_put(&session.in, "\r\n", 2);
    }
    sim_server_feed(&server, &session, 1000);
    FUZZ_NEED(server.n_commands == 1 && sim_bytes_len(&session.in) == 0 && !session.is_closing);
    FUZZ_NEED(sim_bytes_len(&session.out) > 0);
    FUZZ_NEED(memcmp(session.out.block + session.out.start, "ERROR", 5) != 0);
    FUZZ_NEED(memcmp(session.out.block + session.out.start, "CLIEN", 5) != 0);
    if (command->kind < MCP__COMMAND_PING) {
        FUZZ_NEED(seen.n == 1 && !seen.is_error && seen.opaque == command->opaque);
        FUZZ_NEED(seen.key_len == command->key.len);
        FUZZ_NEED(memcmp(seen.key, command->key.bytes, seen.key_len) == 0);
    }
    sim_session_fini(&session);
    sim_server_fini(&server);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    fuzz_feed feed = fuzz_feed_of(bytes, len);
    uint8_t key[MCP__KEY_MAX], head[MCP__HEAD_MAX(MCP__KEY_MAX)];
    mcp__command command = draw(&feed, key);
    size_t head_len = mcp__meta_encode(&command, head);
    FUZZ_NEED(head_len >= 4 && head_len <= MCP__HEAD_MAX(command.key.len));
    FUZZ_NEED(memcmp(head + head_len - 2, "\r\n", 2) == 0);
    for (size_t i = 0; i < head_len - 2; i++)
        FUZZ_NEED(head[i] >= ' ' && head[i] != 0x7f);
    carry_out(&command, head, head_len);
    return 0;
}
