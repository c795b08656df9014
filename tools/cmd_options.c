/* SPDX-License-Identifier: BSD-3-Clause */
/* options: the library's own table of options, or what a text of options means */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"
#include "table.h"

static json_t *
text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

static void
print_json(const mcp_option *option)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", text_or_null(option->name));
    json_object_set_new(object, "values", text_or_null(option->values));
    json_object_set_new(object, "default", text_or_null(option->standard));
    json_object_set_new(object, "meaning", text_or_null(option->meaning));
    json_object_set_new(object, "missing", text_or_null(option->missing));
    cli_json_print(object);
}

static const char *
or_dash(const char *text)
{
    return text == NULL || text[0] == '\0' ? "-" : text;
}

static void
print_text(const mcp_option *option)
{
    printf("%s%s%s=%s\n", cli_colour_on(CLI_BOLD), option->name, cli_colour_off(CLI_BOLD),
           or_dash(option->values));
    printf("    %s\n", or_dash(option->meaning));
    printf("    default: %s\n", or_dash(option->standard));
    if (option->missing != NULL)
        printf("    not there: %s\n", option->missing);
}

static int
print_table(const cli *session)
{
    const mcp_option *option;
    for (size_t i = 0; (option = mcp_option_at(i)) != NULL; i++) {
        if (session->json)
            print_json(option);
        else
            print_text(option);
    }
    return CLI_EXIT_DONE;
}

static void
print_lines(char *text)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        json_t *object = json_object();
        cli_json_bytes(object, "explanation", line, strlen(line));
        cli_json_print(object);
    }
}

int
cli_do_options(cli *session)
{
    char why[400];
    if (session->n_words == 0)
        return print_table(session);
    char *text = mcp_options_explain(session->words[0].text, why, sizeof why);
    if (text == NULL)
        return cli_wrong(session, "%s", why);
    size_t len = strlen(text);
    if (session->json)
        print_lines(text);
    else
        printf("%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n");
    free(text);
    return CLI_EXIT_DONE;
}
