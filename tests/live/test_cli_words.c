/* SPDX-License-Identifier: BSD-3-Clause */
/* mcp-cli without a server: how it is called, options, help, where, distribution. */
#include <sys/ioctl.h>

#include "cli_run.h"

#define NOWHERE "server=127.0.0.1:1"

static void
use(const char *options)
{
    snprintf(cli_options, sizeof cli_options, "%s", options);
}

static const char *
write_file(const char *text)
{
    static char path[108];
    FILE *file = fopen(run_path(path, sizeof path, ".conf"), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

/* ---- Usage -------------------------------------------------------------------------------- */

START_TEST(a_wrong_call_is_told_and_ends_with_2)
{
    use(NOWHERE);
    CLI(NULL);
    cli_want(__LINE__, 2, "", "mcp-cli: which command? mcp-cli --help lists them\n");
    WANT(2, "", "mcp-cli: no command \"gett\": is it get?", "gett", "k");
    WANT(2, "", "no command \"statsu\": is it stats?", "statsu");
    WANT(2, "", "no command \"xyzzy\" (mcp-cli", "xyzzy");
    WANT(2, "", "no option --jsno: is it --json?", "get", "--jsno", "k");
    WANT(2, "", "no option -z", "get", "-z", "k");
    WANT(2, "", "--ttl needs a value", "set", "k", "v", "--ttl");
    WANT(2, "", "-s needs a value", "get", "k", "-s");
    WANT(2, "", "--json takes no value", "get", "k", "--json=1");
    WANT(2, "", "--config is given twice", "-c", "a", "--config=b", "get", "k");
    WANT(2, "", "get: takes no --ttl; usage: mcp-cli get KEY", "get", "k", "--ttl", "5");
    WANT(2, "", "get: a word is missing", "get");
    WANT(2, "", "set: a word is missing", "set", "k");
    WANT(2, "", "set: too many words", "set", "k", "v", "w");
    WANT(2, "", "no option -1 (a word that starts with - stands behind --)", "set", "k", "-1");
}
END_TEST

START_TEST(numbers_are_strict)
{
    static const char *const bad[] = {"",   "5x", "x",   " 5",
                                      "+5", "5 ", "0x5", "99999999999999999999999"};
    use(NOWHERE);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        WANT(2, "", "set: --ttl", "set", "k", "v", "--ttl", bad[i]);
        WANT(2, "", "set: --flags", "set", "k", "v", "--flags", bad[i]);
        WANT(2, "", "not a number", "incr", "k", bad[i]);
        WANT(2, "", "incr: --initial", "incr", "k", "--initial", bad[i]);
        WANT(2, "", "not a token", "cas", "k", "v", bad[i]);
    }
    WANT(2, "", "set: --ttl 2147483648", "set", "k", "v", "--ttl", "2147483648");
    WANT(2, "", "set: --flags 4294967296", "set", "k", "v", "--flags", "4294967296");
    WANT(2, "", "set: --flags -1", "set", "k", "v", "--flags", "-1");
    WANT(2, "", "18446744073709551616", "incr", "k", "18446744073709551616");
    WANT(2, "", "needs one token", "cas", "k", "v");
    WANT(2, "", "needs one token", "cas", "k", "v", "1", "--cas", "1");
    WANT(2, "", "needs --ttl", "touch", "k");
    WANT(2, "", "needs --ttl", "gat", "k");
    WANT(2, "", "--ttl is for the value that --initial stores", "decr", "k", "--ttl", "5");
    WANT(2, "", "not below 0", "flush", "--delay", "-1");
    WANT(2, "", "no server \"5\": a name, a number from 0 to 0, or all", "stats", "5");
    WANT(2, "", "no server \"else\"", "flush", "else");
}
END_TEST

START_TEST(a_bad_key_is_refused_before_anything_is_sent)
{
    char longest[252];
    memset(longest, 'k', 251);
    longest[251] = '\0';
    use(NOWHERE " timeout=5s");
    WANT(2, "", "get: \"a b\": ", "get", "good", "a b");
    WANT(2, "", "get: \"\": ", "get", "");
    WANT(2, "", "set: \"kkkk", "set", longest, "v");
    WANT(2, "", "delete: \"a\\x0ab\": ", "delete", "a\nb");
    WANT(2, "", "touch: \"\\x7f\": ", "--quiet", "touch", "\x7f", "--ttl", "1");
}
END_TEST

/* ---- Help --------------------------------------------------------------------------------- */

START_TEST(every_command_has_help_with_examples)
{
    static const char *const commands[] = {
        "get",    "gets",  "gat",    "set",  "add",     "replace",     "append", "prepend",
        "delete", "touch", "incr",   "decr", "cas",     "flush",       "stats",  "version",
        "ping",   "where", "status", "help", "options", "distribution"};
    char text[128];
    use("");
    ck_assert_int_eq(CLI("--help"), 0);
    char *all = strdup(said.out);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        snprintf(text, sizeof text, "\n  %s ", commands[i]);
        ck_assert_ptr_nonnull(strstr(all, text));
        ck_assert_int_eq(CLI(commands[i], "--help"), 0);
        char *help = strdup(said.out);
        snprintf(text, sizeof text, "usage: mcp-cli %s", commands[i]);
        ck_assert_ptr_eq(strstr(help, text), help);
        ck_assert_ptr_nonnull(strstr(help, "\nexamples:\n  "));
        WANT(0, help, NULL, "help", commands[i]);
        free(help);
    }
    WANT(0, all, NULL, "help");
    WANT(2, "", "no command \"hlep\"", "help", "hlep");
    WANT(0, "mcp-cli 0.1.0 (libmcproxy 0.1.0)\n", NULL, "--version");
    free(all);
}
END_TEST

/* ---- Options ------------------------------------------------------------------------------ */

/* The primary's name, and nothing else wrong. */
#define NAMED(name, ...)                                                                           \
    do {                                                                                           \
        CLI(__VA_ARGS__, "where", "k", "--json");                                                  \
        cli_want(__LINE__, 0, said.out, NULL);                                                     \
        ck_assert_str_eq(cli_member(0, "primary.name"), name);                                     \
    } while (0)

START_TEST(servers_come_from_the_strongest_source_alone)
{
    const char *file = write_file("# server=10.9.9.9\nserver=127.0.0.1:4 name=d\n");
    use("");
    WANT(2, "", "no servers: name them with -s HOST:PORT", "get", "k");
    WANT(2, "", "only backups", "-b", "127.0.0.1:1", "get", "k");
    WANT(2, "", "--server: an empty address", "-s", "", "get", "k");
    NAMED("d", "-c", file);
    use("server=127.0.0.1:3 name=c backup=127.0.0.1:5");
    NAMED("c", "-c", file);
    NAMED("b", "-c", file, "-o", "server=127.0.0.1:2 name=b");
    ck_assert_str_eq(cli_member(0, "backup"), "null");
    NAMED("a", "-c", file, "-o", "server=127.0.0.1:2 name=b", "-s", "127.0.0.1:1 name=a");
    ck_assert_str_eq(cli_member(0, "backup"), "null");
    NAMED("127.0.0.1:1", "-s127.0.0.1:1/?2", "--backup=127.0.0.1:9");
    ck_assert_str_eq(cli_member(0, "backup.name"), "127.0.0.1:9");
    NAMED("unix:/tmp/a b/c d", "-s", "unix:/tmp/a b/c d");
    WANT(2, "", "only backups", "-b", "127.0.0.1:1", "get", "k");
}
END_TEST

START_TEST(other_options_come_from_the_strongest_source_that_has_them)
{
    const char *file = write_file("server=127.0.0.1:1\nTimeout=wrong # ;\nretry-min=wrong");
    use("");
    WANT(2, "", " line 2: ", "-c", file, "where", "k");
    ck_assert_ptr_nonnull(strstr(said.err, file));
    WANT(2, "", "\"timeout=bad\" in -o: ", "-c", file, "-o", "timeout=bad retry_min=1s", "where",
         "k");
    WANT(2, "", " line 3: ", "-c", file, "-o", "timeout=1s", "where", "k");
    use("--RETRY_MIN=100ms;timeout=\"bad;bad\"");
    WANT(0, "k\t127.0.0.1:1\t-\n", NULL, "-c", file, "-o", "--TIMEOUT=1s", "where", "k");
    WANT(2, "", " in MCPROXY_OPTIONS: ", "-c", file, "where", "k");
    WANT(2, "", "\"timeout=2s\" in -o: ", "-c", file, "-o", "timeout=1s", "-o", "timeout=2s",
         "where", "k");
}
END_TEST

START_TEST(a_file_word_counts_as_the_words_of_that_file)
{
    char word[256];
    const char *file = write_file("server=127.0.0.1:1 name=one timeout=bad");
    snprintf(word, sizeof word, "file=\"%s\"", file);
    use(word);
    WANT(2, "", " line 1: ", "where", "k");
    NAMED("one", "-o", "timeout=1s");
    NAMED("two", "-o", "timeout=1s", "-s", "127.0.0.1:2 name=two");
    file = write_file(word);
    use("");
    WANT(2, "", "a file of options names no other file", "-c", file, "where", "k");
    WANT(2, "", "cannot read /does/not/exist: No such file", "-c", "/does/not/exist", "where", "k");
    WANT(2, "", "cannot read /does/not/exist: No such file", "-o", "file=/does/not/exist", "where",
         "k");
}
END_TEST

START_TEST(options_are_listed_and_explained)
{
    use("");
    ck_assert_int_eq(CLI("options"), 0);
    ck_assert_ptr_nonnull(strstr(said.out, "timeout="));
    ck_assert_ptr_nonnull(strstr(said.out, "server="));
    ck_assert_int_eq(CLI("options", "--json"), 0);
    size_t n = cli_lines();
    ck_assert_uint_ge(n, 20);
    for (size_t i = 0; i < n; i++) {
        ck_assert_str_ne(cli_member(i, "name"), "(none)");
        ck_assert_str_ne(cli_member(i, "meaning"), "(none)");
    }
    ck_assert_int_eq(CLI("options", "server=127.0.0.1:1 timeout=250ms"), 0);
    ck_assert_ptr_nonnull(strstr(said.out, "250"));
    ck_assert_int_eq(CLI("options", "server=127.0.0.1:1 timeout=250ms", "--json"), 0);
    ck_assert_str_ne(cli_member(0, "explanation"), "(none)");
    WANT(2, "", "timeout=5", "options", "server=127.0.0.1:1 timeout=5");
}
END_TEST

/* ---- Where -------------------------------------------------------------------------------- */

static void
use_magent(int n)
{
    size_t len = (size_t)snprintf(cli_options, sizeof cli_options, "distribution=magent");
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(cli_options + len, sizeof cli_options - len,
                                " server=127.0.0.1:%d name=p%d backup=127.0.0.1:%d name=b%d", i + 1,
                                i, i + 101, i);
}

/* Indexes that magent's own program gave with 2, 3 and 5 servers. */
START_TEST(where_agrees_with_magent)
{
    static const struct {
        const char *key;
        int index[3];
    } rows[] = {{"k0", {0, 0, 3}},
                {"k1", {1, 1, 4}},
                {"foo", {1, 0, 4}},
                {"user:000001", {1, 1, 1}},
                {"\xe4\xb8\xad", {0, 1, 1}}};
    static const int counts[] = {2, 3, 5};
    char text[32];
    for (size_t c = 0; c < 3; c++) {
        use_magent(counts[c]);
        ck_assert_int_eq(
            CLI("where", "--json", rows[0].key, rows[1].key, rows[2].key, rows[3].key, rows[4].key),
            0);
        ck_assert_uint_eq(cli_lines(), 5);
        for (size_t i = 0; i < 5; i++) {
            snprintf(text, sizeof text, "%d", rows[i].index[c]);
            ck_assert_str_eq(cli_member(i, "key"), rows[i].key);
            ck_assert_str_eq(cli_member(i, "primary.index"), text);
            ck_assert_str_eq(cli_member(i, "backup.index"), text);
            snprintf(text, sizeof text, "p%d", rows[i].index[c]);
            ck_assert_str_eq(cli_member(i, "primary.name"), text);
            snprintf(text, sizeof text, "b%d", rows[i].index[c]);
            ck_assert_str_eq(cli_member(i, "backup.name"), text);
        }
    }
}
END_TEST

START_TEST(where_takes_keys_from_standard_input)
{
    use_magent(3);
    cli_take_input("k0\n\nk1\nfoo", 10);
    WANT(0, "k1\tp1\tb1\nk0\tp0\tb0\nk1\tp1\tb1\nfoo\tp0\tb0\n", NULL, "where", "k1", "-");
    cli_take_input("k0\na b\nk1\n\0\n", 13);
    WANT(2, "k0\tp0\tb0\nk1\tp1\tb1\n", "where: line 2: \"a b\": ", "where", "-");
    ck_assert_ptr_nonnull(strstr(said.err, "where: line 4: \"\\x00\": "));
    cli_take_input("", 0);
    WANT(0, "", NULL, "where", "-");
    WANT(0, said.out, NULL, "where", "--", "-");
    ck_assert_int_eq(strncmp(said.out, "-\tp", 3), 0);
    WANT(0, "x\tp1\tb1\ny\tp1\tb1\n", NULL, "where", "x", "y", "--route", "k1");
}
END_TEST

START_TEST(where_writes_json_that_holds_any_key)
{
    use(NOWHERE);
    ck_assert_int_eq(CLI("where", "--json", "a\xff\xfe", "q\"\\"), 0);
    ck_assert_str_eq(cli_member(0, "key_base64"), "Yf/+");
    ck_assert_str_eq(cli_member(0, "key"), "(none)");
    ck_assert_str_eq(cli_member(0, "backup"), "null");
    ck_assert_str_eq(cli_member(1, "key"), "q\"\\");
    WANT(0, "k\t127.0.0.1:1\t-\n", NULL, "where", "k");
}
END_TEST

START_TEST(output_that_cannot_be_written_is_told)
{
    use(NOWHERE);
    cli_output = "/dev/full";
    WANT(2, "", "where: cannot write to standard output: No space left on device", "where", "k");
    WANT(2, "", "cannot write to standard output", "--help");
    cli_output = NULL;
}
END_TEST

/* ---- Distribution ------------------------------------------------------------------------- */

START_TEST(distribution_counts_every_key)
{
    use_magent(3);
    cli_take_input("k0\nk1\nfoo\n", 10);
    ck_assert_int_eq(CLI("distribution", "-", "--json"), 0);
    ck_assert_uint_eq(cli_lines(), 7);
    static const char *const keys[] = {"2", "1", "0", "2", "1", "0"};
    for (size_t i = 0; i < 6; i++) {
        ck_assert_str_eq(cli_member(i, "keys"), keys[i]);
        ck_assert_str_eq(cli_member(i, "copy"), i < 3 ? "primary" : "backup");
    }
    ck_assert_str_eq(cli_member(6, "keys"), "3");
    ck_assert_str_eq(cli_member(6, "fullest"), "2.0");
    ck_assert_int_eq(CLI("distribution", "-"), 0);
    ck_assert_ptr_nonnull(strstr(said.out, "3 keys on 3 primaries: fullest 2.000 of its share"));
    ck_assert_ptr_nonnull(strstr(said.out, "3 second copies on 3 backups"));
    cli_take_input("k0\nbad key\n", 11);
    ck_assert_int_eq(CLI("distribution", "-"), 2);
    ck_assert_ptr_nonnull(strstr(said.err, "standard input line 2: \"bad key\": "));
    WANT(2, "", "/does/not/exist: No such file", "distribution", "/does/not/exist");
}
END_TEST

/* k0 5863488, k1 5863489, foo 193491849: the rest when divided by the number of servers. */
START_TEST(distribution_tells_what_would_move)
{
    use_magent(3);
    cli_take_input("k0\nk1\nfoo\n", 10);
    ck_assert_int_eq(
        CLI("distribution", "-", "--json", "--add", "127.0.0.1:77", "--add", "127.0.0.1:78"), 0);
    ck_assert_uint_eq(cli_lines(), 6 + 8 + 1);
    ck_assert_str_eq(cli_member(14, "moved"), "3");
    ck_assert_int_eq(CLI("distribution", "-", "--json", "--remove", "p2"), 0);
    ck_assert_uint_eq(cli_lines(), 6 + 5 + 1);
    ck_assert_str_eq(cli_member(11, "moved"), "1");
    /* What was p1 and p2 is 0 and 1 now: all keys of p0 move, and k1 (odd) leaves p1 for p2. */
    ck_assert_int_eq(CLI("distribution", "-", "--json", "--remove", "0"), 0);
    ck_assert_str_eq(cli_member(11, "moved"), "3");
    WANT(2, "", "no server \"p9\"", "distribution", "-", "--remove", "p9");
    WANT(2, "", "a backup; only primaries", "distribution", "-", "--remove", "b0");
    WANT(2, "", "removed already", "distribution", "-", "--remove", "0", "--remove", "p0");
    WANT(2, "", " in --add: ", "distribution", "-", "--add", "127.0.0.1:0");
}
END_TEST

static size_t
longest_line(const char *text)
{
    size_t most = 0;
    for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        most = len > most ? len : most;
    }
    return most;
}

START_TEST(distribution_of_a_million_keys_draws_bars_as_wide_as_told)
{
    use("server=127.0.0.1:1 server=127.0.0.1:2 server=127.0.0.1:3 backup=127.0.0.1:4");
    ck_assert_int_eq(CLI("distribution", "--json", "--remove", "127.0.0.1:2"), 0);
    char of_second[32];
    snprintf(of_second, sizeof of_second, "%s", cli_member(1, "keys"));
    ck_assert_str_eq(cli_member(7, "keys"), "1000000");
    ck_assert_str_eq(cli_member(7, "moved"), of_second); /* and nobody else's */
    ck_assert_int_eq(CLI("distribution"), 0);
    ck_assert_uint_le(longest_line(said.out), 80);
    ck_assert_uint_ge(longest_line(said.out), 70);
    ck_assert_ptr_null(strchr(said.out, '\033'));
    ck_assert_ptr_nonnull(strstr(said.out, "1,000,000 keys on 3 primaries"));
    ck_assert_ptr_nonnull(strstr(said.out, "100.00 %"));
    cli_variables[0] = "COLUMNS=132";
    ck_assert_int_eq(CLI("distribution"), 0);
    ck_assert_uint_le(longest_line(said.out), 132);
    ck_assert_uint_ge(longest_line(said.out), 122);
    cli_variables[0] = NULL;
}
END_TEST

/* What the program writes to a terminal of 100 columns. */
static const char *
on_terminal(const char *variable)
{
    static char text[4096];
    struct winsize size = {.ws_row = 24, .ws_col = 100};
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(grantpt(fd), 0);
    ck_assert_int_eq(unlockpt(fd), 0);
    ck_assert_int_eq(ioctl(fd, TIOCSWINSZ, &size), 0);
    cli_output = ptsname(fd);
    int held = open(cli_output, O_RDWR | O_NOCTTY | O_CLOEXEC);
    cli_variables[0] = "TERM=xterm";
    cli_variables[1] = variable;
    ck_assert_int_eq(CLI("distribution", "-"), 0);
    cli_output = NULL;
    cli_variables[0] = cli_variables[1] = NULL;
    ssize_t len = read(fd, text, sizeof text - 1);
    ck_assert_int_gt(len, 0);
    text[len] = '\0';
    close(held);
    close(fd);
    return text;
}

START_TEST(a_terminal_gets_colour_and_its_own_width)
{
    use("server=127.0.0.1:1");
    cli_take_input("a\nb\n", 4);
    ck_assert_ptr_nonnull(strstr(on_terminal(NULL), "\033[32m###"));
    const char *text = on_terminal("NO_COLOR=1");
    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_uint_eq(longest_line(text), 100 + 1); /* a terminal adds \r */
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("mcp-cli without servers");
    tcase_add_test(tests, a_wrong_call_is_told_and_ends_with_2);
    tcase_add_test(tests, numbers_are_strict);
    tcase_add_test(tests, a_bad_key_is_refused_before_anything_is_sent);
    tcase_add_test(tests, every_command_has_help_with_examples);
    tcase_add_test(tests, servers_come_from_the_strongest_source_alone);
    tcase_add_test(tests, other_options_come_from_the_strongest_source_that_has_them);
    tcase_add_test(tests, a_file_word_counts_as_the_words_of_that_file);
    tcase_add_test(tests, options_are_listed_and_explained);
    tcase_add_test(tests, where_agrees_with_magent);
    tcase_add_test(tests, where_takes_keys_from_standard_input);
    tcase_add_test(tests, where_writes_json_that_holds_any_key);
    tcase_add_test(tests, output_that_cannot_be_written_is_told);
    tcase_add_test(tests, distribution_counts_every_key);
    tcase_add_test(tests, distribution_tells_what_would_move);
    tcase_add_test(tests, distribution_of_a_million_keys_draws_bars_as_wide_as_told);
    tcase_add_test(tests, a_terminal_gets_colour_and_its_own_width);
    return run_tests("cli_words", tests);
}
