# SPDX-License-Identifier: BSD-3-Clause
PAGES = \
	docs/design.md \
	docs/from-libmemcached.md \
	docs/from-magent.md \
	docs/operations.md \
	docs/performance.md \
	docs/performance.svg \
	docs/placement.md \
	docs/promise-live.txt \
	docs/secure.md \
	docs/tour.md
MAN = \
	docs/man/libmcproxy.7 \
	docs/man/mcp-cli.1 \
	docs/man/mcp_call.3 \
	docs/man/mcp_dump.3 \
	docs/man/mcp_get.3 \
	docs/man/mcp_get_or_lease.3 \
	docs/man/mcp_incr.3 \
	docs/man/mcp_last_error.3 \
	docs/man/mcp_mget.3 \
	docs/man/mcp_open.3 \
	docs/man/mcp_on_event.3 \
	docs/man/mcp_on_log.3 \
	docs/man/mcp_option_at.3 \
	docs/man/mcp_pool_open.3 \
	docs/man/mcp_reload.3 \
	docs/man/mcp_repair.3 \
	docs/man/mcp_server_info.3 \
	docs/man/mcp_set.3 \
	docs/man/mcp_submit.3 \
	docs/man/mcproxy_options.7 \
	docs/man/mcproxy_placement.7

dist_man_MANS += $(MAN)
dist_doc_DATA = README $(PAGES)

# A page that describes several functions is found under the name of each.
PAGE_NAMES = for page in $(MAN); do section=$${page\#\#*.}; \
	for name in `sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z_-]*\).*/\1/p' $(srcdir)/$$page`; do \
	file=$${page\#\#*/}; link='$(DESTDIR)$(mandir)'/man$$section/$$name.$$section; \
	test $$file = $$name.$$section ||
install-data-hook:
	$(PAGE_NAMES) $(LN_S) -f $$file "$$link"; done; done
uninstall-hook:
	$(PAGE_NAMES) rm -f "$$link"; done; done
