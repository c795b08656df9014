/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/rand.h"

#include <check.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_io_refuse.h"
#include "support.h"

#define DRAWS 256

/* No two alike, and every bit seen as 0 and as 1 (a fair bit fails that once in 2^255). */
static int
looks_random(uint64_t (*draw)(void))
{
    uint64_t seen[DRAWS], ones = 0, zeros = 0;
    for (int i = 0; i < DRAWS; i++) {
        seen[i] = draw();
        ones |= seen[i];
        zeros |= ~seen[i];
        for (int k = 0; k < i; k++)
            if (seen[k] == seen[i])
                return 0;
    }
    return ones == UINT64_MAX && zeros == UINT64_MAX;
}

START_TEST(looks_random_from_the_kernel)
{
    ck_assert(looks_random(mcp__rand_64));
}
END_TEST

START_TEST(looks_random_mixed)
{
    ck_assert(looks_random(mcp__rand_mixed));
}
END_TEST

/* Exit codes: 0 fine, 1 not random, 2 the kernel could not be made to refuse. */
static int
without_getrandom(void)
{
    char byte;
    if (refuse_system_call(SYS_getrandom, ENOSYS) != 0)
        return 2;
    if (getrandom(&byte, 1, GRND_NONBLOCK) != -1 || errno != ENOSYS)
        return 2;
    return looks_random(mcp__rand_64) ? 0 : 1;
}

START_TEST(does_without_getrandom)
{
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(without_getrandom());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static void
differs_after_fork(uint64_t (*draw)(void))
{
    int ends[2], status;
    uint64_t theirs, ours;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        theirs = draw();
        _exit(write(ends[1], &theirs, sizeof theirs) == (ssize_t)sizeof theirs ? 0 : 1);
    }
    ours = draw();
    ck_assert_int_eq(read(ends[0], &theirs, sizeof theirs), sizeof theirs);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(ours != theirs);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(child_draws_other_numbers)
{
    differs_after_fork(mcp__rand_64);
    differs_after_fork(mcp__rand_mixed);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("io/rand");
    TCase *all = tcase_create("all");
    tcase_add_test(all, looks_random_from_the_kernel);
    tcase_add_test(all, looks_random_mixed);
    tcase_add_test(all, does_without_getrandom);
    tcase_add_test(all, child_draws_other_numbers);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
