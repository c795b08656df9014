/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every row of every vector file. The files were written by the old clients themselves, so this is
 * the proof that a warm cache stays warm. A file that is missing or has no rows fails.
 */
#include "place_kit.h"

#include <dirent.h>

#include "place/hash.h"

/* What ran; the tests run in one process, so that these add up. */
static unsigned long all_rows, all_files;

#define MAX_FIELDS 16
#define MAX_KEY 1024

static void
vector_path(char *out, size_t size, const char *file)
{
#ifdef MCP_VECTORS_DIR
    snprintf(out, size, "%s/%s", MCP_VECTORS_DIR, file);
#else
    const char *top = getenv("MCP_TOP");
    top = top != NULL ? top : getenv("srcdir");
    snprintf(out, size, "%s/tests/vectors/%s", top != NULL ? top : ".", file);
#endif
}

typedef struct fields {
    char *fields[MAX_FIELDS];
    unsigned n;
    uint8_t key[MAX_KEY];
    size_t key_len;
} fields;

/* The comment line "# servers (...): 0=host:port/weight 1=..." becomes a list. */
static void
read_servers(kit_list *list, const char *line)
{
    const char *at = strstr(line, ": 0=");
    char host[256];
    unsigned index, port, weight;
    ck_assert_ptr_nonnull(at);
    for (at += 2; sscanf(at, "%u=%255[^:]:%u/%u", &index, host, &port, &weight) == 4;) {
        ck_assert_uint_eq(index, list->n);
        kit_add(list, host, port, weight, NULL);
        at += strcspn(at, " \n");
        at += strspn(at, " ");
    }
    ck_assert_uint_ge(list->n, 2);
}

/* "host:port:weight,host:port:weight" */
static void
read_config(kit_list *list, const char *text)
{
    char host[256];
    unsigned port, weight;
    while (sscanf(text, "%255[^:]:%u:%u", host, &port, &weight) == 3) {
        kit_add(list, host, port, weight, NULL);
        text += strcspn(text, ",");
        text += *text == ',';
    }
    ck_assert_uint_ge(list->n, 2);
    ck_assert_int_eq(*text, '\0');
}

static void
read_key(fields *row, const char *hex)
{
    size_t len = strlen(hex) / 2;
    ck_assert_uint_le(len, MAX_KEY);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        row->key[i] = (uint8_t)byte;
    }
    row->key_len = len;
}

static void
split(fields *row, char *line)
{
    row->n = 0;
    line[strcspn(line, "\n")] = '\0';
    while (row->n < MAX_FIELDS) {
        row->fields[row->n++] = line;
        char *tab = strchr(line, '\t');
        if (tab == NULL)
            return;
        *tab = '\0';
        line = tab + 1;
    }
}

/* Lines that begin with '#' go to `comment` (may be NULL), the others to `data`. */
static void
each_row(const char *file, void (*comment)(void *, const char *), void (*data)(void *, fields *),
         void *context)
{
    char path[1024];
    static char line[65536];
    static fields row;
    unsigned long n = 0;
    vector_path(path, sizeof path, file);
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s is missing", path);
    while (fgets(line, sizeof line, in) != NULL) {
        if (line[0] == '#' || line[0] == '\n') {
            if (comment != NULL)
                comment(context, line);
            continue;
        }
        split(&row, line);
        data(context, &row);
        n++;
    }
    fclose(in);
    ck_assert_msg(n > 0, "%s has no rows", path);
    printf("%s: %lu rows\n", file, n);
    all_rows += n;
    all_files++;
}

/* ---- libmemcached ------------------------------------------------------------------------- */

typedef struct mode {
    const char *name;
    mcp__distribution distribution;
    mcp__hash hash;
} mode;

static const mode modes[] = {
    {"consistent", MCP__CONSISTENT, MCP__HASH_DEFAULT},
    {"consistent_hash_after", MCP__CONSISTENT_HASH_AFTER, MCP__HASH_MD5},
    {"consistent_md5", MCP__CONSISTENT, MCP__HASH_MD5},
    {"ketama", MCP__CONSISTENT, MCP__HASH_DEFAULT},
    {"ketama_md5", MCP__CONSISTENT, MCP__HASH_MD5},
    {"ketama_spy", MCP__KETAMA_SPY, MCP__HASH_MD5},
    {"ketama_weighted", MCP__KETAMA_WEIGHTED, MCP__HASH_DEFAULT},
    {"ketama_weighted_fnv1a64", MCP__KETAMA_WEIGHTED, MCP__HASH_FNV1A_64},
    {"ketama_weighted_spy", MCP__KETAMA_WEIGHTED_SPY, MCP__HASH_DEFAULT},
    {"modula", MCP__MODULA, MCP__HASH_DEFAULT},
    {"modula_crc", MCP__MODULA, MCP__HASH_CRC},
    {"modula_fnv1a32", MCP__MODULA, MCP__HASH_FNV1A_32},
    {"modula_md5", MCP__MODULA, MCP__HASH_MD5},
};
static const char *const sets[] = {"eq3", "five", "weighted3"};
#define N_MODES (int)(sizeof modes / sizeof modes[0])
#define N_SETS (int)(sizeof sets / sizeof sets[0])

typedef struct libmemcached {
    const mode *mode;
    kit_list list;
    mcp__map *map;
} libmemcached;

static void
libmemcached_comment(void *context, const char *line)
{
    libmemcached *t = context;
    if (strncmp(line, "# servers", 9) == 0)
        read_servers(&t->list, line);
}

static void
libmemcached_row(void *context, fields *row)
{
    libmemcached *t = context;
    ck_assert_uint_eq(row->n, 3);
    if (t->map == NULL)
        t->map = kit_map(t->mode->distribution, t->mode->hash, t->list.servers, t->list.n);
    read_key(row, row->fields[0]);
    uint32_t found = kit_find(t->map, row->key, row->key_len);
    ck_assert_msg(found == strtoul(row->fields[2], NULL, 10), "%s: key %s is on %u, not on %s",
                  t->mode->name, row->fields[0], found, row->fields[2]);
}

START_TEST(libmemcached_indices)
{
    char file[128];
    libmemcached t = {.mode = &modes[_i / N_SETS]};
    snprintf(file, sizeof file, "libmemcached_%s__%s.tsv", t.mode->name, sets[_i % N_SETS]);
    each_row(file, libmemcached_comment, libmemcached_row, &t);
    mcp__map_free(t.map);
    kit_clear(&t.list);
}
END_TEST

/* The columns of libmemcached_hashes.tsv; hsieh is not built in there and reads 1. */
static const mcp__hash columns[] = {
    MCP__HASH_ONE_AT_A_TIME, MCP__HASH_MD5,     MCP__HASH_CRC,      MCP__HASH_FNV1_64,
    MCP__HASH_FNV1A_64,      MCP__HASH_FNV1_32, MCP__HASH_FNV1A_32, MCP__HASH_DEFAULT,
    MCP__HASH_MURMUR,        MCP__HASH_JENKINS, MCP__HASH_MURMUR3,
};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

static void
hashes_comment(void *context, const char *line)
{
    if (strncmp(line, "# columns", 9) == 0)
        *(int *)context = strstr(line, "default_one_at_a_time\tmd5\tcrc\tfnv1_64\tfnv1a_64\tfnv1_32"
                                       "\tfnv1a_32\thsieh\tmurmur\tjenkins\tmurmur3") != NULL;
}

static void
hashes_row(void *context, fields *row)
{
    ck_assert_msg(*(int *)context, "the columns are not the ones this test knows");
    ck_assert_uint_eq(row->n, 1 + N_COLUMNS);
    read_key(row, row->fields[0]);
    for (unsigned i = 0; i < N_COLUMNS; i++) {
        uint32_t expected = (uint32_t)strtoul(row->fields[1 + i], NULL, 10);
        if (columns[i] == MCP__HASH_DEFAULT)
            continue;
        ck_assert_msg(mcp__hash_compute(columns[i], row->key, row->key_len) == expected,
                      "hash %d of %s is not %s", (int)columns[i], row->fields[0],
                      row->fields[1 + i]);
    }
}

START_TEST(libmemcached_hashes)
{
    int known = 0;
    each_row("libmemcached_hashes.tsv", hashes_comment, hashes_row, &known);
}
END_TEST

/* ---- The PHP extensions: the servers stand in each row ------------------------------------ */

typedef struct config {
    const mode *mode;
    char text[512];
    kit_list list;
    mcp__map *map;
} config;

static void
config_set(config *c, const char *text, mcp__distribution distribution, mcp__hash hash)
{
    mcp__map_free(c->map);
    kit_clear(&c->list);
    snprintf(c->text, sizeof c->text, "%s", text);
    read_config(&c->list, text);
    c->map = kit_map(distribution, hash, c->list.servers, c->list.n);
}

static void
config_clear(config *c)
{
    mcp__map_free(c->map);
    kit_clear(&c->list);
}

/* What the extension hashes: the prepared key. */
static void
prepare(fields *row)
{
    char prepared[MCP__HASH_PREPARED_MAX];
    row->key_len = mcp__hash_prepare(prepared, row->key, row->key_len);
    memcpy(row->key, prepared, row->key_len);
}

static const mode php_modes[] = {
    {"pecl_memcache_standard_crc32", MCP__MEMCACHE_STANDARD, MCP__HASH_CRC32},
    {"pecl_memcache_standard_fnv", MCP__MEMCACHE_STANDARD, MCP__HASH_FNV},
    {"pecl_memcache_consistent_crc32", MCP__MEMCACHE_CONSISTENT, MCP__HASH_CRC32},
    {"pecl_memcache_consistent_fnv", MCP__MEMCACHE_CONSISTENT, MCP__HASH_FNV},
    {"php_memcached_default_modula", MCP__MODULA, MCP__HASH_DEFAULT},
    {"php_memcached_consistent", MCP__CONSISTENT, MCP__HASH_DEFAULT},
    {"php_memcached_ketama", MCP__KETAMA_WEIGHTED, MCP__HASH_DEFAULT},
};
#define N_PHP_MODES (int)(sizeof php_modes / sizeof php_modes[0])

static void
php_row(void *context, fields *row)
{
    config *c = context;
    ck_assert_uint_eq(row->n, 3);
    if (strcmp(c->text, row->fields[0]) != 0)
        config_set(c, row->fields[0], c->mode->distribution, c->mode->hash);
    read_key(row, row->fields[1]);
    if (c->mode->distribution == MCP__MEMCACHE_STANDARD ||
        c->mode->distribution == MCP__MEMCACHE_CONSISTENT)
        prepare(row);
    uint32_t found = kit_find(c->map, row->key, row->key_len);
    ck_assert_msg(found == strtoul(row->fields[2], NULL, 10), "%s: key %s of %s is on %u, not %s",
                  c->mode->name, row->fields[1], row->fields[0], found, row->fields[2]);
}

START_TEST(php_indices)
{
    char file[128];
    config c = {.mode = &php_modes[_i]};
    snprintf(file, sizeof file, "%s.tsv", c.mode->name);
    each_row(file, NULL, php_row, &c);
    config_clear(&c);
}
END_TEST

/* Fields 0 to 2 of the failover and redundancy files: strategy, function, servers. */
static void
pecl_config(config *c, fields *row)
{
    char text[512];
    int standard = strcmp(row->fields[0], "standard") == 0;
    int crc32 = strcmp(row->fields[1], "crc32") == 0;
    ck_assert(standard || strcmp(row->fields[0], "consistent") == 0);
    ck_assert(crc32 || strcmp(row->fields[1], "fnv") == 0);
    snprintf(text, sizeof text, "%s %s %s", row->fields[0], row->fields[1], row->fields[2]);
    if (strcmp(text, c->text) == 0)
        return;
    config_set(c, row->fields[2], standard ? MCP__MEMCACHE_STANDARD : MCP__MEMCACHE_CONSISTENT,
               crc32 ? MCP__HASH_CRC32 : MCP__HASH_FNV);
    snprintf(c->text, sizeof c->text, "%s", text);
}

static void
failover_row(void *context, fields *row)
{
    config *c = context;
    uint8_t dead[16] = {0};
    uint32_t attempt = 0;
    ck_assert_uint_eq(row->n, 6);
    pecl_config(c, row);
    dead[strtoul(row->fields[3], NULL, 10)] = 1;
    read_key(row, row->fields[4]);
    prepare(row);
    uint32_t found = kit_find(c->map, row->key, row->key_len);
    if (dead[found])
        found = mcp__map_failover(c->map, row->key, row->key_len, dead, &attempt);
    long expected = strtol(row->fields[5], NULL, 10);
    ck_assert_msg((found == MCP__MAP_NONE ? -1 : (long)found) == expected,
                  "%s, %s dead: key %s goes to %d, not %s", c->text, row->fields[3], row->fields[4],
                  (int)found, row->fields[5]);
}

START_TEST(pecl_failover)
{
    config c = {0};
    each_row("pecl_memcache_failover.tsv", NULL, failover_row, &c);
    config_clear(&c);
}
END_TEST

static void
redundancy_row(void *context, fields *row)
{
    config *c = context;
    ck_assert_uint_eq(row->n, 6);
    pecl_config(c, row);
    read_key(row, row->fields[3]);
    prepare(row);
    uint32_t primary = kit_find(c->map, row->key, row->key_len);
    uint32_t copy = mcp__map_redundant(c->map, row->key, row->key_len, primary);
    ck_assert_msg(primary == strtoul(row->fields[4], NULL, 10) &&
                      copy == strtoul(row->fields[5], NULL, 10),
                  "%s: key %s is on %u and %u, not %s and %s", c->text, row->fields[3], primary,
                  copy, row->fields[4], row->fields[5]);
}

START_TEST(pecl_redundancy)
{
    config c = {0};
    each_row("pecl_memcache_redundancy2.tsv", NULL, redundancy_row, &c);
    config_clear(&c);
}
END_TEST

/* Taken from magent itself: the hash, and the index with 2, 3 and 5 servers. */
START_TEST(magent_plain)
{
    static const struct {
        const char *key;
        uint32_t hash, two, three, five;
    } rows[] = {
        {"k0", 5863488, 0, 0, 3},
        {"k1", 5863489, 1, 1, 4},
        {"foo", 193491849, 1, 0, 4},
        {"user:000001", 1041912031, 1, 1, 1},
        {"\xe4\xb8\xad", 193344046, 0, 1, 1},
    };
    kit_list list = {0};
    for (unsigned i = 0; i < 5; i++)
        kit_add(&list, "10.0.0.1", 11211 + i, 1, NULL);
    mcp__map *two = kit_map(MCP__MAGENT, MCP__HASH_DEFAULT, list.servers, 2);
    mcp__map *three = kit_map(MCP__MAGENT, MCP__HASH_DEFAULT, list.servers, 3);
    mcp__map *five = kit_map(MCP__MAGENT, MCP__HASH_DEFAULT, list.servers, 5);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].key);
        ck_assert_uint_eq(mcp__hash_djb2(rows[i].key, len), rows[i].hash);
        ck_assert_uint_eq(kit_find(two, rows[i].key, len), rows[i].two);
        ck_assert_uint_eq(kit_find(three, rows[i].key, len), rows[i].three);
        ck_assert_uint_eq(kit_find(five, rows[i].key, len), rows[i].five);
    }
    mcp__map_free(two);
    mcp__map_free(three);
    mcp__map_free(five);
    kit_clear(&list);
}
END_TEST

/* The last one: no file of the folder was forgotten. */
START_TEST(every_file)
{
    char path[1024];
    unsigned long there = 0;
    vector_path(path, sizeof path, "");
    DIR *folder = opendir(path);
    ck_assert_msg(folder != NULL, "no folder %s", path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        there += end != NULL && strcmp(end, ".tsv") == 0;
    }
    closedir(folder);
    ck_assert_uint_gt(there, 0);
    ck_assert_uint_eq(all_files, there);
    ck_assert_uint_gt(all_rows, 0);
    printf("%lu rows of %lu files\n", all_rows, all_files);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("vectors");
    tcase_add_loop_test(tests, libmemcached_indices, 0, N_MODES * N_SETS);
    tcase_add_test(tests, libmemcached_hashes);
    tcase_add_loop_test(tests, php_indices, 0, N_PHP_MODES);
    tcase_add_test(tests, pecl_failover);
    tcase_add_test(tests, pecl_redundancy);
    tcase_add_test(tests, magent_plain);
    tcase_add_test(tests, every_file);
    return kit_run("place_vectors", tests, CK_NOFORK);
}
