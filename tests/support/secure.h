/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secure: certificates for the tests, made by the openssl program in this program's scratch folder,
 * and servers that show them.
 *
 *     ca.pem      whom the tests trust           alien.pem   another one, whom they do not
 *     good.pem    for localhost and 127.0.0.1    other.pem   for other.example
 *     old.pem     as good, but expired           client.pem  for a client
 *
 * Beside each NAME.pem stands NAME.key.
 */
#ifndef TESTS_SUPPORT_SECURE_H
#define TESTS_SUPPORT_SECURE_H

#include "server.h"

/* Whether this build has TLS. */
int secure_is_built(void);

/* Makes them: the unchecked fixture of the tests that use them. */
void secure_make(void);

/* The path of a file of these; borrowed until the next but three calls. */
const char *secure_file(const char *name);

/* A server that shows this certificate; `words`: more of its -o, beginning with a comma, or "". */
server *secure_server(const char *name, const char *words);

/* Writes a file of memcached's -Y: one line. */
void secure_password(const char *path, const char *line);

#endif
