/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of TLS and of the login, in a build with TLS and in one without. */
#include "support.h"
#include "test_options_kit.h"

#include <stdio.h>
#include <string.h>

#include "io/tls.h"
#include "mcproxy/mcproxy.h"

#define NONE "this build has no TLS; configure --with-openssl builds it"
#define USELESS "it is of no use without tls=yes"

static void
refused(const char *text, const char *why)
{
    ck_assert_int_eq(parse(text), MCP_BAD_ARGUMENT);
    ck_assert_str_eq(err.text, why);
    done();
}

START_TEST(tls_given)
{
    if (!mcp__tls_is_built()) {
        refused("server=a tls", "\"tls\" at position 10: " NONE);
        refused("server=a tls_ca=/x tls=yes", "\"tls=yes\" at position 20: " NONE);
        return;
    }
    take("server=a tls");
    ck_assert_int_eq(config.tls, 1);
    ck_assert_int_eq(config.tls_verify, 1);
    ck_assert_ptr_null(config.tls_ca);
    done();
    take("server=a tls_ca=/ca tls_cert=/cert tls_key=/key tls_name=cache.example tls_verify=no "
         "tls=on");
    ck_assert_str_eq(config.tls_ca, "/ca");
    ck_assert_str_eq(config.tls_cert, "/cert");
    ck_assert_str_eq(config.tls_key, "/key");
    ck_assert_str_eq(config.tls_name, "cache.example");
    ck_assert_int_eq(config.tls_verify, 0);
    done();
    take("server=a tls tls_cert=/both");
    done();
    refused("server=a tls tls_key=/k",
            "\"tls_key=/k\" at position 14: the certificate is missing: tls_cert=");
}
END_TEST

/* Who says whom to trust, and not that there is to be TLS, would have none and not know it. */
START_TEST(tls_forgotten)
{
    refused("server=a tls_ca=/x", "\"tls_ca=/x\" at position 10: " USELESS);
    refused("server=a tls_cert=/x", "\"tls_cert=/x\" at position 10: " USELESS);
    refused("server=a tls_key=/x", "\"tls_key=/x\" at position 10: " USELESS);
    refused("server=a tls_name=x.y", "\"tls_name=x.y\" at position 10: " USELESS);
    refused("server=a tls_verify=yes", "\"tls_verify=yes\" at position 10: " USELESS);
    refused("tls=no server=a tls_verify=no", "\"tls_verify=no\" at position 17: " USELESS);
}
END_TEST

START_TEST(login)
{
    take("server=a auth=bob:geheim");
    ck_assert_str_eq(config.auth, "bob:geheim");
    done();
}
END_TEST

/* Every option is built, or says why not. */
START_TEST(what_help_says)
{
    for (size_t i = 0; mcp_option_at(i) != NULL; i++) {
        const mcp_option *option = mcp_option_at(i);
        if (strncmp(option->name, "tls", 3) != 0)
            continue;
        if (mcp__tls_is_built())
            ck_assert_ptr_null(option->missing);
        else
            ck_assert_str_eq(option->missing, "this build has no TLS");
    }
}
END_TEST

/* An explanation shows which files, and never what a password is. */
START_TEST(explained)
{
    char why[200];
    char *text = mcp_options_explain(mcp__tls_is_built() ? "server=a auth=bob:geheim tls tls_ca=/ca"
                                                         : "server=a auth=bob:geheim",
                                     why, sizeof why);
    ck_assert_msg(text != NULL, "%s", why);
    ck_assert_ptr_null(strstr(text, "geheim"));
    ck_assert_ptr_null(strstr(text, "bob"));
    ck_assert_ptr_nonnull(strstr(text, "\nauth: ***\n"));
    ck_assert_ptr_nonnull(strstr(text, mcp__tls_is_built()
                                           ? "\ntls: yes\ntls_ca: /ca\n"
                                           : "\ntls: no (default; this build has no TLS)\n"));
    free(text);
}
END_TEST

/* Files that are none: mcp_open says which and why, and leaves nothing. */
START_TEST(bad_files)
{
    static const struct {
        const char *options, *why;
    } cases[] = {
        {"server=a tls tls_ca=/nowhere/x", "tls_ca=/nowhere/x: No such file or directory"},
        {"server=a tls tls_ca=/dev/null", "tls_ca=/dev/null: no certificate or crl found"},
        {"server=a tls tls_verify=no tls_cert=/nowhere/x",
         "tls_cert=/nowhere/x: No such file or directory"},
        {"server=a tls tls_verify=no tls_cert=/dev/null", "tls_cert=/dev/null: no start line"},
    };
    for (size_t i = 0; mcp__tls_is_built() && i < sizeof cases / sizeof cases[0]; i++) {
        const mcp_allocator mem = {ledger_allocate, ledger_reallocate, ledger_release, &book};
        char why[200];
        ck_assert_ptr_null(mcp_open_with(cases[i].options, &mem, why, sizeof why));
        ck_assert_str_eq(why, cases[i].why);
        ck_assert_int_eq(book.live, 0);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("options_secure");
    TCase *tests = tcase_create("options_secure");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, tls_given);
    tcase_add_test(tests, tls_forgotten);
    tcase_add_test(tests, login);
    tcase_add_test(tests, what_help_says);
    tcase_add_test(tests, explained);
    tcase_add_test(tests, bad_files);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
