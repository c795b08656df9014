/* SPDX-License-Identifier: BSD-3-Clause */
/* mcp-cli: the library's verbs on the command line. See mcp-cli(1). */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "help.h"

static int
print_version(void)
{
    printf("mcp-cli %s (libmcproxy %s)\n", MCP_VERSION_TEXT, mcp_library_version());
    return CLI_EXIT_DONE;
}

static int
check_options(const cli *session, const cli_command *command)
{
    const cli_args *args = session->args;
    unsigned taken = CLI_OPTIONS_GLOBAL | command->options;
    for (size_t i = 0; i < args->n_given; i++)
        if ((taken & CLI_OPTION_BIT(args->given[i].option)) == 0)
            return cli_wrong(session, "takes no %s; usage: mcp-cli %s",
                             cli_option_name(args->given[i].option), command->usage);
    return 0;
}

static int
check_words(const cli *session, const cli_command *command)
{
    if (session->n_words < command->fewest)
        return cli_wrong(session, "a word is missing; usage: mcp-cli %s", command->usage);
    if (session->n_words > command->most)
        return cli_wrong(session, "too many words; usage: mcp-cli %s", command->usage);
    return 0;
}

static int
run_command(cli *session, const cli_command *command)
{
    if (check_options(session, command) != 0 || check_words(session, command) != 0)
        return CLI_EXIT_USAGE;
    int result = CLI_EXIT_USAGE;
    if (!command->opens_client || cli_open(session) == CLI_EXIT_DONE)
        result = command->run(session);
    /* Before closing: that may wait for replies which are still owed. */
    result = cli_finish_output(session, result);
    cli_close(session);
    return result;
}

static int
run(cli *session)
{
    const cli_args *args = session->args;
    if (args->error[0] != '\0')
        return cli_wrong(session, "%s (mcp-cli --help)", args->error);
    int wants_help = cli_args_count(args, OPT_HELP) > 0;
    if (args->n_words == 0 && wants_help) {
        cli_help_all(stdout);
        return cli_finish_output(session, CLI_EXIT_DONE);
    }
    if (cli_args_count(args, OPT_VERSION) > 0)
        return cli_finish_output(session, print_version());
    if (args->n_words == 0)
        return cli_wrong(session, "which command? mcp-cli --help lists them");
    const cli_command *command = cli_command_find(args->words[0].text);
    if (command == NULL)
        return cli_help_unknown(session, args->words[0].text);
    session->command = command->name;
    if (!wants_help)
        return run_command(session, command);
    cli_help_command(stdout, command);
    return cli_finish_output(session, CLI_EXIT_DONE);
}

int
main(int argc, char **argv)
{
    cli_args args;
    cli session = {.args = &args, .command = ""};
    cli_args_init(&args, argc, argv);
    session.words = args.n_words > 0 ? args.words + 1 : NULL;
    session.n_words = args.n_words > 0 ? args.n_words - 1 : 0;
    session.json = cli_args_count(&args, OPT_JSON) > 0;
    session.verbose = cli_args_count(&args, OPT_VERBOSE) > 0;
    session.quiet = cli_args_count(&args, OPT_QUIET) > 0;
    int result = run(&session);
    cli_args_fini(&args);
    return result;
}
