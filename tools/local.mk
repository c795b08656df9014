# SPDX-License-Identifier: BSD-3-Clause
# Tools see the public headers only.
TOOL_SOURCES = \
	tools/args.c \
	tools/args.h \
	tools/ask.c \
	tools/ask.h \
	tools/cmd_change.c \
	tools/cmd_distribution.c \
	tools/cmd_dump.c \
	tools/cmd_lease.c \
	tools/cmd_options.c \
	tools/cmd_read.c \
	tools/cmd_repair.c \
	tools/cmd_server.c \
	tools/cmd_status.c \
	tools/cmd_store.c \
	tools/cmd_where.c \
	tools/commands.c \
	tools/commands.h \
	tools/duration.c \
	tools/duration.h \
	tools/exits.c \
	tools/exits.h \
	tools/help.c \
	tools/help.h \
	tools/input.c \
	tools/input.h \
	tools/main.c \
	tools/memory.c \
	tools/memory.h \
	tools/nearest.c \
	tools/nearest.h \
	tools/number.c \
	tools/number.h \
	tools/progress.c \
	tools/progress.h \
	tools/quote.c \
	tools/quote.h \
	tools/report.c \
	tools/report.h \
	tools/session.c \
	tools/session.h \
	tools/sources.c \
	tools/sources.h \
	tools/spread.c \
	tools/spread.h \
	tools/table.c \
	tools/table.h \
	tools/watch.c \
	tools/watch.h \
	tools/words.c \
	tools/words.h

if TOOLS
bin_PROGRAMS += tools/mcp-cli
tools_mcp_cli_SOURCES = $(TOOL_SOURCES)
tools_mcp_cli_CPPFLAGS = $(PUBLIC_CPPFLAGS) -I$(top_srcdir)/tools
tools_mcp_cli_CFLAGS = $(MCP_CFLAGS) $(MCP_WARNINGS) $(JANSSON_CFLAGS)
tools_mcp_cli_LDADD = libmcproxy.la $(JANSSON_LIBS)
endif
