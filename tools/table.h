/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: columns that stand below each other, and what a terminal is told in colour.
 */
#ifndef MCPROXY_TOOLS_TABLE_H
#define MCPROXY_TOOLS_TABLE_H

#include <stddef.h>

/* Blanks between two columns. */
#define CLI_TABLE_GAP 2

typedef enum cli_colour { CLI_PLAIN = 0, CLI_GREEN, CLI_YELLOW, CLI_RED, CLI_BOLD } cli_colour;

typedef struct cli_cell {
    char *text; /* owned */
    cli_colour colour;
} cli_cell;

typedef struct cli_table {
    size_t n_columns;
    size_t n_cells; /* row by row */
    cli_cell *cells;
    unsigned right; /* bit i: column i is aligned to the right */
} cli_table;

void cli_table_init(cli_table *table, size_t n_columns, unsigned right);
void cli_table_fini(cli_table *table);

/* The next cell, from left to right and from top to bottom. `text` is copied. */
void cli_table_add(cli_table *table, cli_colour colour, const char *text);

/* Writes it to standard output. */
void cli_table_print(const cli_table *table);

/* Is colour wanted? Only on a terminal, and not with NO_COLOR or TERM=dumb in the environment. */
int cli_table_colours(void);

/* Columns of the terminal: COLUMNS, or what the terminal says; 80 where there is none. */
size_t cli_table_width(void);

/* The sequences that begin and end a colour; "" where no colour is wanted. */
const char *cli_colour_on(cli_colour colour);
const char *cli_colour_off(cli_colour colour);

#endif
