/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/fork.h"

#include <check.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_io_refuse.h"
#include "support.h"

/* What a child's function returned; -1 when it died. */
static int
in_child(int (*work)(mcp__fork *), mcp__fork *mark)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(work(mark));
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static int
sees_fork(mcp__fork *mark)
{
    return mcp__fork_happened(mark) ? 0 : 1;
}

static int
sees_renews_and_forks(mcp__fork *mark)
{
    if (!mcp__fork_happened(mark))
        return 1;
    if (in_child(sees_fork, mark) != 0) /* before it is renewed, too */
        return 2;
    mcp__fork_renew(mark);
    if (mcp__fork_happened(mark))
        return 3;
    if (in_child(sees_fork, mark) != 0)
        return 4;
    return mcp__fork_happened(mark) ? 5 : 0;
}

static void
family(mcp__fork *mark)
{
    ck_assert(!mcp__fork_happened(mark));
    ck_assert_int_eq(in_child(sees_renews_and_forks, mark), 0);
    ck_assert(!mcp__fork_happened(mark));
    ck_assert_int_eq(in_child(sees_fork, mark), 0);
    ck_assert(!mcp__fork_happened(mark));
}

START_TEST(page_tells_child_and_grandchild)
{
    mcp__fork mark;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    int known = madvise(page, 4096, MADV_WIPEONFORK) == 0;
    munmap(page, 4096);
    mcp__fork_init(&mark);
    ck_assert_int_eq(mark.mark != NULL, known);
    family(&mark);
    mcp__fork_fini(&mark);
}
END_TEST

START_TEST(process_number_tells_child_and_grandchild)
{
    mcp__fork mark;
    mcp__fork_init_by_pid(&mark);
    ck_assert(mark.mark == NULL);
    family(&mark);
    mcp__fork_fini(&mark);
}
END_TEST

static int
without_madvise(mcp__fork *unused)
{
    mcp__fork mark;
    (void)unused;
    if (refuse_system_call(SYS_madvise, EINVAL) != 0)
        return 10;
    mcp__fork_init(&mark);
    if (mark.mark != NULL || mark.page != NULL)
        return 11;
    if (mcp__fork_happened(&mark))
        return 12;
    int seen = in_child(sees_renews_and_forks, &mark);
    mcp__fork_fini(&mark);
    return seen;
}

START_TEST(falls_back_without_the_page)
{
    ck_assert_int_eq(in_child(without_madvise, NULL), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("io/fork");
    TCase *all = tcase_create("all");
    tcase_add_test(all, page_tells_child_and_grandchild);
    tcase_add_test(all, process_number_tells_child_and_grandchild);
    tcase_add_test(all, falls_back_without_the_page);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
