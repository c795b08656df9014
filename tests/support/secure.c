/* SPDX-License-Identifier: BSD-3-Clause */
#include "secure.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "mcproxy/mcproxy.h"
#include "run.h"

/* An elliptic key is made in no time, where an RSA key takes a second. */
static const char script[] =
    "cd \"$1\" || exit 2\n"
    "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }\n"
    "root() { key $1; openssl req -x509 -new -key $1.key -out $1.pem -subj /CN=$1 -days 2; }\n"
    "sign() { # NAME DAYS SUBJECT-ALTERNATIVE-NAMES\n"
    "    key $1; openssl req -new -key $1.key -out $1.csr -subj /CN=$1\n"
    "    printf 'subjectAltName=%s\\n' \"$3\" > $1.ext\n"
    "    openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -set_serial 0x$(openssl rand -hex "
    "8) \\\n"
    "        -days $2 -extfile $1.ext -out $1.pem\n"
    "}\n"
    "root ca && root alien && sign good 2 DNS:localhost,IP:127.0.0.1 && sign other 2 "
    "DNS:other.example && sign old -1 DNS:localhost,IP:127.0.0.1 && sign client 2 DNS:client\n";

int
secure_is_built(void)
{
    size_t i = 0;

    while (mcp_option_at(i) != NULL && strcmp(mcp_option_at(i)->name, "tls") != 0)
        i++;
    return mcp_option_at(i) != NULL && mcp_option_at(i)->missing == NULL;
}

void
secure_make(void)
{
    const char *const argv[] = {"/bin/sh", "-c", script, "sh", run_folder(), NULL};
    char log[200];

    snprintf(log, sizeof log, "%s/openssl.log", run_folder());
    ck_assert_msg(run_program(argv, log) == 0, "openssl: %s", run_read_file(log, NULL));
}

const char *
secure_file(const char *name)
{
    static char paths[4][160];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", run_folder(), name);
    return path;
}

server *
secure_server(const char *name, const char *words)
{
    char extra[500];

    snprintf(extra, sizeof extra, "-Z -o ssl_chain_cert=%s/%s.pem,ssl_key=%s/%s.key%s",
             run_folder(), name, run_folder(), name, words);
    return server_tls(extra);
}

void
secure_password(const char *path, const char *line)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fprintf(file, "%s\n", line), 0);
    ck_assert_int_eq(fclose(file), 0);
}
