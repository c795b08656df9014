# SPDX-License-Identifier: BSD-3-Clause
# The tests: small programs on libcheck that see the library's insides, and checks of the house.
EXTRA_DIST += $(CHECKS) tests/mutants.sh tests/check/allow.txt tests/faults.tsv tests/mutants.tsv \
	tests/vectors tests/sim/README tests/sim/golden tests/model/README

# Programs of one file, named without its ".c".
UNIT = \
	tests/unit/test_agree \
	tests/unit/test_base64 \
	tests/unit/test_buf \
	tests/unit/test_chores \
	tests/unit/test_classic \
	tests/unit/test_cluster \
	tests/unit/test_convoy \
	tests/unit/test_convoy_classic \
	tests/unit/test_debts \
	tests/unit/test_dialect \
	tests/unit/test_drive \
	tests/unit/test_drive_memory \
	tests/unit/test_drive_double \
	tests/unit/test_drive_pair \
	tests/unit/test_drive_record \
	tests/unit/test_drive_rides \
	tests/unit/test_diary \
	tests/unit/test_dump \
	tests/unit/test_dumper \
	tests/unit/test_express \
	tests/unit/test_express_checks \
	tests/unit/test_err \
	tests/unit/test_facts \
	tests/unit/test_cold_backup \
	tests/unit/test_fill \
	tests/unit/test_echo \
	tests/unit/test_fold \
	tests/unit/test_health \
	tests/unit/test_hello \
	tests/unit/test_io_clock \
	tests/unit/test_io_fork \
	tests/unit/test_io_name \
	tests/unit/test_io_rand \
	tests/unit/test_io_sock \
	tests/unit/test_io_waits \
	tests/unit/test_key \
	tests/unit/test_ledger \
	tests/unit/test_ledger_hear \
	tests/unit/test_line \
	tests/unit/test_link \
	tests/unit/test_link_out \
	tests/unit/test_mark \
	tests/unit/test_mark_race \
	tests/unit/test_marks \
	tests/unit/test_marks_journal \
	tests/unit/test_meta \
	tests/unit/test_meta_encode \
	tests/unit/test_news \
	tests/unit/test_options \
	tests/unit/test_options_files \
	tests/unit/test_options_secure \
	tests/unit/test_options_wrong \
	tests/unit/test_place_native \
	tests/unit/test_place_pairing \
	tests/unit/test_place_rules \
	tests/unit/test_place_vectors \
	tests/unit/test_pool \
	tests/unit/test_record \
	tests/unit/test_repair \
	tests/unit/test_repair_both \
	tests/unit/test_repair_steps \
	tests/unit/test_resync \
	tests/unit/test_share \
	tests/unit/test_steps \
	tests/unit/test_stubs \
	tests/unit/test_tally \
	tests/unit/test_timer \
	tests/unit/test_token \
	tests/unit/test_verify \
	tests/unit/test_write
SIM = \
	tests/sim/test_sim_faults \
	tests/sim/test_sim_golden \
	tests/sim/test_sim_memory \
	tests/sim/test_sim_record \
	tests/sim/test_sim_relaxed \
	tests/sim/test_sim_seeds \
	tests/sim/test_sim_server \
	tests/sim/test_sim_strict \
	tests/sim/test_sim_double \
	tests/sim/test_sim_twin
LIVE = \
	tests/live/test_async \
	tests/live/test_async_faults \
	tests/live/test_async_libevent \
	tests/live/test_async_libuv \
	tests/live/test_async_reload \
	tests/live/test_auth \
	tests/live/test_batches \
	tests/live/test_batches_large \
	tests/live/test_calls \
	tests/live/test_cluster \
	tests/live/test_counters \
	tests/live/test_deadline \
	tests/live/test_dialects \
	tests/live/test_doubts \
	tests/live/test_discovery \
	tests/live/test_discovery_secure \
	tests/live/test_dump_keys \
	tests/live/test_dump_live \
	tests/live/test_events \
	tests/live/test_examples \
	tests/live/test_fork \
	tests/live/test_keys \
	tests/live/test_killed \
	tests/live/test_large \
	tests/live/test_log \
	tests/live/test_paused \
	tests/live/test_peace \
	tests/live/test_process \
	tests/live/test_reload \
	tests/live/test_replies \
	tests/live/test_reset \
	tests/live/test_returns \
	tests/live/test_riders \
	tests/live/test_same_bytes \
	tests/live/test_share \
	tests/live/test_spin \
	tests/live/test_storm \
	tests/live/test_strangers \
	tests/live/test_stubs \
	tests/live/test_support \
	tests/live/test_surroundings \
	tests/live/test_tls \
	tests/live/test_two_threads \
	tests/live/test_values \
	tests/live/test_verbs
# Those need mcp-cli, and these libmemcached.
LIVE_CLI = \
	tests/live/test_cli \
	tests/live/test_cli_recovery \
	tests/live/test_cli_words
INTEROP = \
	tests/interop/test_libmemcached \
	tests/interop/test_nutcracker \
	tests/interop/test_place_libmemcached \
	tests/interop/test_place_nutcracker \
	tests/interop/test_random_ops
BENCH = \
	tests/bench/bench_place
BENCH_ALL = \
	tests/bench/bench.c \
	tests/bench/bench.h \
	tests/bench/floor.c \
	tests/bench/mcproxy.c \
	tests/bench/memcached.c \
	tests/bench/recovery.c \
	tests/bench/threads.c \
	tests/bench/work.c

# What they share; the simulated world; what the unit tests share.
SIM_SUPPORT = \
	tests/sim/bytes.h \
	tests/sim/driver.c \
	tests/sim/driver.h \
	tests/sim/host.c \
	tests/sim/host.h \
	tests/sim/items.c \
	tests/sim/items.h \
	tests/sim/lists.c \
	tests/sim/memory.c \
	tests/sim/memory.h \
	tests/sim/model.c \
	tests/sim/model.h \
	tests/sim/net.c \
	tests/sim/net.h \
	tests/sim/notes.c \
	tests/sim/notes.h \
	tests/sim/ops.c \
	tests/sim/ops.h \
	tests/sim/plan.c \
	tests/sim/promise.c \
	tests/sim/promise.h \
	tests/sim/promise_plan.c \
	tests/sim/quiet.c \
	tests/sim/quiet.h \
	tests/sim/random.h \
	tests/sim/request.c \
	tests/sim/request.h \
	tests/sim/rules.c \
	tests/sim/rules.h \
	tests/sim/script.h \
	tests/sim/seeds.c \
	tests/sim/seeds.h \
	tests/sim/server.c \
	tests/sim/server.h \
	tests/sim/truth.c \
	tests/sim/world.c \
	tests/sim/world.h
UNIT_SUPPORT = \
	tests/unit/errands.c \
	tests/unit/errands.h \
	tests/unit/express_kit.c \
	tests/unit/express_kit.h \
	tests/unit/link_kit.h \
	tests/unit/marks_kit.h \
	tests/unit/op_kit.c \
	tests/unit/op_kit.h \
	tests/unit/place_kit.h \
	tests/unit/repair_record.c \
	tests/unit/repair_record.h \
	tests/unit/repair_story.c \
	tests/unit/repair_story.h \
	tests/unit/repair_writers.c \
	tests/unit/story.c \
	tests/unit/story.h \
	tests/unit/story_words.c \
	tests/unit/support.c \
	tests/unit/support.h \
	tests/unit/test_io_dns.c \
	tests/unit/test_io_dns.h \
	tests/unit/test_io_refuse.h \
	tests/unit/test_options_kit.h \
	tests/unit/world.c \
	tests/unit/world.h
SUPPORT = \
	tests/live/cli_run.h \
	tests/support/client.c \
	tests/support/client.h \
	tests/support/fault.c \
	tests/support/fault.h \
	tests/support/relay.c \
	tests/support/relay.h \
	tests/support/run.c \
	tests/support/run.h \
	tests/support/secure.c \
	tests/support/secure.h \
	tests/support/server.c \
	tests/support/server.h \
	tests/support/talk.c \
	tests/support/talk.h \
	tests/support/trace.c \
	tests/support/trace.h \
	tests/support/wait.h

# The models of the protocol: every interleaving, and a sample of them on a real memcached.
MODEL = \
	tests/model/test_model_replay \
	tests/model/test_models
MODEL_SUPPORT = \
	tests/model/both.c \
	tests/model/cache.c \
	tests/model/cache.h \
	tests/model/cases.c \
	tests/model/cases.h \
	tests/model/explore.c \
	tests/model/explore.h \
	tests/model/fills.c \
	tests/model/flags.c \
	tests/model/kit.c \
	tests/model/kit.h \
	tests/model/lost.c \
	tests/model/marks.c \
	tests/model/replay.c \
	tests/model/segments.c \
	tests/model/sets.c \
	tests/model/views.c \
	tests/model/whole.c \
	tests/model/zombies.c

CHECKS = \
	tests/check/rooms.sh \
	tests/check/purity.sh \
	tests/check/exports.sh \
	tests/check/sources.sh \
	tests/check/house.sh \
	tests/check/man.sh \
	tests/check/faults.sh \
	tests/check/migration.sh \
	tests/check/cplusplus.sh \
	tests/check/selftest.sh

# Any bytes to whatever reads bytes from outside. Here with a driver that runs a corpus and a fixed
# number of mutations of it; with clang's libFuzzer: make fuzz
FUZZERS = \
	tests/fuzz/fuzz_classic \
	tests/fuzz/fuzz_cluster \
	tests/fuzz/fuzz_command \
	tests/fuzz/fuzz_dump \
	tests/fuzz/fuzz_engine \
	tests/fuzz/fuzz_epoch \
	tests/fuzz/fuzz_file \
	tests/fuzz/fuzz_fold \
	tests/fuzz/fuzz_link \
	tests/fuzz/fuzz_marks \
	tests/fuzz/fuzz_meta \
	tests/fuzz/fuzz_options \
	tests/fuzz/fuzz_place \
	tests/fuzz/fuzz_token
FUZZ_SUPPORT = \
	tests/fuzz/fuzz.c \
	tests/fuzz/fuzz.h \
	tests/fuzz/hostile.c \
	tests/fuzz/hostile.h
FUZZ_DRIVER = tests/libfuzzdriver.la
FUZZ_LIBS = $(FUZZ_DRIVER) tests/libfuzz.la tests/libsim.la $(MUTANT_OBJECT) libmcproxy-core.la
EXTRA_DIST += tests/fuzz/corpus

# Every allocation, and every system call, of a client of real servers fails: in make check an eighth
# of them, by chance; all: make check-fail
FAIL = \
	tests/fail/test_fail_calls \
	tests/fail/test_fail_memory
FAIL_SUPPORT = \
	tests/fail/found.c \
	tests/fail/found.h \
	tests/fail/scene.c \
	tests/fail/scene.h \
	tests/fail/shares.c \
	tests/fail/shares.h \
	tests/fail/stage.c \
	tests/fail/stage.h \
	tests/fail/stories.c

# Arithmetic without memory to speak of would take valgrind minutes; the address sanitizer sees it. A
# child of test_share has lost what was lent to the threads it does not have.
VALGRIND_NOT = tests/unit/test_share tests/unit/test_repair tests/unit/test_resync tests/unit/test_steps \
	tests/unit/test_marks tests/unit/test_dump tests/unit/test_options tests/unit/test_place_native tests/unit/test_place_pairing \
	tests/unit/test_place_rules tests/unit/test_place_vectors
VALGRIND_TESTS = $(filter-out $(VALGRIND_NOT),$(UNIT)) tests/live/test_verbs \
	tests/sim/test_sim_seeds

# What a test may ask for: where the sources and the built things are, and the tools of this build.
# MCP_SLOW: how much slower than the machine the tests run.
AM_TESTS_ENVIRONMENT = \
	MCP_SLOW="$${MCP_SLOW:-$(MCP_SLOW)}" CK_TIMEOUT_MULTIPLIER="$${MCP_SLOW:-$(MCP_SLOW)}" \
	MCP_TOP='$(abs_top_srcdir)' MCP_BUILD='$(abs_top_builddir)' \
	MCP_CLI='$(abs_top_builddir)/tools/mcp-cli' NM='$(NM_TOOL)' CC='$(CC)' MAKE='$(MAKE)'; \
	export MCP_SLOW CK_TIMEOUT_MULTIPLIER MCP_TOP MCP_BUILD MCP_CLI NM CC MAKE; unset MAKEFLAGS MAKELEVEL MFLAGS;

# A check is a script that is told these two folders.
TEST_EXTENSIONS = .sh
LOG_COMPILER = $(MCP_RUNNER)
SH_LOG_COMPILER = $(SHELL) -c 'exec $(SHELL) "$$0" "$$MCP_TOP" "$$MCP_BUILD"'

TEST_LIBS = tests/libunit.la tests/libsim.la tests/libsupport.la $(MUTANT_OBJECT) \
	libmcproxy-core.la $(CHECK_LIBS) $(JANSSON_LIBS) $(MEMCACHED_LIBS) -lpthread

tests_live_test_async_SOURCES = tests/live/test_async.c tests/live/async_kit.h
tests_live_test_async_faults_SOURCES = tests/live/test_async_faults.c tests/live/async_kit.h
tests_live_test_async_reload_SOURCES = tests/live/test_async_reload.c tests/live/async_kit.h
tests_live_test_batches_SOURCES = tests/live/test_batches.c tests/live/counted.h
tests_live_test_batches_large_SOURCES = tests/live/test_batches_large.c tests/live/counted.h
tests_live_test_discovery_SOURCES = tests/live/test_discovery.c tests/live/discovery_kit.h
# With the client's own file, compiled with asserts.
tests_live_test_two_threads_SOURCES = tests/live/test_two_threads.c lib/api/client.c
tests_live_test_two_threads_CPPFLAGS = $(AM_CPPFLAGS) -UNDEBUG
# The adapters' tests; without the library they are skipped.
tests_live_test_async_libevent_SOURCES = tests/live/test_async_libevent.c tests/live/async_loops.h
tests_live_test_async_libevent_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS)
tests_live_test_async_libevent_LDADD = $(TEST_LIBS) $(LIBEVENT_LIBS)
tests_live_test_async_libuv_SOURCES = tests/live/test_async_libuv.c tests/live/async_loops.h
tests_live_test_async_libuv_CFLAGS = $(AM_CFLAGS) $(LIBUV_CFLAGS)
tests_live_test_async_libuv_LDADD = $(TEST_LIBS) $(LIBUV_LIBS)
tests_live_test_async_libevent_CPPFLAGS = $(AM_CPPFLAGS)
tests_live_test_async_libuv_CPPFLAGS = $(AM_CPPFLAGS)
if HAVE_LIBEVENT
tests_live_test_async_libevent_CPPFLAGS += -DHAVE_LIBEVENT
endif
if HAVE_LIBUV
tests_live_test_async_libuv_CPPFLAGS += -DHAVE_LIBUV
endif

if HAVE_CHECK
check_LTLIBRARIES += tests/libunit.la tests/libsim.la tests/libsupport.la tests/libmodel.la
check_LTLIBRARIES += tests/libfail.la tests/libfuzz.la tests/libfuzzdriver.la
tests_libfail_la_SOURCES = $(FAIL_SUPPORT)
tests_fail_test_fail_calls_SOURCES = tests/fail/calls.c tests/fail/calls.h tests/fail/test_fail_calls.c
tests_fail_test_fail_calls_LDADD = tests/libfail.la $(TEST_LIBS)
tests_fail_test_fail_memory_LDADD = tests/libfail.la $(TEST_LIBS)
tests_libfuzz_la_SOURCES = $(FUZZ_SUPPORT)
tests_libfuzzdriver_la_SOURCES = tests/fuzz/driver.c
tests_libmodel_la_SOURCES = $(MODEL_SUPPORT)
tests_model_test_models_LDADD = tests/libmodel.la $(TEST_LIBS)
tests_model_test_model_replay_LDADD = tests/libmodel.la $(TEST_LIBS)
tests_libsupport_la_SOURCES = $(SUPPORT)
tests_libsim_la_SOURCES = $(SIM_SUPPORT)
tests_libunit_la_SOURCES = $(UNIT_SUPPORT)
AM_CFLAGS += $(CHECK_CFLAGS) $(JANSSON_CFLAGS) $(MEMCACHED_CFLAGS)
tests_fuzz_fuzz_classic_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_cluster_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_command_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_dump_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_engine_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_epoch_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_file_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_fold_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_link_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_marks_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_meta_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_options_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_place_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_token_LDADD = $(FUZZ_LIBS)
check_PROGRAMS += $(UNIT) $(SIM) $(MODEL) $(FUZZERS) $(FAIL) $(LIVE)
TESTS += $(CHECKS) $(UNIT) $(SIM) $(MODEL) $(FUZZERS) $(FAIL) $(LIVE)
if TOOLS
check_PROGRAMS += $(LIVE_CLI)
TESTS += $(LIVE_CLI)
endif
if HAVE_LIBMEMCACHED
check_PROGRAMS += $(INTEROP)
TESTS += $(INTEROP)
endif
else
check-local:
	@echo 'make check needs libcheck (Debian: check), which configure did not find.'; exit 1
endif

# Measuring programs. bench_all is linked with the shared library, as users do; what it counts may not
# grow: counts.sh. All of it, as a table: make bench.
EXTRA_PROGRAMS += $(BENCH)
CLEANFILES += $(BENCH)
EXTRA_DIST += tests/bench/counts.sh tests/bench/counts.tsv tests/bench/plot.awk tests/bench/tables.awk $(BENCH_ALL)
if HAVE_CHECK
if HAVE_LIBMEMCACHED
check_PROGRAMS += tests/bench/bench_all
tests_bench_bench_all_SOURCES = $(BENCH_ALL)
tests_bench_bench_all_LDADD = tests/libsupport.la libmcproxy.la $(CHECK_LIBS) $(MEMCACHED_LIBS) -lpthread
TESTS += tests/bench/counts.sh
endif
endif
bench: $(BENCH) tests/bench/bench_all
	@for program in $(BENCH); do echo "$$program:"; ./$$program || exit 1; done
	$(SHELL) $(srcdir)/scripts/bench --build .

# The fuzzers with clang's libFuzzer, one after the other: make fuzz FUZZ=meta SECONDS=600. What they
# learn is kept in fuzz.corpus/NAME, what breaks something in fuzz.corpus/crash-NAME-...; the folder
# of the sources is only read.
FUZZ = $(FUZZERS:tests/fuzz/fuzz_%=%)
SECONDS = 60
FUZZ_LIMIT = -max_total_time=$(SECONDS)
.PHONY: check-fail fuzz fuzz-programs
check-fail:
	MCP_FAIL_SHARES=8 $(MAKE) check TESTS='$(FAIL)'
fuzz: NEST = fuzz.tmp
fuzz:
	rm -rf $(NEST) && mkdir -p $(NEST)/build fuzz.corpus && $(MAKE) distdir distdir=$(NEST)/source
	cd $(NEST)/build && ../source/configure -q --disable-shared --disable-tools --enable-asserts \
		CC='$(FUZZ_CC)' --enable-sanitizer=fuzzer-no-link,address,undefined && \
		$(MAKE) fuzz-programs FUZZ='$(FUZZ)'
	for name in $(FUZZ); do \
		mkdir -p fuzz.corpus/$$name && $(FUZZ_RUNNER) ./$(NEST)/build/tests/fuzz/fuzz_$$name -timeout=20 \
			-print_final_stats=1 -artifact_prefix=fuzz.corpus/crash-$$name- $(FUZZ_LIMIT) \
			fuzz.corpus/$$name $(NEST)/source/tests/fuzz/corpus/$$name || exit 1; done
# Their shadow memory and a much randomised address space do not go together.
FUZZ_CC = clang
FUZZ_RUNNER = setarch -R
fuzz-programs:
	$(MAKE) $(FUZZ:%=tests/fuzz/fuzz_%) FUZZ_DRIVER= LDFLAGS='$(LDFLAGS) -fsanitize=fuzzer'

# The long models, and the simulated world with many seeds: make soak FIRST=2001 SEEDS=100000
FIRST = 1
SEEDS = 50000
SOAKED = relaxed strict double seeds
if HAVE_LIBMEMCACHED
SOAK_OPS = soak-ops
endif
.PHONY: soak-storm soak-ops
# Replies delayed around the timeout; random operations, the same in libmemcached and here.
soak-storm: tests/live/test_storm
	CK_TIMEOUT_MULTIPLIER=100 MCP_STORM=100000 ./tests/live/test_storm
soak-ops: tests/interop/test_random_ops
	CK_TIMEOUT_MULTIPLIER=100 MCP_OPS=1000000 MCP_SEED=$(FIRST) ./tests/interop/test_random_ops
soak: soak-storm $(SOAK_OPS) tests/model/test_models $(SOAKED:%=tests/sim/test_sim_%)
	./tests/model/test_models --long
	@for kind in $(SOAKED); do \
		echo "test_sim_$$kind:"; ./tests/sim/test_sim_$$kind --from $(FIRST) $(SEEDS) || exit 1; done

# The promise, live: several client processes and real servers through roads that break, and a judge
# of all that was read and written. Each fault once: make check-promise; many times: make soak-live,
# whose table is docs/promise-live.txt: make soak-live RUNS=10 SEED=1 WORLDS=8
EXTRA_DIST += tests/promise/README
PROMISE = \
	tests/promise/test_crowd \
	tests/promise/test_judge \
	tests/promise/test_plain \
	tests/promise/test_resync
# Not all of their scenes hold yet, see docs/design.md: make check-promise
PROMISE_OPEN = \
	tests/promise/test_promise_relaxed \
	tests/promise/test_promise_strict
PROMISE_SUPPORT = \
	tests/promise/cache.c \
	tests/promise/cache.h \
	tests/promise/cases.c \
	tests/promise/cases.h \
	tests/promise/history.h \
	tests/promise/inspect.c \
	tests/promise/inspect.h \
	tests/promise/judge.c \
	tests/promise/judge.h \
	tests/promise/keys.c \
	tests/promise/keys.h \
	tests/promise/report.c \
	tests/promise/report.h \
	tests/promise/road.c \
	tests/promise/road.h \
	tests/promise/scenes.c \
	tests/promise/scenes.h \
	tests/promise/stage.c \
	tests/promise/stage.h \
	tests/promise/worker.c \
	tests/promise/worker.h \
	tests/promise/yard.c \
	tests/promise/yard.h
if HAVE_CHECK
check_LTLIBRARIES += tests/libpromise.la
tests_libpromise_la_SOURCES = $(PROMISE_SUPPORT)
PROMISE_LIBS = tests/libpromise.la $(TEST_LIBS)
tests_promise_test_crowd_LDADD = $(PROMISE_LIBS)
tests_promise_test_judge_LDADD = $(PROMISE_LIBS)
tests_promise_test_plain_LDADD = $(PROMISE_LIBS)
tests_promise_test_resync_LDADD = $(PROMISE_LIBS)
tests_promise_test_promise_relaxed_LDADD = $(PROMISE_LIBS)
tests_promise_test_promise_strict_LDADD = $(PROMISE_LIBS)
tests_promise_soak_live_LDADD = $(PROMISE_LIBS)
check_PROGRAMS += $(PROMISE) $(PROMISE_OPEN) tests/promise/soak_live
TESTS += $(PROMISE)
endif
RUNS = 10
SEED = 1
WORLDS = 8
RESYNC_KEYS = 1000000
.PHONY: check-promise soak-live soak-resync
check-promise:
	$(MAKE) check TESTS='$(PROMISE) $(PROMISE_OPEN)'
soak-resync: tests/promise/test_resync
	CK_TIMEOUT_MULTIPLIER=10 ./tests/promise/test_resync $(RESYNC_KEYS)
soak-live: tests/promise/soak_live
	./tests/promise/soak_live $(RUNS) $(SEED) $(WORLDS) > promise-live.tmp; status=$$?; \
	cat promise-live.tmp; mv promise-live.tmp $(srcdir)/docs/promise-live.txt; exit $$status

# One object compiled with a planted bug, and a test program linked with it: see mutants.sh.
.PHONY: mutant-object mutant-link
mutants: $(check_PROGRAMS)
	$(MAKE) check TESTS=tests/mutants.sh
mutant-object:
	$(CC) $(if $(filter lib/io/% lib/api/%,$(FILE)),$(libmcproxy_core_la_CPPFLAGS) \
		$(libmcproxy_core_la_CFLAGS),$(libmcproxy_pure_la_CPPFLAGS) \
		$(libmcproxy_pure_la_CFLAGS)) $(CPPFLAGS) $(CFLAGS) $(FLAG) -c $(srcdir)/$(FILE) -o $(MUTANT_OBJECT)
mutant-link:
	$(LIBTOOL) --silent --tag=CC --mode=link $(CCLD) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) \
		-o $(OUT) $($(subst /,_,$(PROGRAM))_OBJECTS) $(or $($(subst /,_,$(PROGRAM))_LDADD),$(TEST_LIBS)) \
		$(LIBS)
