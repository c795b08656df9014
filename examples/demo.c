/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * demo: two primaries and one backup. One primary is killed and one paused, and every key is still
 * there; keys are changed and deleted meanwhile; both return, one with old values and one empty, and
 * are put right; then the backup is killed, and every key is still there.
 *
 *     examples/demo [KEYS]
 *
 * Starts three memcached of its own on unix sockets in a scratch folder ($MEMCACHED or the one in
 * PATH), and ends them, also when it is interrupted. Exit code 0: not one error, not one miss, not
 * one old or wrong value, no deleted key back, no key moved. The client is opened as any program
 * would open it; nothing but mcproxy.h is used.
 */
#include <mcproxy/mcproxy.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_SERVERS = 3, KEYS = 10000, MAX_KEYS = 1000000, KEY_SIZE = 32, START_MS = 5000 };
enum { RIGHT_MS = 60000 }; /* so long the servers may take to be right again */

static const char *const names[N_SERVERS] = {"primary-0", "primary-1", "backup-0"};

static char folder[64];
static char sockets[N_SERVERS][96];
static volatile pid_t pids[N_SERVERS];

/* ---- The servers -------------------------------------------------------------------------- */

/* Only calls that a signal handler may make. */
static void
clean_up(void)
{
    for (int i = 0; i < N_SERVERS; i++) {
        if (pids[i] > 0 && kill(pids[i], SIGKILL) == 0)
            (void)waitpid(pids[i], NULL, 0);
        pids[i] = 0;
        if (sockets[i][0] != '\0')
            (void)unlink(sockets[i]);
    }
    if (folder[0] != '\0')
        (void)rmdir(folder);
}

static void
interrupted(int number)
{
    clean_up();
    _exit(128 + number);
}

static void
die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    exit(1);
}

static void
make_folder(void)
{
    const char *base = getenv("TMPDIR");
    const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

    /* The path of a unix socket holds 107 bytes. */
    if (base == NULL || strlen(base) > 40)
        base = "/tmp";
    (void)snprintf(folder, sizeof folder, "%s/mcp-demo-XXXXXX", base);
    if (mkdtemp(folder) == NULL) {
        folder[0] = '\0';
        die("cannot make a scratch folder in %s: %s", base, strerror(errno));
    }
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)signal(signals[i], interrupted);
    (void)atexit(clean_up);
}

static void
become_memcached(const char *path, pid_t parent)
{
    const char *program = getenv("MEMCACHED") != NULL ? getenv("MEMCACHED") : "memcached";

    /* Should this program be killed in a way that leaves it no time to clean up. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (geteuid() == 0)
        (void)execlp(program, "memcached", "-s", path, "-t", "1", "-u", "root", (char *)NULL);
    else
        (void)execlp(program, "memcached", "-s", path, "-t", "1", (char *)NULL);
    (void)fprintf(stderr, "cannot start %s: %s\n", program, strerror(errno));
    _exit(127);
}

static int
answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    yes = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        (void)close(fd);
    return yes;
}

static void
start(int i)
{
    pid_t self = getpid();
    pid_t pid;

    (void)snprintf(sockets[i], sizeof sockets[i], "%s/%s", folder, names[i]);
    pid = fork();
    if (pid == 0)
        become_memcached(sockets[i], self);
    if (pid < 0)
        die("cannot fork: %s", strerror(errno));
    pids[i] = pid;
    for (int waited = 0; !answers(sockets[i]); waited += 10) {
        if (waited >= START_MS || waitpid(pid, NULL, WNOHANG) != 0)
            die("memcached does not start on %s", sockets[i]);
        (void)poll(NULL, 0, 10);
    }
}

/* ---- The keys ----------------------------------------------------------------------------- */

typedef struct story {
    mcp_client *client;
    size_t n_keys;
    mcp_location *home; /* of each key, when everything was well */
    double *times;      /* microseconds of the calls of one pass that went to one primary */
    size_t n_times;
    int is_changed;  /* some keys were changed and deleted */
    size_t failures; /* of all kinds, in all passes */
} story;

static double
now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static size_t
key_text(char *out, size_t i)
{
    return (size_t)snprintf(out, KEY_SIZE, "user:%zu", i);
}

/* What is done to a key while its primary is away: every third gets a new value, every tenth goes. */
static int
is_deleted(const story *s, size_t i)
{
    return s->is_changed && i % 10 == 9;
}

static size_t
value_text(const story *s, char *out, size_t size, size_t i)
{
    const char *which = s->is_changed && i % 3 == 0 ? "newer value" : "value";

    return (size_t)snprintf(out, size, "the %s of user:%zu", which, i);
}

static int
compare_times(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Leaves the first time where it is. */
static double
median_of_later(story *s)
{
    if (s->n_times < 2)
        return 0;
    qsort(s->times + 1, s->n_times - 1, sizeof *s->times, compare_times);
    return s->times[1 + (s->n_times - 1) / 2];
}

static void
store_all(story *s)
{
    char key[KEY_SIZE], value[64];
    size_t homes[N_SERVERS] = {0};

    for (size_t i = 0; i < s->n_keys; i++) {
        mcp_request set = MCP_REQUEST_INIT;
        mcp_result result = MCP_RESULT_INIT;

        set.verb = MCP_SET;
        set.key = key;
        set.key_len = key_text(key, i);
        set.value = value;
        set.value_len = value_text(s, value, sizeof value, i);
        if (mcp_call(s->client, &set, &result) != MCP_OK || result.primary != MCP_COPY_OK ||
            result.backup != MCP_COPY_OK)
            die("set %s: %s (primary %s, backup %s): %s", key, mcp_strstatus(result.status),
                mcp_strcopy(result.primary), mcp_strcopy(result.backup),
                mcp_last_error(s->client)->text);
        if (mcp_where(s->client, key, set.key_len, NULL, 0, &s->home[i]) != MCP_OK ||
            s->home[i].primary < 0 || s->home[i].backup != 2)
            die("%s has no pair", key);
        homes[s->home[i].primary]++;
    }
    printf("%zu keys stored, each on its primary and on the backup: %zu on %s, %zu on %s.\n",
           s->n_keys, homes[0], names[0], homes[1], names[1]);
    for (size_t i = 0; i < 5 && i < s->n_keys; i++) {
        (void)key_text(key, i);
        printf("    %-8s lives on %s, and on %s\n", key, names[s->home[i].primary],
               names[s->home[i].backup]);
    }
}

/* What one read found, counted. */
typedef struct count {
    size_t errors, misses, wrong, moved, from_backup;
} count;

static void
read_one(story *s, size_t i, int watched, count *n)
{
    char key[KEY_SIZE], value[64];
    size_t key_len = key_text(key, i);
    size_t len = value_text(s, value, sizeof value, i);
    mcp_result result = MCP_RESULT_INIT;
    mcp_location home;
    double before = now_us();
    mcp_status status = mcp_get(s->client, key, key_len, &result);

    if (s->home[i].primary == watched)
        s->times[s->n_times++] = now_us() - before;
    if (is_deleted(s, i) && (status == MCP_OK || status == MCP_NOT_FOUND))
        n->wrong += status == MCP_OK;
    else if (status == MCP_NOT_FOUND)
        n->misses++;
    else if (status != MCP_OK && n->errors++ == 0)
        printf("    get %s: %s: %s\n", key, mcp_strstatus(status), mcp_last_error(s->client)->text);
    else if (status == MCP_OK && (result.value_len != len || memcmp(result.value, value, len) != 0))
        n->wrong++;
    n->from_backup += result.from_backup != 0;
    if (mcp_where(s->client, key, key_len, NULL, 0, &home) != MCP_OK ||
        home.primary != s->home[i].primary || home.backup != s->home[i].backup)
        n->moved++;
}

/* Reads every key; the times are those of the keys of the server `watched`. */
static void
read_all(story *s, int watched, const char *first_call)
{
    count n = {0};
    double median;

    s->n_times = 0;
    for (size_t i = 0; i < s->n_keys; i++)
        read_one(s, i, watched, &n);
    s->failures += n.errors + n.misses + n.wrong + n.moved;
    median = median_of_later(s);
    printf(
        "%zu keys read: %zu errors, %zu misses, %zu wrong values, %zu moved; %zu answered by the "
        "backup.\n",
        s->n_keys, n.errors, n.misses, n.wrong, n.moved, n.from_backup);
    printf("    keys of %s: %s took %.0f us, the median of the %zu after it %.0f us\n",
           names[watched], first_call, s->n_times > 0 ? s->times[0] : 0,
           s->n_times > 0 ? s->n_times - 1 : 0, median);
}

/* Some keys get a new value, and some go: the primaries cannot hear of it. */
static void
change_some(story *s)
{
    char key[KEY_SIZE], value[64];
    size_t n_set = 0, n_deleted = 0, n_failed = 0;

    s->is_changed = 1;
    for (size_t i = 0; i < s->n_keys; i++) {
        size_t key_len = key_text(key, i);
        size_t len = value_text(s, value, sizeof value, i);
        mcp_status status = MCP_OK;

        if (is_deleted(s, i)) {
            status = mcp_delete(s->client, key, key_len);
            n_deleted++;
        } else if (i % 3 == 0) {
            status = mcp_set(s->client, key, key_len, value, len, 0, 0);
            n_set++;
        }
        if (status != MCP_OK && n_failed++ == 0)
            printf("    %s: %s: %s\n", key, mcp_strstatus(status), mcp_last_error(s->client)->text);
    }
    s->failures += n_failed;
    printf("%zu keys got a new value and %zu were deleted: %zu errors.\n", n_set, n_deleted,
           n_failed);
}

static void
tell_states(const story *s)
{
    for (int i = 0; i < mcp_server_count(s->client); i++) {
        mcp_server info = MCP_SERVER_INIT;

        if (mcp_server_info(s->client, i, &info) == MCP_OK)
            printf("    %s is %s%s%s\n", names[i], mcp_strstate(info.state),
                   info.why[0] != '\0' ? ": " : "", info.why);
    }
}

static int
is_right(const mcp_server *info)
{
    return info->state == MCP_STATE_UP && info->missed_on < 0 && info->job == MCP_JOB_NONE;
}

/* Gives the client its moments until the primaries are as they should be. Any program's calls do the
 * same on the side. */
static void
wait_until_right(story *s)
{
    double begun = now_us();
    int is_told[N_SERVERS] = {0};

    for (int waited = 0; waited < RIGHT_MS && !(is_told[0] && is_told[1]); waited += 5) {
        mcp_maintain(s->client);
        (void)poll(NULL, 0, 5);
        for (int i = 0; i < 2; i++) {
            mcp_server info = MCP_SERVER_INIT;

            if (is_told[i] || mcp_server_info(s->client, i, &info) != MCP_OK || !is_right(&info))
                continue;
            is_told[i] = 1;
            printf("    %s is right again after %.1f s: %llu keys made good, %llu copied there\n",
                   names[i], (now_us() - begun) / 1e6, (unsigned long long)info.repaired,
                   (unsigned long long)info.refilled);
        }
    }
    if (is_told[0] && is_told[1])
        return;
    s->failures++;
    tell_states(s);
}

static void
open_client(story *s)
{
    char options[512], why[160];

    (void)snprintf(options, sizeof options, "server=unix:%s server=unix:%s backup=unix:%s",
                   sockets[0], sockets[1], sockets[2]);
    s->client = mcp_open(options, why, sizeof why);
    if (s->client == NULL)
        die("%s", why);
    s->home = calloc(s->n_keys, sizeof *s->home);
    s->times = calloc(s->n_keys, sizeof *s->times);
    if (s->home == NULL || s->times == NULL)
        die("no memory for %zu keys", s->n_keys);
}

static void
tell(story *s)
{
    printf("Two primaries and one backup, each a memcached on a unix socket in %s.\n\n", folder);
    store_all(s);
    printf("\nAll is well:\n");
    read_all(s, 0, "the first call");

    printf("\nkill -KILL %s (process %d):\n", names[0], (int)pids[0]);
    (void)kill(pids[0], SIGKILL);
    (void)waitpid(pids[0], NULL, 0);
    pids[0] = 0;
    read_all(s, 0, "the first call after the kill");
    tell_states(s);

    printf("\nkill -STOP %s (process %d): it takes connections and never answers:\n", names[1],
           (int)pids[1]);
    (void)kill(pids[1], SIGSTOP);
    (void)waitpid(pids[1], NULL, WUNTRACED);
    read_all(s, 1, "the first call after the stop");
    tell_states(s);
}

static void
tell_the_return(story *s)
{
    printf("\nBoth are still away:\n");
    change_some(s);

    printf("\nkill -CONT %s: it still has what it had before. And %s is started again, empty:\n",
           names[1], names[0]);
    (void)kill(pids[1], SIGCONT);
    start(0);
    read_all(s, 1, "the first call after the return");
    wait_until_right(s);

    printf("\nkill -KILL %s: now the primaries are alone with what they hold:\n", names[2]);
    (void)kill(pids[2], SIGKILL);
    (void)waitpid(pids[2], NULL, 0);
    pids[2] = 0;
    read_all(s, 0, "the first call");
}

int
main(int argc, char **argv)
{
    story s = {.n_keys = KEYS};

    if (argc > 1)
        s.n_keys = strtoul(argv[1], NULL, 10);
    if (argc > 2 || s.n_keys < 1 || s.n_keys > MAX_KEYS) {
        (void)fprintf(stderr, "usage: demo [KEYS]\n");
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    make_folder();
    for (int i = 0; i < N_SERVERS; i++)
        start(i);
    open_client(&s);
    tell(&s);
    tell_the_return(&s);
    mcp_close(s.client);
    free(s.home);
    free(s.times);
    printf("\n%s\n", s.failures == 0 ? "Not one error, not one miss: the backup stood in. And not one "
                                       "old value, no deleted key back."
                                     : "FAILED: see above.");
    return s.failures == 0 ? 0 : 1;
}
