/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys stored through a real twemproxy (the program "nutcracker") are found on the memcached where
 * we say: every hash function, weights, names, unix sockets, a hash tag. One nutcracker with a pool
 * for each wish, in front of the same five memcached. Skipped (77) when there is no nutcracker.
 */
#include "../support/run.h"
#include "../support/server.h"
#include "../support/wait.h"
#include "../unit/place_kit.h"

#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place/pairing.h"

#define SERVERS 5
#define KEYS 250

typedef enum servers_as {
    BY_PORT,
    BY_PORT_AND_NAME,
    BY_PATH,
} servers_as;

typedef struct pool {
    const char *hash; /* NULL: none in the file */
    mcp__hash ours;
    servers_as form;
    int weighted;
    const char *tag; /* NULL: none */
} pool;

static const pool wishes[] = {
    {NULL, MCP__HASH_DEFAULT, BY_PORT, 0, NULL},
    {"one_at_a_time", MCP__HASH_ONE_AT_A_TIME, BY_PORT, 1, NULL},
    {"md5", MCP__HASH_MD5, BY_PORT, 0, NULL},
    {"crc16", MCP__HASH_CRC16, BY_PORT, 1, NULL},
    {"crc32", MCP__HASH_CRC32, BY_PORT, 0, NULL},
    {"crc32a", MCP__HASH_CRC32A, BY_PORT, 1, NULL},
    {"fnv1_64", MCP__HASH_FNV1_64, BY_PORT_AND_NAME, 1, NULL},
    {"fnv1a_64", MCP__HASH_FNV1A_64, BY_PORT_AND_NAME, 0, NULL},
    {"fnv1_32", MCP__HASH_FNV1_32, BY_PORT, 1, NULL},
    {"fnv1a_32", MCP__HASH_FNV1A_32, BY_PORT_AND_NAME, 1, NULL},
    {"hsieh", MCP__HASH_HSIEH, BY_PORT, 0, NULL},
    {"murmur", MCP__HASH_MURMUR, BY_PORT, 1, NULL},
    {"jenkins", MCP__HASH_JENKINS, BY_PORT, 0, NULL},
    {"fnv1a_64", MCP__HASH_FNV1A_64, BY_PATH, 0, NULL},
    {"murmur", MCP__HASH_MURMUR, BY_PATH, 1, NULL},
    {"fnv1a_64", MCP__HASH_DEFAULT, BY_PORT, 1, "{}"},
    {"md5", MCP__HASH_MD5, BY_PORT_AND_NAME, 0, "$$"},
};
#define N_WISHES (int)(sizeof wishes / sizeof wishes[0])

/* The nutcracker under way; it dies with the test. */
typedef struct proxy {
    server *servers[SERVERS]; /* the memcached behind it */
    char listen[128];
    kit_list list;
    kit_random random;
    pid_t pid;
} proxy;

static const char *const names[SERVERS] = {"alpha", "beta", "10.0.0.3:11211", "d",
                                           "cache-number-5"};

static void
write_servers(FILE *out, proxy *p, const pool *wish)
{
    for (unsigned i = 0; i < SERVERS; i++) {
        const server *s = p->servers[i];
        uint32_t weight = wish->weighted ? 1 + kit_draw(&p->random, 30) : 1;
        const char *name = wish->form == BY_PORT_AND_NAME ? names[i] : NULL;
        if (wish->form == BY_PATH) {
            fprintf(out, "   - %s:%u\n", s->path, weight);
            kit_add(&p->list, s->path, 0, weight, NULL);
        } else {
            fprintf(out, "   - 127.0.0.1:%d:%u%s%s\n", s->port, weight, name ? " " : "",
                    name ? name : "");
            kit_add(&p->list, "127.0.0.1", (unsigned)s->port, weight, name);
        }
    }
}

static void
write_file(const char *path, proxy *p, const pool *wish)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fprintf(out, "pool:\n  listen: %s\n  distribution: ketama\n", p->listen);
    if (wish->hash != NULL)
        fprintf(out, "  hash: %s\n", wish->hash);
    if (wish->tag != NULL)
        fprintf(out, "  hash_tag: \"%s\"\n", wish->tag);
    fprintf(out, "  servers:\n");
    write_servers(out, p, wish);
    ck_assert_int_eq(fclose(out), 0);
}

static int
dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static int
is_up(void *context)
{
    const proxy *p = context;
    ck_assert_msg(waitpid(p->pid, NULL, WNOHANG) == 0, "nutcracker has ended");
    int fd = dial(p->listen);
    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

static void
start(proxy *p, const pool *wish)
{
    char conf[128], log[128], pid_file[128], nobody[64];
    for (unsigned i = 0; i < SERVERS; i++)
        p->servers[i] = wish->form == BY_PATH ? server_unix(NULL) : server_tcp(NULL);
    run_path(p->listen, sizeof p->listen, ".sock");
    run_path(conf, sizeof conf, ".yml");
    run_path(log, sizeof log, ".log");
    run_path(pid_file, sizeof pid_file, ".pid");
    write_file(conf, p, wish);
    const char *stats_port = strrchr(server_nobody(nobody, sizeof nobody), ':') + 1;
    int parent = (int)getpid();
    p->pid = fork();
    ck_assert_int_ge(p->pid, 0);
    if (p->pid == 0) {
        run_die_with_parent(parent);
        execlp("nutcracker", "nutcracker", "-c", conf, "-o", log, "-p", pid_file, "-a", "127.0.0.1",
               "-s", stats_port, (char *)NULL);
        _exit(127);
    }
    ck_assert_msg(wait_until(is_up, p, 5000), "nutcracker does not answer");
}

static void
stop(proxy *p)
{
    kill(p->pid, SIGTERM);
    waitpid(p->pid, NULL, 0);
    kit_clear(&p->list);
}

static void
store(int fd, const char *key)
{
    char request[512], reply[64];
    int len = snprintf(request, sizeof request, "set %s 0 0 1\r\nx\r\n", key);
    size_t got = 0;
    ck_assert_int_eq(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
    while (got < 8) {
        ssize_t n = recv(fd, reply + got, sizeof reply - got, 0);
        ck_assert_msg(n > 0, "nutcracker hung up");
        got += (size_t)n;
    }
    ck_assert_msg(got == 8 && memcmp(reply, "STORED\r\n", 8) == 0, "%.*s", (int)got, reply);
}

/* A key of bytes that may stand on the wire, distinct by its number; with a tag, in many shapes. */
static void
make_key(proxy *p, const pool *wish, unsigned number, char key[260])
{
    size_t len = (size_t)snprintf(key, 260, "%u:", number);
    size_t end = len + kit_draw(&p->random, kit_draw(&p->random, 3) ? 30 : 230);
    for (; len < end; len++)
        key[len] = (char)(kit_draw(&p->random, 3) ? 33 + kit_draw(&p->random, 94)
                                                  : 128 + kit_draw(&p->random, 128));
    key[len] = '\0';
    for (unsigned i = kit_draw(&p->random, 4); wish->tag != NULL && i > 0; i--)
        key[kit_draw(&p->random, (uint32_t)len)] = wish->tag[kit_draw(&p->random, 2)];
}

static void
store_and_find(proxy *p, const pool *wish)
{
    static char keys[KEYS][260];
    mcp__mem mem = mcp__mem_system();
    mcp__err err;
    mcp__place_spec place = {.distribution = MCP__TWEMPROXY, .hash = wish->ours};
    if (wish->tag != NULL)
        memcpy(place.hash_tag, wish->tag, 2);
    mcp__pairing *pairing =
        mcp__pairing_new(&mem, &place, MCP__MIRROR_OFF, p->list.servers, SERVERS, 0, &err);
    ck_assert_ptr_nonnull(pairing);
    int fd = dial(p->listen);
    for (unsigned i = 0; i < KEYS; i++) {
        make_key(p, wish, i, keys[i]);
        store(fd, keys[i]);
    }
    close(fd);
    unsigned used[SERVERS] = {0}, n_used = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        uint32_t at = mcp__pairing_find(pairing, keys[i], strlen(keys[i])).primary;
        ck_assert_msg(server_look(p->servers[at], keys[i])->found, "%s: key '%s' is not on %u (%s)",
                      wish->hash, keys[i], at, p->list.servers[at].address);
        n_used += used[at]++ == 0;
    }
    /* crc32 has 15 bits only: below the first point of nearly every ring. */
    if (wish->ours != MCP__HASH_CRC32)
        ck_assert_uint_gt(n_used, 1);
    mcp__pairing_free(pairing);
}

START_TEST(found_where_we_say)
{
    proxy p = {.random = {(uint64_t)_i + 1}};
    start(&p, &wishes[_i]);
    store_and_find(&p, &wishes[_i]);
    stop(&p);
}
END_TEST

int
main(void)
{
    if (!run_has("nutcracker")) {
        printf("skipped: no nutcracker here\n");
        return 77;
    }
    TCase *tests = tcase_create("nutcracker");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, found_where_we_say, 0, N_WISHES);
    printf("%d pools, %d keys each\n", N_WISHES, KEYS);
    return run_tests("place_nutcracker", tests);
}
