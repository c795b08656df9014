/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main() of a fuzzer that is not linked with libFuzzer: replays the corpus, then runs mutations
 * of it, the same ones for the same seed.
 *
 *     fuzz_NAME [--seed N] [--rounds N] [FILE...]     files: these alone, as they are
 *
 * An input that breaks something is left in fuzz_NAME.crash, here.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "sim/random.h"

#define ENTRIES_MAX 512
#define LEN_MAX 4096
#define FILE_MAX_LEN 65536

typedef struct entry {
    uint8_t *bytes;
    size_t len;
} entry;

static entry entries[ENTRIES_MAX];
static size_t n_entries;
static char crash_path[256];
static entry current;

/* The sanitizers end by abort(), so that the input is saved then, too. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
    return "abort_on_error=1";
}

const char *
__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

static void
save_crash(int number)
{
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0) {
        ssize_t written = write(fd, current.bytes, current.len);
        (void)written;
        close(fd);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void
watch_signals(void)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    snprintf(crash_path, sizeof crash_path, "fuzz_%s.crash", fuzz_name);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], save_crash);
}

static void
run(const uint8_t *bytes, size_t len)
{
    current = (entry){fuzz_copy(bytes, len), len};
    if (LLVMFuzzerTestOneInput(current.bytes, len) != 0)
        abort();
    free(current.bytes);
}

/* ---- the corpus ---- */

static int
read_entry(const char *path)
{
    static uint8_t bytes[FILE_MAX_LEN];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    if (len < 0 || n_entries == ENTRIES_MAX) {
        fprintf(stderr, "%s: cannot be read, or one too many\n", path);
        return 0;
    }
    entries[n_entries++] = (entry){fuzz_copy(bytes, (size_t)len), (size_t)len};
    return 1;
}

static int
is_plain(const struct dirent *item)
{
    return item->d_name[0] != '.';
}

static int
read_corpus(void)
{
    char folder[512], path[1024];
    struct dirent **items;
    const char *top = getenv("MCP_TOP");
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top != NULL ? top : ".", fuzz_name);
    int n = scandir(folder, &items, is_plain, alphasort), done = n > 0;
    if (n <= 0)
        fprintf(stderr, "%s: no corpus\n", folder);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, items[i]->d_name);
        done &= read_entry(path);
        free(items[i]);
    }
    if (n >= 0)
        free(items);
    return done;
}

/* ---- mutations ---- */

static size_t
place_in(sim_random *random, size_t len)
{
    return sim_random_below(random, (uint32_t)len + 1);
}

/* Makes `gap` bytes of room at `at`, as far as there is any. Returns how many. */
static size_t
open_gap(uint8_t *bytes, size_t *len, size_t at, size_t gap)
{
    if (gap > LEN_MAX - *len)
        gap = LEN_MAX - *len;
    memmove(bytes + at + gap, bytes + at, *len - at);
    *len += gap;
    return gap;
}

static void
insert(uint8_t *bytes, size_t *len, size_t at, const void *from, size_t n)
{
    uint8_t part[LEN_MAX];
    if (n > LEN_MAX)
        n = LEN_MAX;
    memcpy(part, from, n);
    memcpy(bytes + at, part, open_gap(bytes, len, at, n));
}

static void
remove_some(sim_random *random, uint8_t *bytes, size_t *len)
{
    size_t at = place_in(random, *len);
    size_t n = sim_random_chance(random, 50) ? 1 : place_in(random, *len);
    if (n > *len - at)
        n = *len - at;
    memmove(bytes + at, bytes + at + n, *len - at - n);
    *len -= n;
}

static void
change_one(sim_random *random, uint8_t *bytes, size_t len)
{
    static const uint8_t special[] = {0,   1,   '\r', '\n', ' ',  '0', '9',
                                      '-', ';', '%',  0x7f, 0x80, 0xff};
    if (len == 0)
        return;
    size_t at = sim_random_below(random, (uint32_t)len);
    switch (sim_random_below(random, 3)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << sim_random_below(random, 8));
        break;
    case 1:
        bytes[at] = (uint8_t)sim_random_next(random);
        break;
    default:
        bytes[at] = special[sim_random_below(random, sizeof special)];
        break;
    }
}

static void
insert_word(sim_random *random, uint8_t *bytes, size_t *len)
{
    static const char *const numbers[] = {"0",
                                          "-1",
                                          "00",
                                          "4294967295",
                                          "4294967296",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "9223372036854775808",
                                          "1e9",
                                          "+5"};
    uint32_t n = 0;
    while (fuzz_words[n] != NULL)
        n++;
    uint32_t pick = sim_random_below(random, n + 10);
    const char *word = pick < n ? fuzz_words[pick] : numbers[pick - n];
    insert(bytes, len, place_in(random, *len), word, strlen(word));
}

/* A part of this entry, or of another one, once more. */
static void
insert_part(sim_random *random, uint8_t *bytes, size_t *len)
{
    const entry *other = &entries[sim_random_below(random, (uint32_t)n_entries)];
    int is_own = sim_random_chance(random, 30);
    const uint8_t *from = is_own ? bytes : other->bytes;
    size_t all = is_own ? *len : other->len, first = place_in(random, all);
    insert(bytes, len, place_in(random, *len), from + first, place_in(random, all - first));
}

static void
mutate_once(sim_random *random, uint8_t *bytes, size_t *len)
{
    switch (sim_random_below(random, 6)) {
    case 0:
        remove_some(random, bytes, len);
        break;
    case 1:
        insert_word(random, bytes, len);
        break;
    case 2:
        insert_part(random, bytes, len);
        break;
    case 3:
        if (sim_random_chance(random, 30))
            *len = place_in(random, *len);
        break;
    default:
        change_one(random, bytes, *len);
        break;
    }
}

static void
run_mutation(sim_random *random)
{
    static uint8_t bytes[LEN_MAX];
    const entry *base = &entries[sim_random_below(random, (uint32_t)n_entries)];
    size_t len = base->len < LEN_MAX ? base->len : LEN_MAX;
    memcpy(bytes, base->bytes, len);
    for (uint32_t n = 1 + sim_random_below(random, 8); n > 0; n--)
        mutate_once(random, bytes, &len);
    run(bytes, len);
}

/* ---- main ---- */

/* So many times what a fuzzer says: all of them together take a minute. */
enum { MORE = 16 };

static unsigned long
rounds_here(void)
{
    const char *rounds = getenv("MCP_FUZZ_ROUNDS"), *slow = getenv("MCP_SLOW");
    unsigned long factor = slow != NULL ? strtoul(slow, NULL, 10) : 1;
    if (rounds != NULL)
        return strtoul(rounds, NULL, 10);
    return factor > 1 ? MORE * fuzz_rounds / factor : MORE * fuzz_rounds;
}

int
main(int argc, char **argv)
{
    unsigned long rounds = rounds_here();
    sim_random random = {1};
    int i = 1;
    watch_signals();
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            random.state = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--rounds") == 0)
            rounds = strtoul(argv[i + 1], NULL, 10);
        else
            return 2;
    }
    if (i < argc)
        rounds = 0;
    else if (!read_corpus())
        return 2;
    for (; i < argc; i++) {
        if (!read_entry(argv[i]))
            return 2;
    }
    for (size_t at = 0; at < n_entries; at++)
        run(entries[at].bytes, entries[at].len);
    for (unsigned long round = 0; round < rounds; round++)
        run_mutation(&random);
    printf("%s: %zu of the corpus, %lu mutations\n", fuzz_name, n_entries, rounds);
    for (size_t at = 0; at < n_entries; at++)
        free(entries[at].bytes);
    return 0;
}
