/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer lets every process wait a second at its end; here each test is a process. */
const char *__tsan_default_options(void);

const char *
__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}

static char folder[64];
static unsigned n_paths;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

static void
remove_folder(const char *path)
{
    if (path[0] != '\0')
        (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/*
 * The janitor holds the reading end of a pipe whose writing end is in this process and its forks,
 * but in nothing that they execute. When the last of them is gone, however it went, the pipe ends.
 */
static void
janitor(int ends[2])
{
    char byte;
    int null = open("/dev/null", O_RDWR);

    close(ends[1]);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
        ;
    remove_folder(folder);
    _exit(0);
}

const char *
run_folder(void)
{
    const char *base = getenv("TMPDIR");
    int ends[2];
    pid_t pid;

    if (folder[0] != '\0')
        return folder;
    if (base == NULL || strlen(base) > 30)
        base = "/tmp";
    snprintf(folder, sizeof folder, "%s/mcp-test-XXXXXX", base);
    if (mkdtemp(folder) == NULL || pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
        perror("run_folder");
        exit(99);
    }
    if (pid == 0) {
        setpgid(0, 0);
        janitor(ends);
    }
    close(ends[0]);
    return folder;
}

char *
run_path(char *out, size_t size, const char *ending)
{
    snprintf(out, size, "%s/%d-%u%s", run_folder(), (int)getpid(), n_paths++, ending);
    return out;
}

int
run_tests(const char *name, TCase *tests)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;

    (void)run_folder();
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    if (srunner_ntests_run(runner) == 0)
        failed = 1;
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

void
run_die_with_parent(int parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(99);
}

int
run_program(const char *const argv[], const char *output)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int out = output == NULL ? -1 : open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        run_die_with_parent(parent);
        if (out >= 0) {
            dup2(out, 1);
            dup2(out, 2);
            close(out);
        }
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}

int
run_has(const char *program)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        char file[PATH_MAX];
        int len = (int)strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/%s", len, path, program);
        if (access(file, X_OK) == 0)
            return 1;
        path += len + (path[len] == ':');
    }
    return 0;
}

const char *
run_self(void)
{
    static char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

    ck_assert_int_gt(len, 0);
    path[len] = '\0';
    return path;
}

char *
run_read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text;
    long size;

    ck_assert_msg(file != NULL, "cannot open %s", path);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    text = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    text[size] = '\0';
    fclose(file);
    if (len != NULL)
        *len = (size_t)size;
    return text;
}
