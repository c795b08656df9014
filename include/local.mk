# SPDX-License-Identifier: BSD-3-Clause
mcproxydir = $(includedir)/mcproxy
mcproxy_HEADERS = include/mcproxy/mcproxy.h include/mcproxy/pool.h
