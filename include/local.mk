# SPDX-License-Identifier: BSD-3-Clause
mcproxydir = $(includedir)/mcproxy
mcproxy_HEADERS = \
	include/mcproxy/async.h \
	include/mcproxy/dump.h \
	include/mcproxy/mcproxy.h \
	include/mcproxy/pool.h \
	include/mcproxy/server.h
adaptersdir = $(mcproxydir)/adapters
adapters_HEADERS = \
	include/mcproxy/adapters/libevent.h \
	include/mcproxy/adapters/libuv.h \
	include/mcproxy/adapters/poll.h
