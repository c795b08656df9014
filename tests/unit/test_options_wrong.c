/* SPDX-License-Identifier: BSD-3-Clause */
/* What the option grammar refuses: the word, its place and what would be right, text by text. */
#include "api/options.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pair/marks.h"
#include "support.h"

typedef struct wrong {
    const char *text;
    const char *says;
} wrong;

#define NO_HOST "that is no host name (letters, digits, - . _) and no whole IPv4 address"
#define PORT "the port is a number from 1 to 65535, as in host:11211"
#define NO_VALUE "a value is missing; "
#define SERVERS                                                                                    \
    "no such distribution; it is native, modula, consistent, consistent-hash-after, "              \
    "ketama-weighted, ketama-spy, ketama-weighted-spy, memcache-standard, memcache-consistent, "   \
    "magent, magent-ketama or twemproxy"
#define ASKED "the servers are asked for there, so no server= may be given"

static const wrong GRAMMAR[] = {
    {"", "no server is given; there must be one, as in server=10.0.0.4:11211"},
    {" ;# server=a", "no server is given; there must be one, as in server=10.0.0.4:11211"},
    {"backup=a", "no server is given; there must be one, as in server=10.0.0.4:11211"},
    {"server=a =x", "\"=x\" at position 10: a name is missing; a word is name=value"},
    {"server=a --", "\"--\" at position 10: a name is missing; a word is name=value"},
    {"server=a --=1", "\"--=1\" at position 10: a name is missing; a word is name=value"},
    {"server=a \"x\"",
     "\"\"\" at position 10: a word is name=value; quotes stand around the value only"},
    {"server=a name=\"x", "\"name=***\" at position 10: the closing \" is missing"},
    {"server=a name=\"x\\\"", "\"name=***\" at position 10: the closing \" is missing"},
    {"server=a name=\"x\\n\"",
     "\"name=***\" at position 10: inside quotes a \\ stands before \" or "
     "\\ only; write \\\\ for one"},
    {"server=a name=\"x\"y",
     "\"name=***\" at position 10: behind the closing \" a blank or ; is missing"},
    {"server=a name=x\"y", "\"name=x\" at position 10: a value with a \" in it stands in quotes as "
                           "a whole, like \"a\\\"b\""},
    {"server=a#b", "\"server=a\" at position 1: a value with a # in it stands in quotes; before a "
                   "comment there is a blank"},
    {"server=a tls#b", "\"tls\" at position 10: before a comment there is a blank"},
    {"server=a;\t tmeout=5ms",
     "\"tmeout=5ms\" at position 12: no such option; did you mean timeout?"},
    {"server=a namespace=\xc3\xa4 retry-mni=1s",
     "\"retry-mni=1s\" at position 22: no such option; did you mean retry_min?"},
    {"server=a akc=both", "\"akc=both\" at position 10: no such option; did you mean ack?"},
    {"server=a surprise=1",
     "\"surprise=1\" at position 10: no such option; mcproxy_options(7) has the list"},
    {"server=a a_name_that_is_longer_than_any_name_of_an_option",
     "\"a_name_that_is_longer_than_any_name_of_an_option\" at position 10: no such option; "
     "mcproxy_options(7) has the list"},
    {"10.0.0.4:11211", "\"10.0.0.4:11211\" at position 1: no such option; a server is written "
                       "server=10.0.0.4:11211"},
    {"server\xc3\xa4=a\n",
     "\"server\\xc3\\xa4=a\" at position 1: no such option; did you mean server?"},
    {"server=a timeout=1s\n--TIMEOUT=2s",
     "\"--TIMEOUT=2s\" at position 21: timeout was given before, and counts once only"},
    {"server=a tls=no tls=no",
     "\"tls=no\" at position 17: tls was given before, and counts once only"},
};

static const wrong SERVER[] = {
    {"server", "\"server\" at position 1: " NO_VALUE
               "server= takes host, host:port, [v6]:port or unix:/path, each with /?weight"},
    {"server=\"\"", "\"server=\"\"\" at position 1: " NO_VALUE
                    "server= takes host, host:port, [v6]:port or unix:/path, each with /?weight"},
    {"server=a backup=", "\"backup=\" at position 10: " NO_VALUE "backup= takes as server"},
    {"server=/?2", "\"server=/?2\" at position 1: a server is missing; write host, host:port, "
                   "[v6]:port or unix:/path"},
    {"server=a:0", "\"server=a:0\" at position 1: " PORT},
    {"server=a:65536", "\"server=a:65536\" at position 1: " PORT},
    {"server=a:", "\"server=a:\" at position 1: " PORT},
    {"server=a:1x", "\"server=a:1x\" at position 1: " PORT},
    {"server=a:99999999999", "\"server=a:99999999999\" at position 1: " PORT},
    {"server=[::1]:", "\"server=[::1]:\" at position 1: " PORT},
    {"server=[::1", "\"server=[::1\" at position 1: the ] is missing, as in [::1]:11211"},
    {"server=[::1]x",
     "\"server=[::1]x\" at position 1: behind the ] only :port and /?weight may follow"},
    {"server=[]", "\"server=[]\" at position 1: what stands in [] is no IPv6 address"},
    {"server=[::g]", "\"server=[::g]\" at position 1: what stands in [] is no IPv6 address"},
    {"server=[10.0.0.4]",
     "\"server=[10.0.0.4]\" at position 1: what stands in [] is no IPv6 address"},
    {"server=[fe80::1%]", "\"server=[fe80::1%]\" at position 1: the scope behind % is the name or "
                          "number of an interface"},
    {"server=[fe80::1%a/b]",
     "\"server=[fe80::1%a/b]\" at position 1: the scope behind % is the name "
     "or number of an interface"},
    {"server=[fe80::1%abcdefghijklmnop]", "\"server=[fe80::1%abcdefghijklmnop]\" at position 1: "
                                          "the scope behind % is the name or number "
                                          "of an interface"},
    {"server=::1",
     "\"server=::1\" at position 1: an IPv6 address stands in brackets, as in [::1]:11211"},
    {"server=a:1:2",
     "\"server=a:1:2\" at position 1: an IPv6 address stands in brackets, as in [::1]:11211"},
    {"server=10.0.0.256", "\"server=10.0.0.256\" at position 1: " NO_HOST},
    {"server=10.0.0:1", "\"server=10.0.0:1\" at position 1: " NO_HOST},
    {"server=1.2.3.4.", "\"server=1.2.3.4.\" at position 1: " NO_HOST},
    {"server=a..b", "\"server=a..b\" at position 1: " NO_HOST},
    {"server=.", "\"server=.\" at position 1: " NO_HOST},
    {"server=.a", "\"server=.a\" at position 1: " NO_HOST},
    {"server=-a", "\"server=-a\" at position 1: " NO_HOST},
    {"server=a,b", "\"server=a,b\" at position 1: " NO_HOST},
    {"server=u@a", "\"server=u@a\" at position 1: " NO_HOST},
    {"server=:11211", "\"server=:11211\" at position 1: " NO_HOST},
    {"server=\"a b\"", "\"server=\"a b\"\" at position 1: " NO_HOST},
    {"server=\"a\nb\"", "\"server=\"a\\x0ab\"\" at position 1: " NO_HOST},
    {"server=\xc3\xa4", "\"server=\\xc3\\xa4\" at position 1: " NO_HOST},
    {"server=11211",
     "\"server=11211\" at position 1: a host is missing; a server is written host:port"},
    {"server=a/b",
     "\"server=a/b\" at position 1: behind the host only :port and /?weight may follow"},
    {"server=a:1/", "\"server=a:1/\" at position 1: " PORT},
    {"server=/run/x", "\"server=/run/x\" at position 1: a unix socket is written unix:/path"},
    {"server=unix:run",
     "\"server=unix:run\" at position 1: a unix socket is written with its whole path, unix:/path"},
    {"server=unix:/?1",
     "\"server=unix:/?1\" at position 1: a unix socket is written with its whole path, unix:/path"},
    {"server=unix:/run/", "\"server=unix:/run/\" at position 1: the path of a unix socket names a "
                          "file, as in unix:/run/memcached.sock"},
    {"server=\"unix:/a\tb\"",
     "\"server=\"unix:/a\\x09b\"\" at position 1: the path holds a byte that "
     "is no printable text"},
    {"server=unix:/\xff", "\"server=unix:/\\xff\" at position 1: the path holds a byte that is no "
                          "printable text"},
    {"server=unix:/\xe2\x82",
     "\"server=unix:/\\xe2\\x82\" at position 1: the path holds a byte that "
     "is no printable text"},
    {"server=unix:/\xed\xa0\x80",
     "\"server=unix:/\\xed\\xa0\\x80\" at position 1: the path holds a "
     "byte that is no printable text"},
    {"server=unix:/\xe2\x28\xa1",
     "\"server=unix:/\\xe2(\\xa1\" at position 1: the path holds a byte that "
     "is no printable text"},
    {"server=123456789012345678.1.2.3",
     "\"server=123456789012345678.1.2.3\" at position 1: " NO_HOST},
    {"server=a/?0", "\"server=a/?0\" at position 1: a weight is a number from 1 to 1000"},
    {"server=a --backup=b/?0",
     "\"--backup=b/?0\" at position 10: a weight is a number from 1 to 1000"},
    {"server=a/?", "\"server=a/?\" at position 1: the weight behind /? is a number from 1 to 1000"},
    {"server=a/?-1",
     "\"server=a/?-1\" at position 1: the weight behind /? is a number from 1 to 1000"},
    {"--server=a/?1001",
     "\"--server=a/?1001\" at position 1: the weight behind /? is a number from 1 to 1000"},
    {"server=a weight=0", "\"weight=0\" at position 10: a weight is a number from 1 to 1000"},
    {"server=a weight=1001", "\"weight=1001\" at position 10: a weight is a number from 1 to 1000"},
    {"server=a weight=1x", "\"weight=1x\" at position 10: a weight is a number from 1 to 1000"},
    {"server=a weight=99999999999999999999999",
     "\"weight=99999999999999999999999\" at position 10: a weight is a number from 1 to 1000"},
    {"server=a weight", "\"weight\" at position 10: " NO_VALUE "weight= takes 1 to 1000"},
    {"server=a/?2 weight=2", "\"weight=2\" at position 13: a:11211 has a weight already"},
    {"server=a weight=2 weight=2", "\"weight=2\" at position 19: a:11211 has a weight already"},
    {"weight=2 server=a",
     "\"weight=2\" at position 1: it belongs to the server or backup word before "
     "it, and there is none"},
    {"name=x server=a",
     "\"name=x\" at position 1: it belongs to the server or backup word before it, "
     "and there is none"},
    {"server=a name", "\"name\" at position 10: " NO_VALUE "name= takes printable text"},
    {"server=a name=x name=y", "\"name=y\" at position 17: a:11211 has a name already"},
    {"server=a name=\"x y\"", "\"name=\"x y\"\" at position 10: the name of a server is printable "
                              "ASCII without blank, \" and \\"},
    {"server=a name=\xc3\xa4",
     "\"name=\\xc3\\xa4\" at position 10: the name of a server is printable "
     "ASCII without blank, \" and \\"},
    {"server=a server=a:11211",
     "\"server=a:11211\" at position 10: a:11211 is in this list already; "
     "distribution=native takes a server once, give it a weight instead"},
    {"server=a backup=b name=x backup=b name=y",
     "\"backup=b\" at position 26: b:11211 is in this list already; distribution=native takes a "
     "server once, give it a weight instead"},
    {"server=a name=x backup=b name=x",
     "\"backup=b\" at position 17: the name x is taken by a:11211"},
    {"distribution=modula server=a name=b:11211 server=b",
     "\"server=b\" at position 43: the name b:11211 is taken by a:11211"},
};

static const wrong VALUES[] = {
    {"server=a timeout", "\"timeout\" at position 10: " NO_VALUE "timeout= takes time"},
    {"server=a timeout=500",
     "\"timeout=500\" at position 10: a time needs a unit: us, ms, s or m, as in 250ms"},
    {"server=a timeout=0",
     "\"timeout=0\" at position 10: a time needs a unit: us, ms, s or m, as in 250ms"},
    {"server=a timeout=0ms",
     "\"timeout=0ms\" at position 10: out of range; timeout is 1ms to 2147483647ms"},
    {"server=a timeout=2147483648ms",
     "\"timeout=2147483648ms\" at position 10: out of range; timeout is 1ms to 2147483647ms"},
    {"server=a timeout=35792m",
     "\"timeout=35792m\" at position 10: out of range; timeout is 1ms to 2147483647ms"},
    {"server=a timeout=18446744073709551617ms",
     "\"timeout=18446744073709551617ms\" at position 10: "
     "out of range; timeout is 1ms to 2147483647ms"},
    {"server=a timeout=-5ms", "\"timeout=-5ms\" at position 10: a time cannot be negative"},
    {"server=a timeout=1.5s", "\"timeout=1.5s\" at position 10: a time is a whole number with a "
                              "unit; write 1500ms for 1.5s"},
    {"server=a timeout=1500us",
     "\"timeout=1500us\" at position 10: this time is kept in whole milliseconds"},
    {"server=a timeout=5h",
     "\"timeout=5h\" at position 10: that unit of time is not known; us, ms, s and m are"},
    {"server=a timeout=5msx",
     "\"timeout=5msx\" at position 10: that unit of time is not known; us, ms, s and m are"},
    {"server=a timeout=ms", "\"timeout=ms\" at position 10: a time is a whole number with a unit: "
                            "20us, 250ms, 2s or 5m"},
    {"server=a timeout=\" 5ms\"",
     "\"timeout=\" 5ms\"\" at position 10: a time is a whole number with "
     "a unit: 20us, 250ms, 2s or 5m"},
    {"server=a connect_timeout=0s", "\"connect_timeout=0s\" at position 10: out of range; "
                                    "connect_timeout is 1ms to 2147483647ms"},
    {"server=a retry_min=0ms",
     "\"retry_min=0ms\" at position 10: out of range; retry_min is 1ms to 2147483647ms"},
    {"server=a retry_max=9",
     "\"retry_max=9\" at position 10: a time needs a unit: us, ms, s or m, as in 250ms"},
    {"server=a view_interval=0ms",
     "\"view_interval=0ms\" at position 10: out of range; view_interval is 1ms to 2147483647ms"},
    {"server=a spin=2s", "\"spin=2s\" at position 10: out of range; spin is 0us to 1000000us"},
    {"server=a spin=20",
     "\"spin=20\" at position 10: a time needs a unit: us, ms, s or m, as in 250ms"},
    {"server=a suspect_limit=0",
     "\"suspect_limit=0\" at position 10: out of range; suspect_limit is 1 to 1000"},
    {"server=a suspect_limit=1001",
     "\"suspect_limit=1001\" at position 10: out of range; suspect_limit is 1 to 1000"},
    {"server=a suspect_limit=x", "\"suspect_limit=x\" at position 10: a whole number belongs here"},
    {"server=a max_value=0",
     "\"max_value=0\" at position 10: out of range; max_value is 1 to 4294967296 bytes"},
    {"server=a max_value=4097m",
     "\"max_value=4097m\" at position 10: out of range; max_value is 1 to 4294967296 bytes"},
    {"server=a max_value=99999999999g",
     "\"max_value=99999999999g\" at position 10: out of range; max_value is 1 to 4294967296 bytes"},
    {"server=a max_value=1t",
     "\"max_value=1t\" at position 10: a size is a number of bytes, or one "
     "with k, m or g, as in 64m"},
    {"server=a max_value=1mb",
     "\"max_value=1mb\" at position 10: a size is a number of bytes, or one "
     "with k, m or g, as in 64m"},
    {"server=a max_value=m", "\"max_value=m\" at position 10: a size is a number of bytes, or one "
                             "with k, m or g, as in 64m"},
    {"server=a resync_rate=5/m",
     "\"resync_rate=5/m\" at position 10: a rate is a number a second, as in 20000/s"},
    {"server=a resync_rate=99999999999999999999",
     "\"resync_rate=99999999999999999999\" at position 10: "
     "out of range; resync_rate is 1/s to 1000000000/s"},
    {"server=a resync_rate=0/s",
     "\"resync_rate=0/s\" at position 10: out of range; resync_rate is 1/s to 1000000000/s"},
    {"server=a hash_tag={",
     "\"hash_tag={\" at position 10: a hash tag is two characters, as in hash_tag={}"},
    {"server=a hash_tag=\"{ \"",
     "\"hash_tag=\"{ \"\" at position 10: it becomes part of keys, which "
     "hold no blank and no control byte"},
    {"server=a namespace=\"a b\"", "\"namespace=\"a b\"\" at position 10: it becomes part of keys, "
                                   "which hold no blank and no control byte"},
    {"server=a namespace=\x7f",
     "\"namespace=\\x7f\" at position 10: it becomes part of keys, which "
     "hold no blank and no control byte"},
    {"server=a prefix=", "\"prefix=\" at position 10: prefix has 1 to 64 bytes"},
    {"server=a namespace=mcp:x", "\"namespace=mcp:x\" at position 10: keys that begin with mcp: "
                                 "belong to the library (prefix=)"},
    {"server=a distribution",
     "\"distribution\" at position 10: " NO_VALUE
     "distribution= takes native, modula, consistent (= ketama), "
     "consistent-hash-after, ketama-weighted, ketama-spy, "
     "ketama-weighted-spy, memcache-standard, memcache-consistent, magent, magent-ketama or "
     "twemproxy"},
    {"server=a distribution=foo", "\"distribution=foo\" at position 10: " SERVERS},
    {"server=a hash=foo",
     "\"hash=foo\" at position 10: no such hash; it is default, one_at_a_time, md5, crc, crc16, "
     "crc32, crc32a, fnv, fnv1_32, fnv1_64, fnv1a_32, fnv1a_64, hsieh, jenkins, murmur or murmur3"},
    {"hash=md5 server=a", "\"hash=md5\" at position 1: distribution=native has a hash of its own"},
    {"server=a hash=md5 distribution=magent",
     "\"hash=md5\" at position 10: distribution=magent has a hash of its own"},
    {"server=a hash=hsieh distribution=modula",
     "\"hash=hsieh\" at position 10: distribution=modula does not use it, but: one_at_a_time md5 "
     "crc "
     "fnv1_64 fnv1a_64 fnv1_32 fnv1a_32 murmur murmur3 jenkins"},
    {"server=a hash=md5 distribution=memcache-standard",
     "\"hash=md5\" at position 10: distribution=memcache-standard does not use it, but: crc32 fnv"},
    {"server=a hash=crc distribution=twemproxy",
     "\"hash=crc\" at position 10: distribution=twemproxy does not use it, but: one_at_a_time md5 "
     "crc32 fnv1_64 fnv1a_64 fnv1_32 fnv1a_32 hsieh murmur jenkins crc16 crc32a"},
    {"server=a mirror=both",
     "\"mirror=both\" at position 10: no such mirror; it is backup, next, probe, "
     "probe,failover-only or off"},
    {"server=a mirror=backup",
     "\"mirror=backup\" at position 10: there is no backup; give one with backup="},
    {"server=a mirror=next backup=b", "\"mirror=next\" at position 10: it mirrors among the "
                                      "primaries, so no backup= may be given"},
    {"mirror=probe server=a backup=b", "\"mirror=probe\" at position 1: it mirrors among the "
                                       "primaries, so no backup= may be given"},
    {"server=a retry_min=1m",
     "\"retry_min=1m\" at position 10: retry_min (60000 ms) is above retry_max (30000 ms)"},
    {"server=a retry_max=200ms",
     "\"retry_max=200ms\" at position 10: retry_min (300 ms) is above retry_max (200 ms)"},
    {"server=a ack=none", "\"ack=none\" at position 10: no such ack; it is both or primary"},
    {"server=a repair=yes", "\"repair=yes\" at position 10: no such repair; it is auto or off"},
    {"server=a tls=maybe", "\"tls=maybe\" at position 10: no such tls; it is no or yes"},
    {"server=a tls=", "\"tls=\" at position 10: " NO_VALUE "tls= takes yes or no"},
    {"server=a tls_name=a/b", "\"tls_name=a/b\" at position 10: that is no host name"},
    {"server=a tls_ca=", "\"tls_ca=\" at position 10: " NO_VALUE "tls_ca= takes path"},
    {"server=a discovery=unix:/x", "\"discovery=unix:/x\" at position 10: it is host:port"},
    {"server=a discovery=a:b", "\"discovery=a:b\" at position 10: " PORT},
    {"server=a consistency=strict timeout=416ms",
     "\"consistency=strict\" at position 10: it needs timeout=459ms or more or view_interval=176ms "
     "or "
     "less, so that 0.6 x timeout is not below 9/8 x view_interval + 50 ms"},
    {"view_interval=251ms consistency=strict server=a",
     "\"consistency=strict\" at position 21: it needs timeout=555ms or more or view_interval=222ms "
     "or "
     "less, so that 0.6 x timeout is not below 9/8 x view_interval + 50 ms"},
    {"server=a consistency=strict timeout=84ms", "\"consistency=strict\" at position 10: it needs "
                                                 "timeout=459ms or more, so that 0.6 x timeout is "
                                                 "not below 9/8 x view_interval + 50 ms"},
    {"server=a consistency=eventual",
     "\"consistency=eventual\" at position 10: no such consistency; it is relaxed or strict"},
    {"server=a view_interval=0ms", "\"view_interval=0ms\" at position 10: out of range; "
                                   "view_interval is 1ms to 2147483647ms"},
    {"server=a resync_rate=0/s",
     "\"resync_rate=0/s\" at position 10: out of range; resync_rate is 1/s to 1000000000/s"},
    {"server=a repair=yes", "\"repair=yes\" at position 10: no such repair; it is auto or off"},
};

/* Well-formed, and refused: not beside each other. */
static const wrong TOGETHER[] = {
    {"server=a discovery=a:11211", "\"discovery=a:11211\" at position 10: " ASKED},
    {"server=a cut_off=refuse discovery=a:1", "\"discovery=a:1\" at position 25: " ASKED},
    {"discovery=a:1 hash=md5",
     "\"hash=md5\" at position 15: distribution=native has a hash of its own"},
    {"discovery=a:1 mirror=backup",
     "\"mirror=backup\" at position 15: there is no backup; give one "
     "with backup="},
    {"discovery=a:1 mirror=next backup=b",
     "\"mirror=next\" at position 15: it mirrors among the primaries, so no backup= may be given"},
};

/* Wherever a password may stand, it is not repeated. */
static const char *const SECRETS[] = {
    "server=a auth=bob:geheim timeout=5",
    "server=a auth=bob:geheim auth=x:y",
    "server=a AUTH=\"bob:geheim",
    "server=a --auth=\"bob:geheim\"x",
    "server=a auth=bob:ge#geheim",
    "server=a auth=x\\\"geheim",
    "server=a auth=bob:x geheim",
    "server=a auth=bob:x geheim=y",
    "server=a auth=bob:x y=geheim",
    "server=a auht=bob:geheim",
    "server=a auth:bob:geheim",
    "server=a password=geheim",
    "server=a auth=geheim",
    "server=a auth=:geheim",
    "server=a auth=\"b ob:geheim\"",
    "server=a auth",
    "server=a auth=file:/nonexistent/geheim",
    "server=a name=\"x auth=bob:geheim",
};

static void
refused(const char *text, const char *says)
{
    mcp__config config;
    mcp__err err;
    const mcp__mem mem = mcp__mem_system();
    mcp_status status = mcp__options_parse(&config, &mem, text, &err);
    ck_assert_msg(status == MCP_BAD_ARGUMENT, "%s: accepted", text);
    /* The text of an error is cut where it ends. */
    size_t room = sizeof err.text - 1;
    ck_assert_msg(strncmp(err.text, says, room) == 0, "%s\n  says  %s\n  not   %s", text, err.text,
                  says);
    ck_assert_int_eq(err.status, MCP_BAD_ARGUMENT);
    ck_assert_int_eq(err.server, -1);
    ck_assert_ptr_null(config.servers);
    mcp__options_fini(&config);
}

#define REFUSED(list)                                                                              \
    do {                                                                                           \
        for (size_t i = 0; i < sizeof(list) / sizeof(list)[0]; i++)                                \
            refused((list)[i].text, (list)[i].says);                                               \
    } while (0)

START_TEST(grammar)
{
    REFUSED(GRAMMAR);
    refused(NULL, GRAMMAR[0].says);
}
END_TEST

START_TEST(servers)
{
    REFUSED(SERVER);
}
END_TEST

START_TEST(values)
{
    REFUSED(VALUES);
}
END_TEST

START_TEST(together)
{
    REFUSED(TOGETHER);
}
END_TEST

START_TEST(secrets_are_not_told)
{
    for (size_t i = 0; i < sizeof SECRETS / sizeof SECRETS[0]; i++) {
        char why[512] = "";
        ck_assert_ptr_null(mcp_options_explain(SECRETS[i], why, sizeof why));
        ck_assert_str_ne(why, "");
        ck_assert_msg(strstr(why, "geheim") == NULL, "%s\n  tells %s", SECRETS[i], why);
    }
}
END_TEST

START_TEST(long_words_are_cut)
{
    char text[4000];
    mcp__config config;
    mcp__err err;
    const mcp__mem mem = mcp__mem_system();
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(mcp__options_parse(&config, &mem, text, &err), MCP_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "xxx...\" at position 1: no such option"));
    memcpy(text, "server=unix:/", 13);
    ck_assert_int_eq(mcp__options_parse(&config, &mem, text, &err), MCP_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(
        strstr(err.text, "...\" at position 1: the path of a unix socket has at most 107 bytes"));
}
END_TEST

/* Two names with the same mark, found by trying: 2^32 marks, so about 80,000 names will do. */
START_TEST(same_marks)
{
    enum { N = 200000 };
    uint32_t *marks = malloc(N * sizeof *marks);
    char text[160] = "";
    ck_assert_ptr_nonnull(marks);
    for (uint32_t i = 0; i < N && text[0] == '\0'; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "n%u", (unsigned)i);
        marks[i] = mcp__marks_id8(name, (size_t)len);
        for (uint32_t j = 0; j < i && text[0] == '\0'; j++) {
            if (marks[j] == marks[i])
                snprintf(text, sizeof text, "server=a name=n%u backup=b name=n%u", (unsigned)j,
                         (unsigned)i);
        }
    }
    free(marks);
    ck_assert_str_ne(text, "");
    char why[300];
    ck_assert_ptr_null(mcp_options_explain(text, why, sizeof why));
    ck_assert_msg(strstr(why, "have the same mark") != NULL, "%s: %s", text, why);
    ck_assert_msg(strncmp(why, "\"backup=b\" at position ", 23) == 0, "%s", why);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("options refused");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, grammar);
    tcase_add_test(tcase, servers);
    tcase_add_test(tcase, values);
    tcase_add_test(tcase, together);
    tcase_add_test(tcase, secrets_are_not_told);
    tcase_add_test(tcase, long_words_are_cut);
    tcase_add_test(tcase, same_marks);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
