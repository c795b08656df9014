/* SPDX-License-Identifier: BSD-3-Clause */
#include "help.h"

#include <string.h>

#include "nearest.h"
#include "quote.h"

static const char HEAD[] =
    "usage: mcp-cli [-s SERVER]... [-b BACKUP]... [-o OPTIONS] [-c FILE] COMMAND [ARGUMENTS]\n"
    "\n"
    "Many memcached servers as one cache that survives any one of them.\n"
    "\n"
    "commands:\n";

static const char TAIL[] =
    "\n"
    "  mcp-cli COMMAND --help tells more, with examples.\n"
    "\n"
    "options (before or behind the command; -- ends them):\n"
    "  -s, --server SERVER    a primary: HOST, HOST:PORT, [IPV6]:PORT or unix:/PATH; repeat it\n"
    "  -b, --backup BACKUP    a backup, written the same way; repeat it\n"
    "  -o, --options OPTIONS  more options, as in \"timeout=250ms\"; see mcp-cli options\n"
    "  -c, --config FILE      a file of options\n"
    "      --json             answers as JSON, one object a line\n"
    "  -v, --verbose          tell on standard error which server answered, and\n"
    "                         what the client does; twice: failed calls, too\n"
    "  -q, --quiet            nothing on standard error but what is wrong with the call\n"
    "  -h, --help             this, or the help of a command\n"
    "  -V, --version          the version of the program\n"
    "\n"
    "The environment variable MCPROXY_OPTIONS holds options, too. -s and -b replace all servers\n"
    "named elsewhere; other options count in the order -o, MCPROXY_OPTIONS, -c.\n"
    "\n"
    "exit status:\n"
    "  0  done\n"
    "  1  a server said no: not found, not stored, exists, too large, not a number, full\n"
    "  2  bad usage or input, or standard output could not be written\n"
    "  3  no server could be reached or let us in\n"
    "  4  unknown: a change was sent and not answered\n"
    "\n"
    "examples:\n"
    "  mcp-cli -s 10.0.0.4 -s 10.0.0.5 -b 10.0.0.7 set user:1 Ada --ttl 3600\n"
    "  mcp-cli -s 10.0.0.4 -s 10.0.0.5 -b 10.0.0.7 get user:1\n"
    "  export MCPROXY_OPTIONS='server=10.0.0.4 server=10.0.0.5 backup=10.0.0.7'\n"
    "  mcp-cli status\n";

void
cli_help_all(FILE *out)
{
    const cli_command *command;
    fputs(HEAD, out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        fprintf(out, "  %-13s%s\n", command->name, command->short_help);
    fputs(TAIL, out);
}

void
cli_help_command(FILE *out, const cli_command *command)
{
    fprintf(out, "usage: mcp-cli %s\n\n%s\nexamples:\n%s", command->usage, command->long_help,
            command->examples);
}

int
cli_help_unknown(const cli *session, const char *name)
{
    const char *names[64];
    const cli_command *command;
    char shown[64];
    size_t n = 0;
    for (; n < 64 && (command = cli_command_at(n)) != NULL; n++)
        names[n] = command->name;
    const char *near = cli_nearest(name, strlen(name), names, n);
    cli_quote(shown, sizeof shown, name, strlen(name));
    if (near != NULL)
        return cli_wrong(session, "no command \"%s\": is it %s? (mcp-cli --help lists them)", shown,
                         near);
    return cli_wrong(session, "no command \"%s\" (mcp-cli --help lists them)", shown);
}

int
cli_do_help(cli *session)
{
    if (session->n_words == 0) {
        cli_help_all(stdout);
        return CLI_EXIT_DONE;
    }
    const cli_command *command = cli_command_find(session->words[0].text);
    if (command == NULL)
        return cli_help_unknown(session, session->words[0].text);
    cli_help_command(stdout, command);
    return CLI_EXIT_DONE;
}
