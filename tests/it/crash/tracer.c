/* The tracer: runs a command, counts the system calls of all its processes and threads, and kills
 * the command before one of them, or makes one of them fail.
 *
 *     tracer ROOT REPORT count 0 0 COMMAND…      only counts
 *     tracer ROOT REPORT kill N 0 COMMAND…       kills everything before call N
 *     tracer ROOT REPORT write N ERRNO COMMAND…  fails call N of those that write below ROOT
 *     tracer ROOT REPORT open N ERRNO COMMAND…   fails call N of those that create descriptors
 *
 * The report has one line per counted call: its number, whether it changes something below ROOT
 * (w) or not (-), its name, and its path if it has one. Each started program has a line with an x
 * and the number of the call before. One counter covers all threads, so the numbers cover every
 * call, whichever thread makes it. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* The arguments of a call: a descriptor to write to; a path; a folder's descriptor and a path; a
 * path to open; or none that matters, if the call only creates a descriptor. */
enum given { FD, PATH, AT, OPEN, MAKES };

static const struct known {
    unsigned long number;
    const char *name;
    enum given given;
} known[] = {
#ifdef SYS_open
    {SYS_open, "open", OPEN},
    {SYS_creat, "creat", PATH},
    {SYS_mkdir, "mkdir", PATH},
    {SYS_rename, "rename", PATH},
    {SYS_link, "link", PATH},
    {SYS_symlink, "symlink", PATH},
    {SYS_unlink, "unlink", PATH},
    {SYS_rmdir, "rmdir", PATH},
    {SYS_chmod, "chmod", PATH},
    {SYS_chown, "chown", PATH},
    {SYS_lchown, "lchown", PATH},
    {SYS_pipe, "pipe", MAKES},
#endif
    {SYS_openat, "openat", OPEN},
    {SYS_mkdirat, "mkdirat", AT},
#ifdef SYS_renameat
    {SYS_renameat, "renameat", AT},
#endif
    {SYS_renameat2, "renameat2", AT},
    {SYS_linkat, "linkat", AT},
    {SYS_symlinkat, "symlinkat", PATH},
    {SYS_unlinkat, "unlinkat", AT},
    {SYS_fchmodat, "fchmodat", AT},
    {SYS_fchownat, "fchownat", AT},
    {SYS_utimensat, "utimensat", AT},
    {SYS_truncate, "truncate", PATH},
    {SYS_write, "write", FD},
    {SYS_writev, "writev", FD},
    {SYS_pwrite64, "pwrite64", FD},
    {SYS_ftruncate, "ftruncate", FD},
    {SYS_fallocate, "fallocate", FD},
    {SYS_fchmod, "fchmod", FD},
    {SYS_fchown, "fchown", FD},
    {SYS_fsync, "fsync", FD},
    {SYS_fdatasync, "fdatasync", FD},
    {SYS_syncfs, "syncfs", FD},
    {SYS_copy_file_range, "copy_file_range", FD},
    {SYS_sendfile, "sendfile", FD},
    {SYS_socket, "socket", MAKES},
    {SYS_pipe2, "pipe2", MAKES},
    {SYS_epoll_create1, "epoll_create1", MAKES},
    {SYS_eventfd2, "eventfd2", MAKES},
    {SYS_memfd_create, "memfd_create", MAKES},
    {SYS_dup, "dup", MAKES},
};

static const char *root;

static void fail(const char *what)
{
    fprintf(stderr, "tracer: %s: %s\n", what, strerror(errno));
    _exit(99);
}

static const struct known *known_as(unsigned long number)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number)
            return &known[i];
    return NULL;
}

/* The path of a process's file descriptor. */
static void path_of(pid_t tid, int fd, char *path)
{
    char link[64];
    if (fd == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/%d/cwd", tid);
    else
        snprintf(link, sizeof link, "/proc/%d/fd/%d", tid, fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
}

/* Reads a string from a process's memory. The next page may not be mapped. */
static void text_of(pid_t tid, unsigned long address, char *text)
{
    size_t got = 0;
    text[0] = 0;
    while (got < PATH_MAX - 1) {
        size_t piece = 256 - (address + got) % 256;
        if (piece > PATH_MAX - 1 - got)
            piece = PATH_MAX - 1 - got;
        struct iovec own = {text + got, piece}, its = {(void *)(address + got), piece};
        ssize_t count = process_vm_readv(tid, &own, 1, &its, 1, 0);
        if (count <= 0)
            break;
        if (memchr(text + got, 0, count))
            return;
        got += count;
        text[got] = 0;
    }
}

static void join(pid_t tid, int folder, const char *name, char *path)
{
    char base[PATH_MAX];
    if (name[0] == '/') {
        snprintf(path, 2 * PATH_MAX, "%s", name);
        return;
    }
    path_of(tid, folder, base);
    snprintf(path, 2 * PATH_MAX, "%s/%s", base, name);
}

/* Whether a call changes something below the root. Sets its path. */
static int writes(pid_t tid, const struct known *call, const uint64_t *args, char *path)
{
    char name[PATH_MAX];
    uint64_t flags = 0;
    path[0] = 0;
    switch (call->given) {
    case MAKES:
        return 0;
    case FD:
        path_of(tid, call->number == SYS_copy_file_range ? args[2] : args[0], path);
        break;
    case PATH:
        text_of(tid, args[call->number == SYS_symlinkat ? 2 : 0], name);
        if (call->number == SYS_symlinkat)
            join(tid, (int)args[1], name, path);
        else
            join(tid, AT_FDCWD, name, path);
        break;
    case AT:
        text_of(tid, args[1], name);
        join(tid, (int)args[0], name, path);
        break;
    case OPEN:
        flags = args[call->number == SYS_openat ? 2 : 1];
        text_of(tid, args[call->number == SYS_openat ? 1 : 0], name);
        join(tid, call->number == SYS_openat ? (int)args[0] : AT_FDCWD, name, path);
        if (!(flags & (O_CREAT | O_WRONLY | O_RDWR)))
            return 0;
        break;
    }
    return strncmp(path, root, strlen(root)) == 0;
}

/* Skips the call that a thread is about to make. */
static void skip_call(pid_t tid)
{
#if defined __x86_64__
    if (ptrace(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, orig_rax), -1L) < 0)
        fail("skip a call");
#elif defined __aarch64__
    int none = -1;
    struct iovec value = {&none, sizeof none};
    if (ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &value) < 0)
        fail("skip a call");
#else
#error "how a call is skipped isn't known here"
#endif
}

/* Makes the call that a thread has made return an error. */
static void answer(pid_t tid, int error)
{
    struct user_regs_struct registers;
    struct iovec value = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &value) < 0)
        fail("read registers");
#if defined __x86_64__
    registers.rax = -(long)error;
#elif defined __aarch64__
    registers.regs[0] = -(long)error;
#endif
    if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &value) < 0)
        fail("write registers");
}

/* Kills all processes. Returns when they have exited and released their locks. */
static void end_all(const pid_t *pids, int count)
{
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    int status;
    while (waitpid(-1, &status, __WALL) > 0 || errno == EINTR)
        ;
}

int main(int argc, char **argv)
{
    static pid_t pids[4096];
    int pid_count = 0, status = 0, ended = 0;
    if (argc < 7)
        fail("too few arguments");
    root = argv[1];
    FILE *report = fopen(argv[2], "we");
    if (!report)
        fail(argv[2]);
    const char *mode = argv[3];
    long target = atol(argv[4]), all = 0, counted = 0;
    int error = atoi(argv[5]);
    pid_t failing = 0, child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(argv[6], argv + 6);
        fail(argv[6]);
    }
    pids[pid_count++] = child;
    if (waitpid(child, &status, __WALL) != child)
        fail("wait");
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options) < 0)
        fail("trace");
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    for (;;) {
        pid_t tid = waitpid(-1, &status, __WALL);
        if (tid < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (tid == child)
                ended = status;
            continue;
        }
        int is_known = 0, signal = WSTOPSIG(status);
        for (int i = 0; i < pid_count && !is_known; i++)
            is_known = pids[i] == tid;
        if (!is_known && pid_count < 4096)
            pids[pid_count++] = tid;
        if (signal == (SIGTRAP | 0x80)) {
            struct __ptrace_syscall_info info;
            signal = 0;
            if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info) <= 0)
                continue;
            if (info.op == PTRACE_SYSCALL_INFO_EXIT && failing == tid) {
                answer(tid, error);
                failing = 0;
            } else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
                const struct known *call = known_as(info.entry.nr);
                char path[2 * PATH_MAX] = "";
                int changes = call && writes(tid, call, info.entry.args, path);
                int makes = call && (call->given == MAKES || call->given == OPEN);
                int is_meant = strcmp(mode, "write") == 0  ? changes
                               : strcmp(mode, "open") == 0 ? makes
                                                           : 1;
                all++;
                counted += is_meant;
                if (is_meant)
                    fprintf(report, "%ld %c %s %s\n", counted, changes ? 'w' : '-',
                            call ? call->name : "other", path);
                if (is_meant && counted == target) {
                    fflush(report);
                    if (strcmp(mode, "kill") == 0) {
                        end_all(pids, pid_count);
                        return 137;
                    }
                    skip_call(tid);
                    failing = tid;
                }
            }
        } else if (status >> 16 == PTRACE_EVENT_EXEC) {
            signal = 0;
            fprintf(report, "%ld x exec\n", counted);
        } else if (status >> 16 || signal == SIGSTOP || signal == SIGTRAP) {
            signal = 0;
        }
        ptrace(PTRACE_SYSCALL, tid, 0, signal);
    }
    fclose(report);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
}
