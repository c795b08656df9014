/* SPDX-License-Identifier: BSD-3-Clause */
/* What the option grammar takes, and as what; its limits; random texts. */
#include "api/options.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "test_options_kit.h"

/* ---- Words -------------------------------------------------------------------------------- */

START_TEST(standards)
{
    take("server=a");
    ck_assert_uint_eq(config.n_primaries, 1);
    ck_assert_uint_eq(config.n_backups, 0);
    ck_assert_int_eq(config.place.distribution, MCP__NATIVE);
    ck_assert_int_eq(config.place.hash, MCP__HASH_DEFAULT);
    ck_assert_int_eq(config.place.hash_tag[0], 0);
    ck_assert_int_eq(config.mirror, MCP__MIRROR_OFF);
    ck_assert_int_eq(config.mirror_failover_only, 0);
    ck_assert_str_eq(config.namespace_text, "");
    ck_assert_uint_eq(config.namespace_len, 0);
    ck_assert_str_eq(config.prefix, "mcp:");
    ck_assert_uint_eq(config.prefix_len, 4);
    ck_assert_uint_eq(config.timeout_ms, 500);
    ck_assert_uint_eq(config.connect_timeout_ms, 0);
    ck_assert_uint_eq(config.view_interval_ms, 200);
    ck_assert_uint_eq(config.retry_min_ms, 300);
    ck_assert_uint_eq(config.retry_max_ms, 30000);
    ck_assert_uint_eq(config.suspect_limit, 3);
    ck_assert_uint_eq(config.spin_us, 0);
    ck_assert_uint_eq(config.max_value, 64u << 20);
    ck_assert_int_eq(config.ack, MCP__ACK_BOTH);
    ck_assert_int_eq(config.mirror_verify, 1);
    ck_assert_int_eq(config.repair, 1);
    ck_assert_int_eq(config.resync, 1);
    ck_assert_uint_eq(config.resync_rate, 20000);
    ck_assert_int_eq(config.consistency, MCP__CONSISTENCY_RELAXED);
    ck_assert_int_eq(config.shared_pool, 0);
    ck_assert_int_eq(config.cut_off, MCP__CUT_OFF_DEGRADE);
    ck_assert_int_eq(config.config_skew, MCP__CONFIG_SKEW_WARN);
    ck_assert_int_eq(config.tls, 0);
    ck_assert_ptr_null(config.auth);
    ck_assert_uint_eq(config.given, 1);
    done();
}
END_TEST

static void
is_server(size_t i, const char *name, const char *address, const char *host, int port, int weight)
{
    const mcp__server_spec *spec = &config.servers[i];
    ck_assert_str_eq(spec->name, name);
    ck_assert_str_eq(spec->address, address);
    ck_assert_str_eq(spec->host, host);
    ck_assert_int_eq(spec->port, port);
    ck_assert_int_eq(spec->is_unix, port == 0);
    ck_assert_int_eq((int)spec->weight, weight);
}

START_TEST(servers)
{
    take(
        "backup=[fe80::1%eth0.5]:5/?1000 server=10.0.0.4 backup=\"unix:/a b/\xc3\xa4/?7\" "
        "name=sock "
        "server=Cache-1.example_x.:65535/?2 server=[::ffff:10.0.0.1] name=six timeout=1s weight=9");
    ck_assert_uint_eq(config.n_primaries, 3);
    ck_assert_uint_eq(config.n_backups, 2);
    is_server(0, "10.0.0.4:11211", "10.0.0.4:11211", "10.0.0.4", 11211, 1);
    is_server(1, "Cache-1.example_x.:65535", "Cache-1.example_x.:65535", "Cache-1.example_x.",
              65535, 2);
    is_server(2, "six", "[::ffff:10.0.0.1]:11211", "::ffff:10.0.0.1", 11211, 9);
    is_server(3, "[fe80::1%eth0.5]:5", "[fe80::1%eth0.5]:5", "fe80::1%eth0.5", 5, 1000);
    is_server(4, "sock", "unix:/a b/\xc3\xa4", "/a b/\xc3\xa4", 0, 7);
    ck_assert_int_eq(config.mirror, MCP__MIRROR_BACKUP);
    done();
}
END_TEST

START_TEST(names_and_separators)
{
    take("\t--Server=a;;Connect-Timeout=2s;\r\n# server=b \" = ;\nRETRY_MAX=\"1m\"\v"
         "--tls=off\f--Mirror-Verify=NO;#tls\n;Suspect_Limit=010");
    ck_assert_uint_eq(config.n_primaries, 1);
    ck_assert_uint_eq(config.connect_timeout_ms, 2000);
    ck_assert_uint_eq(config.retry_max_ms, 60000);
    ck_assert_uint_eq(config.suspect_limit, 10);
    done();
}
END_TEST

START_TEST(quotes)
{
    take("server=\"a\" name=\"n;#\" namespace=\"x;\\\"\\\\#=y\";timeout=\"2s\"");
    ck_assert_str_eq(config.servers[0].name, "n;#");
    ck_assert_str_eq(config.namespace_text, "x;\"\\#=y");
    ck_assert_uint_eq(config.namespace_len, 7);
    ck_assert_uint_eq(config.timeout_ms, 2000);
    done();
}
END_TEST

START_TEST(libmemcached_form)
{
    take("--SERVER=h1:11212/?2 --SERVER=h2/?0 --DISTRIBUTION=KETAMA --HASH=FNV1A_32");
    is_server(0, "h1:11212", "h1:11212", "h1", 11212, 2);
    is_server(1, "h2:11211", "h2:11211", "h2", 11211, 1);
    ck_assert_int_eq(config.place.distribution, MCP__CONSISTENT);
    ck_assert_int_eq(config.place.hash, MCP__HASH_FNV1A_32);
    done();
    take("--server=h:11211/?2 --distribution=ketama --hash=md5");
    ck_assert_int_eq(config.place.hash, MCP__HASH_MD5);
    done();
    take("--SERVER=h --DISTRIBUTION=MODULA --HASH=DEFAULT");
    ck_assert_int_eq(config.place.distribution, MCP__MODULA);
    ck_assert_int_eq(config.place.hash, MCP__HASH_DEFAULT);
    done();
}
END_TEST

START_TEST(every_value)
{
    take(
        "server=a server=b distribution=twemproxy hash=crc16 hash_tag={} namespace=app: "
        "prefix=\"p#\" timeout=1500ms connect_timeout=20000us retry_min=2s retry_max=5m "
        "suspect_limit=1000 max_value=2g mirror=next protocol=meta keys=refuse ack=both "
        "mirror_verify=no repair=off resync=off shared_pool=yes tls=no spin=0us consistency=strict "
        "view_interval=750ms resync_rate=1000 cut_off=refuse config_skew=refuse");
    ck_assert_int_eq(config.place.distribution, MCP__TWEMPROXY);
    ck_assert_int_eq(config.place.hash, MCP__HASH_CRC16);
    ck_assert_mem_eq(config.place.hash_tag, "{}", 2);
    ck_assert_str_eq(config.namespace_text, "app:");
    ck_assert_str_eq(config.prefix, "p#");
    ck_assert_uint_eq(config.prefix_len, 2);
    ck_assert_uint_eq(config.timeout_ms, 1500);
    ck_assert_uint_eq(config.connect_timeout_ms, 20);
    ck_assert_uint_eq(config.retry_min_ms, 2000);
    ck_assert_uint_eq(config.retry_max_ms, 300000);
    ck_assert_uint_eq(config.suspect_limit, 1000);
    ck_assert_uint_eq(config.max_value, UINT64_C(2) << 30);
    ck_assert_int_eq(config.mirror, MCP__MIRROR_NEXT);
    ck_assert_int_eq(config.protocol, MCP__PROTOCOL_META);
    ck_assert_int_eq(config.mirror_verify, 0);
    ck_assert_int_eq(config.repair, 0);
    ck_assert_int_eq(config.resync, 0);
    ck_assert_int_eq(config.shared_pool, 1);
    ck_assert_int_eq(config.consistency, MCP__CONSISTENCY_STRICT);
    ck_assert_uint_eq(config.view_interval_ms, 750);
    ck_assert_uint_eq(config.resync_rate, 1000);
    ck_assert_int_eq(config.cut_off, MCP__CUT_OFF_REFUSE);
    ck_assert_int_eq(config.config_skew, MCP__CONFIG_SKEW_REFUSE);
    done();
}
END_TEST

/* With ack=primary nothing is compared behind a write unless it is asked for. */
START_TEST(what_ack_brings_along)
{
    static const struct {
        const char *text;
        mcp__ack ack;
        int verify;
    } cases[] = {
        {"server=a", MCP__ACK_BOTH, 1},
        {"server=a ack=both", MCP__ACK_BOTH, 1},
        {"server=a ack=primary", MCP__ACK_PRIMARY, 0},
        {"server=a mirror_verify ack=primary", MCP__ACK_PRIMARY, 1},
        {"server=a ack=primary mirror_verify=no", MCP__ACK_PRIMARY, 0},
        {"server=a ack=both mirror_verify=no", MCP__ACK_BOTH, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        take(cases[i].text);
        ck_assert_int_eq(config.ack, cases[i].ack);
        ck_assert_int_eq(config.mirror_verify, cases[i].verify);
        done();
    }
}
END_TEST

/* The shortest times that strict takes. */
START_TEST(strict_fits_into_the_deadline)
{
    take("server=a consistency=strict");
    done();
    take("server=a consistency=strict timeout=459ms");
    done();
    take("server=a consistency=strict view_interval=222ms");
    ck_assert_int_eq(config.consistency, MCP__CONSISTENCY_STRICT);
    done();
    take("server=a consistency=relaxed timeout=5ms");
    done();
}
END_TEST

START_TEST(edges_of_numbers)
{
    take(
        "server=a timeout=2147483647ms retry_min=1000us retry_max=1ms suspect_limit=1 max_value=1");
    ck_assert_uint_eq(config.timeout_ms, 2147483647);
    ck_assert_uint_eq(config.retry_min_ms, 1);
    ck_assert_uint_eq(config.retry_max_ms, 1);
    ck_assert_uint_eq(config.max_value, 1);
    done();
    take("server=a timeout=35791m max_value=4G namespace= hash_tag=");
    ck_assert_uint_eq(config.timeout_ms, 35791u * 60000);
    ck_assert_uint_eq(config.max_value, UINT64_C(4) << 30);
    ck_assert_uint_eq(config.namespace_len, 0);
    ck_assert_int_eq(config.place.hash_tag[0], 0);
    done();
    take("server=a max_value=64K");
    ck_assert_uint_eq(config.max_value, 65536);
    done();
}
END_TEST

static const struct {
    const char *text;
    mcp__distribution distribution;
} DISTRIBUTIONS[] = {
    {"native", MCP__NATIVE},
    {"Native", MCP__NATIVE},
    {"modula", MCP__MODULA},
    {"consistent", MCP__CONSISTENT},
    {"CONSISTENT", MCP__CONSISTENT},
    {"ketama", MCP__CONSISTENT},
    {"consistent-hash-after", MCP__CONSISTENT_HASH_AFTER},
    {"ketama-weighted", MCP__KETAMA_WEIGHTED},
    {"KETAMA_WEIGHTED", MCP__KETAMA_WEIGHTED},
    {"ketama-spy", MCP__KETAMA_SPY},
    {"ketama-weighted-spy", MCP__KETAMA_WEIGHTED_SPY},
    {"memcache-standard", MCP__MEMCACHE_STANDARD},
    {"memcache-consistent", MCP__MEMCACHE_CONSISTENT},
    {"magent", MCP__MAGENT},
    {"magent-ketama", MCP__MAGENT_KETAMA},
    {"twemproxy", MCP__TWEMPROXY},
};

START_TEST(distributions)
{
    for (size_t i = 0; i < sizeof DISTRIBUTIONS / sizeof DISTRIBUTIONS[0]; i++) {
        char text[80];
        snprintf(text, sizeof text, "distribution=%s server=a", DISTRIBUTIONS[i].text);
        take(text);
        ck_assert_int_eq(config.place.distribution, DISTRIBUTIONS[i].distribution);
        done();
    }
}
END_TEST

#define LIBMEMCACHED                                                                               \
    "modula consistent consistent-hash-after ketama-weighted ketama-spy ketama-weighted-spy "
#define MEMCACHE "memcache-standard memcache-consistent "
#define ALL LIBMEMCACHED MEMCACHE "native magent magent-ketama twemproxy "

/* Which distribution takes which hash. */
static const struct {
    const char *text;
    mcp__hash hash;
    const char *with;
} HASHES[] = {
    {"default", MCP__HASH_DEFAULT, ALL},
    {"one_at_a_time", MCP__HASH_ONE_AT_A_TIME, LIBMEMCACHED "twemproxy "},
    {"md5", MCP__HASH_MD5, LIBMEMCACHED "twemproxy "},
    {"crc", MCP__HASH_CRC, LIBMEMCACHED},
    {"crc16", MCP__HASH_CRC16, "twemproxy "},
    {"crc32", MCP__HASH_CRC32, MEMCACHE "twemproxy "},
    {"crc32a", MCP__HASH_CRC32A, "twemproxy "},
    {"fnv", MCP__HASH_FNV, MEMCACHE},
    {"fnv1_32", MCP__HASH_FNV1_32, LIBMEMCACHED "twemproxy "},
    {"fnv1_64", MCP__HASH_FNV1_64, LIBMEMCACHED "twemproxy "},
    {"fnv1a_32", MCP__HASH_FNV1A_32, LIBMEMCACHED "twemproxy "},
    {"FNV1A-64", MCP__HASH_FNV1A_64, LIBMEMCACHED "twemproxy "},
    {"hsieh", MCP__HASH_HSIEH, "twemproxy "},
    {"jenkins", MCP__HASH_JENKINS, LIBMEMCACHED "twemproxy "},
    {"murmur", MCP__HASH_MURMUR, LIBMEMCACHED "twemproxy "},
    {"murmur3", MCP__HASH_MURMUR3, LIBMEMCACHED},
};

static void
try_hash(size_t i, const char *distribution)
{
    char text[120];
    char word[40];
    snprintf(text, sizeof text, "server=a hash=%s distribution=%s", HASHES[i].text, distribution);
    snprintf(word, sizeof word, "%s ", distribution);
    const char *hit = strstr(HASHES[i].with, word);
    while (hit != NULL && hit != HASHES[i].with && hit[-1] != ' ')
        hit = strstr(hit + 1, word);
    ck_assert_msg((parse(text) == MCP_OK) == (hit != NULL), "%s: %s", text, err.text);
    if (hit != NULL)
        ck_assert_int_eq(config.place.hash, HASHES[i].hash);
    done();
}

START_TEST(hashes)
{
    for (size_t i = 0; i < sizeof HASHES / sizeof HASHES[0]; i++) {
        for (size_t j = 0; j < sizeof DISTRIBUTIONS / sizeof DISTRIBUTIONS[0]; j++) {
            const char *distribution = DISTRIBUTIONS[j].text;
            /* The proper spellings, in small letters. */
            if (strpbrk(distribution, "NCK_") == NULL && strcmp(distribution, "ketama") != 0)
                try_hash(i, distribution);
        }
    }
}
END_TEST

START_TEST(mirrors)
{
    take("server=a backup=b mirror=backup");
    ck_assert_int_eq(config.mirror, MCP__MIRROR_BACKUP);
    done();
    take("server=a backup=b mirror=off");
    ck_assert_int_eq(config.mirror, MCP__MIRROR_OFF);
    ck_assert_uint_eq(config.n_backups, 1);
    done();
    take("server=a mirror=OFF");
    ck_assert_int_eq(config.mirror, MCP__MIRROR_OFF);
    done();
    take("server=a server=b mirror=probe");
    ck_assert_int_eq(config.mirror, MCP__MIRROR_PROBE);
    ck_assert_int_eq(config.mirror_failover_only, 0);
    done();
    take("server=a server=b mirror=Probe,Failover_Only");
    ck_assert_int_eq(config.mirror, MCP__MIRROR_PROBE);
    ck_assert_int_eq(config.mirror_failover_only, 1);
    done();
}
END_TEST

START_TEST(repeats)
{
    take("distribution=magent server=a server=b server=a backup=a backup=a");
    ck_assert_uint_eq(config.n_primaries, 3);
    ck_assert_uint_eq(config.n_backups, 2);
    done();
    take("server=a backup=a server=a:11212");
    ck_assert_uint_eq(config.n_primaries, 2);
    done();
}
END_TEST

/* ---- The pool as a number ----------------------------------------------------------------- */

static uint32_t
config8(const char *text)
{
    take(text);
    uint32_t number = mcp__options_config8(&config);
    done();
    return number;
}

/* Each of these is another pool than the first, and than all the others. */
static const char *const POOLS[] = {
    "server=a server=b backup=c",
    "server=b server=a backup=c",
    "server=a backup=b backup=c",
    "server=a server=b server=c mirror=next",
    "server=a server=b backup=c mirror=off",
    "server=a server=b weight=2 backup=c",
    "server=a server=b name=x backup=c",
    "server=a server=b:1 backup=c",
    "server=a server=b backup=c distribution=ketama",
    "server=a server=b backup=c distribution=ketama hash=md5",
    "server=a server=b backup=c distribution=twemproxy hash_tag={}",
    "server=a server=b backup=c prefix=m:",
    "server=a server=b mirror=probe",
    "server=a server=b mirror=probe,failover-only",
};

/* Which of two texts means the same pool must not depend on how it is written. */
static const char *const SAME[][2] = {
    {"server=a server=b backup=c", "backup=c:11211 server=a timeout=2s server=b/?1"},
    {"server=a backup=b", "server=a backup=b mirror=backup distribution=native prefix=mcp:"},
    {"server=a distribution=ketama-weighted", "server=a distribution=ketama-weighted hash=md5"},
    {"server=a namespace=x", "server=a view_interval=1s ack=primary consistency=relaxed"},
};

START_TEST(pools_have_numbers)
{
    enum { N = sizeof POOLS / sizeof POOLS[0] };
    uint32_t numbers[N];
    for (size_t i = 0; i < N; i++) {
        numbers[i] = config8(POOLS[i]);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(numbers[i] != numbers[j], "%s\n%s", POOLS[i], POOLS[j]);
    }
    for (size_t i = 0; i < sizeof SAME / sizeof SAME[0]; i++)
        ck_assert_msg(config8(SAME[i][0]) == config8(SAME[i][1]), "%s\n%s", SAME[i][0], SAME[i][1]);
}
END_TEST

/* ---- Limits ------------------------------------------------------------------------------- */

static void
many_servers(unsigned n, mcp_status status)
{
    char *text = malloc((size_t)n * 24 + 1);
    size_t used = 0;
    ck_assert_ptr_nonnull(text);
    for (unsigned i = 0; i < n; i++)
        used += (size_t)sprintf(text + used, "server=10.%u.%u.4 ", i / 250, i % 250);
    ck_assert_msg(parse(text) == status, "%s", err.text);
    if (status == MCP_OK)
        ck_assert_uint_eq(config.n_primaries, n);
    done();
    free(text);
}

START_TEST(limits)
{
    char text[400];
    many_servers(1000, MCP_OK);
    many_servers(10000, MCP_OK);
    many_servers(10001, MCP_BAD_ARGUMENT);
    snprintf(text, sizeof text, "server=unix:/%0106d/?3", 0);
    take(text);
    ck_assert_uint_eq(strlen(config.servers[0].host), 107);
    done();
    snprintf(text, sizeof text, "server=unix:/%0107d", 0);
    ck_assert_int_eq(parse(text), MCP_BAD_ARGUMENT);
    for (int extra = 0; extra < 2; extra++) {
        mcp_status status = extra ? MCP_BAD_ARGUMENT : MCP_OK;
        snprintf(text, sizeof text, "server=%0*dx", 62 + extra, 0);
        ck_assert_int_eq(parse(text), status);
        done();
        snprintf(text, sizeof text, "server=%063d.%063d.%063d.%0*dx", 1, 2, 3, 60 + extra, 0);
        ck_assert_int_eq(parse(text), status);
        done();
        snprintf(text, sizeof text, "server=a namespace=%0*d", 249 + extra, 0);
        ck_assert_int_eq(parse(text), status);
        done();
        snprintf(text, sizeof text, "server=a prefix=%0*d", 64 + extra, 0);
        ck_assert_int_eq(parse(text), status);
        done();
        snprintf(text, sizeof text, "server=a name=%0*d", 200 + extra, 0);
        ck_assert_int_eq(parse(text), status);
        done();
    }
}
END_TEST

/* ---- Anything at all ---------------------------------------------------------------------- */

static uint32_t
next_number(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

START_TEST(random_texts)
{
    static const char *const pieces[] = {
        "server",
        "backup",
        "=",
        "a",
        "[::1]",
        ":1",
        "unix:/x",
        "/?2",
        " ",
        ";",
        "\"",
        "\\",
        "#",
        "\n",
        "--",
        "weight",
        "name",
        "timeout",
        "250ms",
        "tls",
        "auth",
        "x:y",
        "hash",
        "md5",
        "distribution",
        "modula",
        "mirror",
        "next",
        "namespace",
        "%",
        "]",
        "\xc3\xa4",
        "\xff",
        "99999999999999999999",
        "max_value",
        "64k",
        "server=a ",
        "hash_tag={} ",
    };
    uint32_t state = 2463534242u;
    unsigned accepted = 0;
    for (int round = 0; round < 20000; round++) {
        char text[600];
        size_t used = (size_t)sprintf(text, "%s", round % 2 ? "server=h " : "");
        for (uint32_t n = next_number(&state) % 20; n > 0; n--) {
            const char *piece = pieces[next_number(&state) % (sizeof pieces / sizeof pieces[0])];
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", piece);
        }
        mcp_status status = parse(text);
        ck_assert_msg(status == MCP_OK || status == MCP_BAD_ARGUMENT, "%s", text);
        ck_assert_int_eq(status == MCP_OK, err.text[0] == '\0');
        for (const char *c = err.text; *c != '\0'; c++)
            ck_assert_msg(*c >= 0x20 && *c < 0x7f, "%s", text);
        accepted += status == MCP_OK;
        done();
    }
    ck_assert_uint_gt(accepted, 100);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, standards);
    tcase_add_test(tcase, servers);
    tcase_add_test(tcase, names_and_separators);
    tcase_add_test(tcase, quotes);
    tcase_add_test(tcase, libmemcached_form);
    tcase_add_test(tcase, every_value);
    tcase_add_test(tcase, what_ack_brings_along);
    tcase_add_test(tcase, strict_fits_into_the_deadline);
    tcase_add_test(tcase, edges_of_numbers);
    tcase_add_test(tcase, distributions);
    tcase_add_test(tcase, hashes);
    tcase_add_test(tcase, mirrors);
    tcase_add_test(tcase, repeats);
    tcase_add_test(tcase, pools_have_numbers);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, random_texts);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
