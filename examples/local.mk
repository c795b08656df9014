# SPDX-License-Identifier: BSD-3-Clause
# Examples see the public headers only, as they would where the library is installed.
noinst_PROGRAMS += \
	examples/async_own \
	examples/async_poll \
	examples/batch \
	examples/binary_keys \
	examples/cas \
	examples/counters \
	examples/demo \
	examples/discovery \
	examples/dump \
	examples/events \
	examples/failover \
	examples/first \
	examples/fork \
	examples/latency \
	examples/lease \
	examples/log \
	examples/mget \
	examples/pool \
	examples/reload \
	examples/secure \
	examples/stats

examples_async_poll_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_async_poll_SOURCES = examples/async_poll.c examples/async_work.h
examples_async_poll_LDADD = libmcproxy.la

examples_async_own_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_async_own_SOURCES = examples/async_own.c
examples_async_own_LDADD = libmcproxy.la

examples_fork_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_fork_SOURCES = examples/fork.c
examples_fork_LDADD = libmcproxy.la

if HAVE_CXX
noinst_PROGRAMS += examples/plus
endif

# A compiler of C++ defines _GNU_SOURCE itself.
examples_plus_CPPFLAGS = -I$(top_srcdir)/include $(MCP_CPPFLAGS)
examples_plus_CXXFLAGS = $(AM_CXXFLAGS) -std=c++11 -Wall -Wextra
examples_plus_SOURCES = examples/plus.cc
examples_plus_LDADD = libmcproxy.la

# Those need the library of their loop.
if HAVE_LIBEVENT
noinst_PROGRAMS += examples/async_libevent
endif
if HAVE_LIBUV
noinst_PROGRAMS += examples/async_libuv
endif

examples_async_libevent_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_async_libevent_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS)
examples_async_libevent_SOURCES = examples/async_libevent.c examples/async_work.h
examples_async_libevent_LDADD = libmcproxy.la $(LIBEVENT_LIBS)

examples_async_libuv_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_async_libuv_CFLAGS = $(AM_CFLAGS) $(LIBUV_CFLAGS)
examples_async_libuv_SOURCES = examples/async_libuv.c examples/async_work.h
examples_async_libuv_LDADD = libmcproxy.la $(LIBUV_LIBS)

examples_demo_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_demo_SOURCES = examples/demo.c
examples_demo_LDADD = libmcproxy.la

examples_failover_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_failover_SOURCES = examples/failover.c
examples_failover_LDADD = libmcproxy.la

examples_first_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_first_SOURCES = examples/first.c
examples_first_LDADD = libmcproxy.la

examples_log_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_log_SOURCES = examples/log.c
examples_log_LDADD = libmcproxy.la

examples_mget_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_mget_SOURCES = examples/mget.c
examples_mget_LDADD = libmcproxy.la

examples_pool_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_pool_SOURCES = examples/pool.c
examples_pool_LDADD = libmcproxy.la -lpthread

examples_batch_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_batch_SOURCES = examples/batch.c
examples_batch_LDADD = libmcproxy.la

examples_binary_keys_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_binary_keys_SOURCES = examples/binary_keys.c
examples_binary_keys_LDADD = libmcproxy.la

examples_cas_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_cas_SOURCES = examples/cas.c
examples_cas_LDADD = libmcproxy.la

examples_counters_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_counters_SOURCES = examples/counters.c
examples_counters_LDADD = libmcproxy.la

examples_discovery_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_discovery_SOURCES = examples/discovery.c
examples_discovery_LDADD = libmcproxy.la

examples_dump_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_dump_SOURCES = examples/dump.c
examples_dump_LDADD = libmcproxy.la

examples_events_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_events_SOURCES = examples/events.c
examples_events_LDADD = libmcproxy.la

examples_latency_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_latency_SOURCES = examples/latency.c
examples_latency_LDADD = libmcproxy.la

examples_lease_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_lease_SOURCES = examples/lease.c
examples_lease_LDADD = libmcproxy.la

examples_stats_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_stats_SOURCES = examples/stats.c
examples_stats_LDADD = libmcproxy.la

examples_secure_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_secure_SOURCES = examples/secure.c
examples_secure_LDADD = libmcproxy.la

examples_reload_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_reload_SOURCES = examples/reload.c
examples_reload_LDADD = libmcproxy.la
