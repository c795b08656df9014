# SPDX-License-Identifier: BSD-3-Clause
# Two halves: what is below io/ is plain C11 and is not even shown the declarations of POSIX; io/ and
# api/ touch the world. Tests link libmcproxy-core.la, so nothing is exported for their sake.
noinst_LTLIBRARIES += libmcproxy-pure.la libmcproxy-core.la
lib_LTLIBRARIES += libmcproxy.la
EXTRA_DIST += lib/ROOMS lib/symbols

LIB_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/lib $(MCP_CPPFLAGS) $(MCP_LIB_CPPFLAGS) $(MCP_MUTANT)
WORLD_CPPFLAGS = $(LIB_CPPFLAGS) -D_GNU_SOURCE=

libmcproxy_pure_la_CPPFLAGS = $(LIB_CPPFLAGS)
libmcproxy_pure_la_CFLAGS = $(AM_CFLAGS) $(MD_CFLAGS) $(ZLIB_CFLAGS) $(XXHASH_CFLAGS)
libmcproxy_pure_la_SOURCES = \
	lib/base/buf.c \
	lib/base/buf.h \
	lib/base/err.c \
	lib/base/err.h \
	lib/base/mem.c \
	lib/base/mem.h \
	lib/engine/checks.c \
	lib/engine/checks.h \
	lib/engine/checks_way.h \
	lib/engine/chores.c \
	lib/engine/chores.h \
	lib/engine/debts.c \
	lib/engine/debts.h \
	lib/engine/diary.c \
	lib/engine/diary.h \
	lib/engine/drive.c \
	lib/engine/drive.h \
	lib/engine/coach.c \
	lib/engine/coach.h \
	lib/engine/convoy.c \
	lib/engine/convoy.h \
	lib/engine/convoy_way.h \
	lib/engine/convoy_classic.c \
	lib/engine/convoy_parts.h \
	lib/engine/convoy_way.h \
	lib/engine/dumper.c \
	lib/engine/dumper.h \
	lib/engine/scout.c \
	lib/engine/scout.h \
	lib/engine/express.c \
	lib/engine/express.h \
	lib/engine/express_way.h \
	lib/engine/facts.c \
	lib/engine/facts.h \
	lib/engine/job.c \
	lib/engine/job.h \
	lib/engine/line.c \
	lib/engine/line.h \
	lib/engine/line_ask.c \
	lib/engine/line_parts.h \
	lib/engine/move.c \
	lib/engine/move.h \
	lib/engine/news.c \
	lib/engine/news.h \
	lib/engine/payer.c \
	lib/engine/payer.h \
	lib/engine/pool.c \
	lib/engine/pool.h \
	lib/engine/quiet.h \
	lib/engine/record.c \
	lib/engine/record.h \
	lib/engine/ride.c \
	lib/engine/ride.h \
	lib/engine/tasks.c \
	lib/engine/tasks.h \
	lib/engine/tasks_sequel.c \
	lib/engine/timer.c \
	lib/engine/timer.h \
	lib/ops/agree.c \
	lib/ops/agree.h \
	lib/ops/alone.c \
	lib/ops/alone.h \
	lib/ops/copies.c \
	lib/ops/copies.h \
	lib/ops/erase.c \
	lib/ops/erase.h \
	lib/ops/errand.h \
	lib/ops/fill.c \
	lib/ops/fill.h \
	lib/ops/keys.c \
	lib/ops/keys.h \
	lib/ops/lock.c \
	lib/ops/lock.h \
	lib/ops/mark.c \
	lib/ops/mark.h \
	lib/ops/op.c \
	lib/ops/op.h \
	lib/ops/plain.c \
	lib/ops/plain.h \
	lib/ops/read.c \
	lib/ops/read.h \
	lib/ops/repair.c \
	lib/ops/repair.h \
	lib/ops/repair_parts.h \
	lib/ops/repair_replay.c \
	lib/ops/repair_round.c \
	lib/ops/resync.c \
	lib/ops/resync.h \
	lib/ops/steps.c \
	lib/ops/steps.h \
	lib/ops/stubs.c \
	lib/ops/stubs.h \
	lib/ops/verify.c \
	lib/ops/verify.h \
	lib/ops/write.c \
	lib/ops/write.h \
	lib/ops/write_parts.h \
	lib/ops/write_agree.c \
	lib/ops/write_stub.c \
	lib/pair/ledger.c \
	lib/pair/ledger.h \
	lib/pair/marks.c \
	lib/pair/marks.h \
	lib/pair/view.h \
	lib/place/compat.c \
	lib/place/compat.h \
	lib/place/hash.c \
	lib/place/hash.h \
	lib/place/map.c \
	lib/place/map.h \
	lib/place/native.c \
	lib/place/native.h \
	lib/place/pairing.c \
	lib/place/pairing.h \
	lib/place/ring.c \
	lib/place/ring.h \
	lib/place/spec.h \
	lib/server/health.c \
	lib/server/health.h \
	lib/server/hello.c \
	lib/server/hello.h \
	lib/server/link.c \
	lib/server/link.h \
	lib/server/link_classic.c \
	lib/server/link_parts.h \
	lib/server/tally.c \
	lib/server/tally.h \
	lib/wire/base64.c \
	lib/wire/base64.h \
	lib/wire/classic.c \
	lib/wire/classic.h \
	lib/wire/command.h \
	lib/wire/cluster.c \
	lib/wire/cluster.h \
	lib/wire/dump.c \
	lib/wire/dump.h \
	lib/wire/fold.c \
	lib/wire/fold.h \
	lib/wire/key.c \
	lib/wire/key.h \
	lib/wire/meta.c \
	lib/wire/meta.h \
	lib/wire/reply.h \
	lib/wire/span.h \
	lib/wire/token.c \
	lib/wire/token.h \
	lib/wire/ttl.h \
	lib/wire/echo.h \
	lib/wire/usual.h

libmcproxy_core_la_CPPFLAGS = $(WORLD_CPPFLAGS)
libmcproxy_core_la_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS) $(OPENSSL_CFLAGS)
libmcproxy_core_la_SOURCES = \
	lib/api/address.c \
	lib/api/address.h \
	lib/api/async.c \
	lib/api/async.h \
	lib/api/many.c \
	lib/api/many.h \
	lib/api/batch.c \
	lib/api/batch.h \
	lib/api/calls.c \
	lib/api/calls.h \
	lib/api/client.c \
	lib/api/client.h \
	lib/api/client_check.c \
	lib/api/client_discover.c \
	lib/api/client_discover.h \
	lib/api/client_dump.c \
	lib/api/client_reload.c \
	lib/api/client_reload.h \
	lib/api/client_servers.c \
	lib/api/client_texts.c \
	lib/api/client_verbs.c \
	lib/api/events.c \
	lib/api/events.h \
	lib/api/explain.c \
	lib/api/explain.h \
	lib/api/mget.c \
	lib/api/mget.h \
	lib/api/options.c \
	lib/api/options.h \
	lib/api/options_pool.c \
	lib/api/options_hash.c \
	lib/api/options_hash.h \
	lib/api/options_secure.c \
	lib/api/options_secure.h \
	lib/api/recovery.c \
	lib/api/recovery.h \
	lib/api/roster.c \
	lib/api/roster.h \
	lib/api/share.c \
	lib/api/share.h \
	lib/api/share_hall.c \
	lib/api/share_hall.h \
	lib/api/share_reload.c \
	lib/api/table.c \
	lib/api/table.h \
	lib/api/values.c \
	lib/api/values.h \
	lib/api/words.c \
	lib/api/words.h \
	lib/io/carry.c \
	lib/io/carry.h \
	lib/io/clock.c \
	lib/io/clock.h \
	lib/io/fork.c \
	lib/io/fork.h \
	lib/io/hook.c \
	lib/io/hook.h \
	lib/io/large.c \
	lib/io/large.h \
	lib/io/name.c \
	lib/io/name.h \
	lib/io/rand.c \
	lib/io/rand.h \
	lib/io/sock.c \
	lib/io/sock.h \
	lib/io/tls.h \
	lib/io/wait.c \
	lib/io/wait.h
libmcproxy_core_la_LIBADD = libmcproxy-pure.la $(CARES_LIBS) $(MD_LIBS) $(ZLIB_LIBS) $(OPENSSL_LIBS) -lpthread
if WITH_TLS
libmcproxy_core_la_SOURCES += lib/io/tls.c
else
libmcproxy_core_la_SOURCES += lib/io/tls_none.c
endif

libmcproxy_la_SOURCES =
libmcproxy_la_LIBADD = libmcproxy-core.la
libmcproxy_la_LDFLAGS = $(AM_LDFLAGS) $(MCP_LIB_LDFLAGS) -version-info $(LIBTOOL_VERSION) -no-undefined \
	-export-symbols $(top_srcdir)/lib/symbols
EXTRA_libmcproxy_la_DEPENDENCIES = lib/symbols
