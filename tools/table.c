/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memory.h"
#include "number.h"

int
cli_table_colours(void)
{
    const char *no = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (no != NULL && no[0] != '\0')
        return 0;
    if (terminal == NULL || strcmp(terminal, "dumb") == 0)
        return 0;
    return isatty(STDOUT_FILENO);
}

size_t
cli_table_width(void)
{
    const char *columns = getenv("COLUMNS");
    uint64_t number;
    struct winsize size;
    if (columns != NULL && cli_number_unsigned(columns, 10000, &number) && number >= 20)
        return (size_t)number;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

const char *
cli_colour_on(cli_colour colour)
{
    static const char *const codes[] = {"", "\033[32m", "\033[33m", "\033[31m", "\033[1m"};
    return cli_table_colours() ? codes[colour] : "";
}

const char *
cli_colour_off(cli_colour colour)
{
    return colour != CLI_PLAIN && cli_table_colours() ? "\033[0m" : "";
}

void
cli_table_init(cli_table *table, size_t n_columns, unsigned right)
{
    *table = (cli_table){.n_columns = n_columns, .right = right};
}

void
cli_table_fini(cli_table *table)
{
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (cli_table){0};
}

void
cli_table_add(cli_table *table, cli_colour colour, const char *text)
{
    table->cells = cli_resize(table->cells, (table->n_cells + 1) * sizeof *table->cells);
    table->cells[table->n_cells++] = (cli_cell){cli_copy(text, strlen(text)), colour};
}

static size_t
column_width(const cli_table *table, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < table->n_cells; i += table->n_columns) {
        size_t len = strlen(table->cells[i].text);
        width = len > width ? len : width;
    }
    return width;
}

static void
print_cell(const cli_table *table, size_t i, size_t width)
{
    const cli_cell *cell = &table->cells[i];
    size_t column = i % table->n_columns;
    int pad = (int)(width - strlen(cell->text));
    int right = (table->right >> column & 1u) != 0;
    int last = column + 1 == table->n_columns;
    printf("%*s%s%s%s%*s", right ? pad : 0, "", cli_colour_on(cell->colour), cell->text,
           cli_colour_off(cell->colour), last || right ? 0 : pad, "");
    if (last)
        putchar('\n');
    else
        printf("%*s", CLI_TABLE_GAP, "");
}

void
cli_table_print(const cli_table *table)
{
    size_t *widths = cli_alloc(table->n_columns * sizeof *widths);
    for (size_t column = 0; column < table->n_columns; column++)
        widths[column] = column_width(table, column);
    for (size_t i = 0; i < table->n_cells; i++)
        print_cell(table, i, widths[i % table->n_columns]);
    free(widths);
}
