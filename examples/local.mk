# SPDX-License-Identifier: BSD-3-Clause
# Examples see the public headers only, as they would where the library is installed.
noinst_PROGRAMS += \
	examples/demo \
	examples/failover \
	examples/first \
	examples/pool

examples_demo_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_demo_SOURCES = examples/demo.c
examples_demo_LDADD = libmcproxy.la

examples_failover_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_failover_SOURCES = examples/failover.c
examples_failover_LDADD = libmcproxy.la

examples_first_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_first_SOURCES = examples/first.c
examples_first_LDADD = libmcproxy.la

examples_pool_CPPFLAGS = $(PUBLIC_CPPFLAGS)
examples_pool_SOURCES = examples/pool.c
examples_pool_LDADD = libmcproxy.la -lpthread
