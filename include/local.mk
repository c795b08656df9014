# SPDX-License-Identifier: BSD-3-Clause
mcproxydir = $(includedir)/mcproxy
mcproxy_HEADERS = include/mcproxy/dump.h include/mcproxy/mcproxy.h include/mcproxy/pool.h
