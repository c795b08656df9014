/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sources: the one options text, put together from where options may come from. From the strongest:
 *
 *     -s and -b      servers only
 *     -o OPTIONS     (several: one behind the other)
 *     MCPROXY_OPTIONS
 *     -c FILE
 *
 * The strongest source that names a server or a backup names them all: the words server, backup,
 * name and weight of the weaker ones are dropped. Of any other option the words of the strongest
 * source that has it stay. A `file=` word counts as the words of that file, in the source where it
 * stands.
 */
#ifndef MCPROXY_TOOLS_SOURCES_H
#define MCPROXY_TOOLS_SOURCES_H

#include "args.h"
#include "words.h"

/*
 * Fills `words` (free with cli_words_fini in either case). Returns 0, or -1 with `error`, for
 * free(), which was NULL before: a file that cannot be read, an empty -s or -b, no servers.
 */
int cli_sources_words(cli_words *words, const cli_args *args, char **error);

#endif
