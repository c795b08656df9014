/* SPDX-License-Identifier: BSD-3-Clause */
/* What the option grammar does to files and to memory, the explanation and the man page. */
#include "api/options.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/explain.h"
#include "support.h"
#include "test_options_kit.h"

/* ---- Files -------------------------------------------------------------------------------- */

static char folder[] = "/tmp/mcp-options-XXXXXX";

static const char *
put_file(const char *name, const char *bytes, size_t len)
{
    static char path[80];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

/* What `format`, with the path of a file of these bytes in it, is answered by. */
static const char *
with_file(const char *format, const char *bytes, size_t len)
{
    char text[200];
    snprintf(text, sizeof text, format, put_file("f", bytes, len)); /* NOLINT: ours */
    mcp_status status = parse(text);
    done();
    return status == MCP_OK ? "" : err.text;
}

#define WITH_FILE(format, bytes) with_file(format, bytes, sizeof(bytes) - 1)

static void
says_of_file(const char *text, const char *before, const char *behind)
{
    char whole[300];
    snprintf(whole, sizeof whole, "%s%s/f%s", before, folder, behind);
    ck_assert_str_eq(text, whole);
}

START_TEST(files)
{
    char text[200];
    snprintf(text, sizeof text, "server=a file=\"%s\" weight=7",
             put_file("f", "timeout=2s # two\r\n\n backup=b\n", 29));
    take(text);
    ck_assert_uint_eq(config.timeout_ms, 2000);
    ck_assert_uint_eq(config.n_backups, 1);
    ck_assert_uint_eq(config.servers[1].weight, 7);
    ck_assert_ptr_nonnull(strstr(text, config.file));
    done();
    ck_assert_str_eq(WITH_FILE("file=%s", "server=a"), "");
    ck_assert_str_eq(WITH_FILE("server=a file=%s", ""), "");
    says_of_file(WITH_FILE("server=a file=%s", "timeout=1s\n\n# x\n\xc3\xa4 retry_min=5 \n"),
                 "\"\\xc3\\xa4\" in ", " line 4: no such option; mcproxy_options(7) has the list");
    says_of_file(WITH_FILE("server=a file=%s", "\n\ntimeout=5\n"), "\"timeout=5\" in ",
                 " line 3: a time needs a unit: us, ms, s or m, as in 250ms");
    says_of_file(WITH_FILE("server=a file=%s", "file=/x"), "\"file=/x\" in ",
                 " line 1: a file of options names no other file");
    ck_assert_str_eq(WITH_FILE("server=a file=%s file=x", ""),
                     "\"file=x\" at position 41: file was given before, and counts once only");
    says_of_file(WITH_FILE("server=a file=%s", "\nname=\"\n"), "\"name=***\" in ",
                 " line 2: the closing \" is missing");
    says_of_file(WITH_FILE("server=a file=%s", "namespace=a\0b"), "\"namespace=a\\x00b\" in ",
                 " line 1: a NUL byte has no place in it");
    says_of_file(WITH_FILE("server=a timeout=1s file=%s", "timeout=1s"), "\"timeout=1s\" in ",
                 " line 1: timeout was given before, and counts once only");
    says_of_file(WITH_FILE("server=a file=%s", "spin=2s"), "\"spin=2s\" in ",
                 " line 1: out of range; spin is 0us to 1000000us");
}
END_TEST

static void
cannot_read(const char *text, const char *why)
{
    ck_assert_int_eq(parse(text), MCP_BAD_ARGUMENT);
    ck_assert_msg(strstr(err.text, why) != NULL, "%s: %s", text, err.text);
    done();
}

START_TEST(unreadable_files)
{
    char text[200];
    static char big[(1 << 20) + 1];
    memset(big, '\n', sizeof big);
    ck_assert_str_eq(with_file("server=a file=%s", big, sizeof big - 1), "");
    const char *says = with_file("server=a file=%s", big, sizeof big);
    ck_assert_msg(strstr(says, "that file is larger than 1 MB") != NULL, "%s", says);
    cannot_read("server=a file=/nonexistent/x", "cannot read that file: No such file");
    ck_assert_int_eq(err.os_error, 2);
    cannot_read("server=a file=/", "it is not a regular file");
    cannot_read("server=a file=/dev/zero", "it is not a regular file");
    snprintf(text, sizeof text, "server=a file=%s/fifo", folder);
    ck_assert_int_eq(mkfifo(text + 14, 0600), 0);
    cannot_read(text, "it is not a regular file"); /* and does not wait for a writer */
    cannot_read("server=a auth=file:/nonexistent/x", "\"auth=***\" at position 10: cannot read");
}
END_TEST

START_TEST(passwords_in_files)
{
    static const char wrong[] = "\"auth=***\" at position 10: it is user:password or file:PATH";
    ck_assert_str_eq(WITH_FILE("server=a auth=file:%s", "bob:geheim\r\nmore\n"), "");
    ck_assert_str_eq(WITH_FILE("server=a auth=file:%s", "bob:gehe:im"), "");
    char text[200];
    snprintf(text, sizeof text, "server=a auth=file:%s", put_file("f", "bob:geheim\nmore", 15));
    take(text);
    ck_assert_str_eq(config.auth, "bob:geheim");
    done();
    ck_assert_str_eq(WITH_FILE("server=a auth=file:%s", ""), wrong);
    ck_assert_str_eq(WITH_FILE("server=a auth=file:%s", "\nbob:geheim"), wrong);
    ck_assert_str_eq(WITH_FILE("server=a auth=file:%s", "geheim"), wrong);
    ck_assert_str_eq(WITH_FILE("server=a auth=file:%s", "bob:ge heim"),
                     "\"auth=***\" at position 10: user and password hold no blank and no control "
                     "byte");
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------- */

START_TEST(no_memory_anywhere)
{
    char text[400];
    snprintf(text, sizeof text,
             "server=a name=x server=b server=c server=d server=e server=f server=g server=h "
             "server=i backup=j name=k namespace=n prefix=p file=%s",
             put_file("f", "timeout=1s server=unix:/x", 25));
    take(text);
    long calls = book.calls;
    done();
    ck_assert_int_gt(calls, 20);
    for (int for_good = 0; for_good < 2; for_good++) {
        for (long i = 1; i <= calls; i++) {
            book = (ledger){.fail_from = i, .fail_to = for_good ? calls + 99 : i};
            ck_assert_int_eq(parse(text), MCP_NO_MEMORY);
            ck_assert_int_eq(err.status, MCP_NO_MEMORY);
            ck_assert_str_ne(err.text, "");
            ck_assert_int_eq(book.live, 0);
        }
    }
    /* What is refused gives everything back, too, and so does an explanation without memory. */
    book = (ledger){0};
    ck_assert_int_eq(parse("server=a name=x tls_ca=x tls_cert=x tls_key=x tls_name=x auth=a:b "
                           "discovery=a"),
                     MCP_BAD_ARGUMENT);
    ck_assert_int_eq(book.live, 0);
}
END_TEST

START_TEST(no_memory_to_explain)
{
    take("server=a");
    long before = book.live;
    for (long i = 1;; i++) {
        const mcp__mem mem = {ledger_allocate, ledger_reallocate, ledger_release, &book};
        book.fail_from = book.fail_to = book.calls + i;
        char *text = mcp__explain_config(&config, &mem);
        if (text == NULL) {
            ck_assert_int_eq(book.live, before);
            continue;
        }
        ck_assert_int_gt(i, 2);
        mcp__mem_free(&mem, text);
        break;
    }
    done();
}
END_TEST

/* ---- Explanation and man page ------------------------------------------------------------- */

START_TEST(explanation)
{
    char why[200] = "old";
    char *text = mcp_options_explain("server=10.0.0.4 backup=b name=k weight=3 timeout=250ms "
                                     "namespace=\"a\\\\\" max_value=1k",
                                     why, sizeof why);
    ck_assert_msg(text != NULL, "%s", why);
    static const char *const lines[] = {
        "server 0: 10.0.0.4:11211 (weight 1)\n",
        "\nserver 1: b:11211 (backup 0, name k, weight 3)\n",
        "\ndistribution: native (default)\n",
        "\nhash_tag: none (default)\n",
        "\nnamespace: a\\x5c\n",
        "\nmirror: backup (default)\n",
        "\ntimeout: 250 ms\n",
        "\nconnect_timeout: the call's share (default)\n",
        "\nconsistency: relaxed (default)\n",
        "\nmirror_verify: yes (default)\n",
        "\nrepair: auto (default)\n",
        "\nresync_rate: 20000 keys/s (default)\n",
        "\nauth: none (default)\n",
        "\nkeys: refuse (default)\n",
        "\nmax_value: 1024 bytes\n",
        "\nsuspect_limit: 3 (default)\n",
        "\nspin: 0 us (default)\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(strstr(text, lines[i]) != NULL, "%s not in\n%s", lines[i], text);
    ck_assert_ptr_eq(strstr(text, "server 0"), text);
    free(text);
    ck_assert_str_eq(why, "");
    ck_assert_ptr_null(mcp_options_explain("", NULL, 0));
    ck_assert_ptr_null(mcp_options_explain("", why, 10));
    ck_assert_str_eq(why, "no server");
}
END_TEST

START_TEST(explanation_of_placement)
{
    char why[200] = "";
    char *text = mcp_options_explain("server=a server=b distribution=ketama hash=md5 hash_tag={} "
                                     "mirror=probe,failover-only retry_min=400ms",
                                     why, sizeof why);
    ck_assert_msg(text != NULL, "%s", why);
    ck_assert_ptr_nonnull(strstr(text, "\ndistribution: consistent\nhash: md5\nhash_tag: {}\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nmirror: probe,failover-only\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nretry_min: 400 ms\n"));
    free(text);
    text = mcp_options_explain("server=a backup=b mirror=off", why, sizeof why);
    ck_assert_msg(text != NULL, "%s", why);
    ck_assert_ptr_nonnull(strstr(text, "\nserver 1: b:11211 (backup 0 without use, weight 1)\n"));
    free(text);
}
END_TEST

START_TEST(passwords_are_stars)
{
    char shown[40];
    char password[] = "bob:geheim";
    mcp__config secret = {.auth = password};
    size_t row = (size_t)mcp__table_find("auth");
    ck_assert_str_eq(mcp__table_show(&secret, row, shown, sizeof shown), "***");
    secret.auth = NULL;
    ck_assert_str_eq(mcp__table_show(&secret, row, shown, sizeof shown), "none");
}
END_TEST

START_TEST(table)
{
    size_t n = 0;
    for (const mcp_option *option; (option = mcp_option_at(n)) != NULL; n++) {
        ck_assert_int_eq(mcp__table_find(option->name), (int)n);
        ck_assert_uint_gt(strlen(option->values), 0);
        ck_assert_uint_gt(strlen(option->standard), 0);
        ck_assert_uint_gt(strlen(option->meaning), 0);
        if (strncmp(option->name, "tls", 3) != 0) /* those: see test_options_secure */
            ck_assert_ptr_null(option->missing);
    }
    ck_assert_uint_eq(n, 38);
    ck_assert_ptr_null(mcp_option_at(n + 1));
    ck_assert_ptr_null(mcp_option_at((size_t)-1));
}
END_TEST

/* Every ".It Cm name" of the man page, in the order of the table, and nothing else. */
START_TEST(man_page_has_the_table)
{
    char path[400];
    char line[400];
    size_t n = 0;
    const char *top = getenv("MCP_TOP");
    snprintf(path, sizeof path, "%s/docs/man/mcproxy_options.7", top != NULL ? top : ".");
    FILE *page = fopen(path, "r");
    ck_assert_msg(page != NULL, "%s", path);
    while (fgets(line, sizeof line, page) != NULL) {
        if (strncmp(line, ".It Cm ", 7) != 0)
            continue;
        char *name = strtok(line + 7, " \n");
        const mcp_option *option = mcp_option_at(n++);
        ck_assert_msg(option != NULL && strcmp(option->name, name) == 0, "%s stands for %s", name,
                      option != NULL ? option->name : "nothing");
    }
    fclose(page);
    ck_assert_ptr_null(mcp_option_at(n));
}
END_TEST

static void
remove_folder(void)
{
    static const char *const names[] = {"f", "fifo"};
    char path[80];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int
main(void)
{
    Suite *suite = suite_create("options and files");
    TCase *tcase = tcase_create("all");
    if (mkdtemp(folder) == NULL)
        return 2;
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, files);
    tcase_add_test(tcase, unreadable_files);
    tcase_add_test(tcase, passwords_in_files);
    tcase_add_test(tcase, no_memory_anywhere);
    tcase_add_test(tcase, no_memory_to_explain);
    tcase_add_test(tcase, explanation);
    tcase_add_test(tcase, explanation_of_placement);
    tcase_add_test(tcase, passwords_are_stars);
    tcase_add_test(tcase, table);
    tcase_add_test(tcase, man_page_has_the_table);
    suite_add_tcase(suite, tcase);
    int failed = run_suite(suite);
    remove_folder();
    return failed;
}
