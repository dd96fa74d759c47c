/* The tracer: runs a command, counts the system calls of all its processes and threads, and kills
 * the command before one of them, or makes one of them fail. Or it records what they change.
 *
 *     tracer ROOT REPORT count 0 0 COMMAND…      only counts
 *     tracer ROOT REPORT record 0 0 COMMAND…     records every change below ROOT, and every sync
 *     tracer ROOT REPORT kill N 0 COMMAND…       kills everything before call N
 *     tracer ROOT REPORT write N ERRNO COMMAND…  fails call N of those that write below ROOT
 *     tracer ROOT REPORT open N ERRNO COMMAND…   fails call N of those that create descriptors
 *
 * The report has one line per counted call: its number, whether it changes something below ROOT
 * (w) or not (-), its name, and its path if it has one. Each started program has a line with an x
 * and the number of the call before. One counter covers all threads, so the numbers cover every
 * call, whichever thread makes it.
 *
 * A record has one line per change that succeeded, in order: its name and its paths, relative to
 * ROOT and separated by tabs; after a write, also its bytes. power_cut/record.rs lists them. */
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
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* The arguments of a call: a descriptor to write to; a path; a folder's descriptor and a path; a
 * path to open; or none that matters, if the call only creates a descriptor. */
enum given { FD, PATH, AT, OPEN, MAKES };

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

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
    {SYS_openat2, "openat2", OPEN},
    {SYS_mkdirat, "mkdirat", AT},
#ifdef SYS_renameat
    {SYS_renameat, "renameat", AT},
#endif
    {SYS_renameat2, "renameat2", AT},
    {SYS_linkat, "linkat", AT},
    {SYS_symlinkat, "symlinkat", PATH},
    {SYS_unlinkat, "unlinkat", AT},
    {SYS_fchmodat, "fchmodat", AT},
    {SYS_fchmodat2, "fchmodat2", AT},
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

/* The flags of a call that opens a path. */
static uint64_t open_flags(pid_t tid, unsigned long number, const uint64_t *args)
{
    uint64_t flags = 0;
    struct iovec own = {&flags, sizeof flags}, its = {(void *)args[2], sizeof flags};
    switch (number) {
    case SYS_openat:
        return args[2];
    case SYS_openat2:
        process_vm_readv(tid, &own, 1, &its, 1, 0);
        return flags;
#ifdef SYS_open
    case SYS_creat:
        return O_CREAT | O_WRONLY | O_TRUNC;
#endif
    default:
        return args[1];
    }
}

/* Whether a call changes something below the root. Sets its path. */
static int writes(pid_t tid, const struct known *call, const uint64_t *args, char *path)
{
    char name[PATH_MAX];
    int is_at = call->number == SYS_openat || call->number == SYS_openat2;
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
        text_of(tid, args[is_at ? 1 : 0], name);
        join(tid, is_at ? (int)args[0] : AT_FDCWD, name, path);
        if (!(open_flags(tid, call->number, args) & (O_CREAT | O_WRONLY | O_RDWR)))
            return 0;
        break;
    }
    return strncmp(path, root, strlen(root)) == 0;
}

/* A call that is being recorded, from its start to its end. */
struct started {
    pid_t tid;
    unsigned long number;
    uint64_t args[6];
    char path[2 * PATH_MAX], other[2 * PATH_MAX];
    int existed;
};

/* The path of a process's descriptor, if it is below the root and still has a name there. */
static int named(pid_t tid, int fd, char *path)
{
    static const char deleted[] = " (deleted)";
    path_of(tid, fd, path);
    size_t length = strlen(path), suffix = sizeof deleted - 1, prefix = strlen(root);
    return strncmp(path, root, prefix) == 0 && path[prefix] == '/' &&
           !(length > suffix && strcmp(path + length - suffix, deleted) == 0);
}

/* The path that a call means, without links in its folders; empty if it isn't below the root. */
static void resolve(pid_t tid, int folder, uint64_t address, char *path)
{
    static const char descriptors[] = "/proc/self/fd/";
    char name[PATH_MAX], joined[2 * PATH_MAX], real[PATH_MAX];
    path[0] = 0;
    text_of(tid, address, name);
    if (!name[0] || strncmp(name, descriptors, sizeof descriptors - 1) == 0) {
        int fd = name[0] ? atoi(name + sizeof descriptors - 1) : folder;
        if (!named(tid, fd, path))
            path[0] = 0;
        return;
    }
    join(tid, folder, name, joined);
    for (size_t end = strlen(joined); end > 1 && joined[end - 1] == '/'; end--)
        joined[end - 1] = 0;
    char *last = strrchr(joined, '/');
    *last = 0;
    if (!realpath(last == joined ? "/" : joined, real))
        return;
    snprintf(path, 2 * PATH_MAX, "%s/%s", real, last + 1);
    if (strncmp(path, root, strlen(root)) != 0 || path[strlen(root)] != '/')
        path[0] = 0;
}

/* Notes what a call is about to do: afterwards its paths may have another meaning. */
static void start_recording(struct started *call)
{
    pid_t tid = call->tid;
    uint64_t *args = call->args;
    struct stat seen;
    call->path[0] = call->other[0] = 0;
    switch (call->number) {
#ifdef SYS_open
    case SYS_open:
    case SYS_creat:
    case SYS_mkdir:
    case SYS_unlink:
    case SYS_rmdir:
    case SYS_chmod:
        resolve(tid, AT_FDCWD, args[0], call->path);
        break;
    case SYS_rename:
    case SYS_link:
        resolve(tid, AT_FDCWD, args[0], call->path);
        resolve(tid, AT_FDCWD, args[1], call->other);
        break;
    case SYS_symlink:
        text_of(tid, args[0], call->other);
        resolve(tid, AT_FDCWD, args[1], call->path);
        break;
#endif
    case SYS_truncate:
        resolve(tid, AT_FDCWD, args[0], call->path);
        break;
    case SYS_openat:
    case SYS_openat2:
    case SYS_mkdirat:
    case SYS_unlinkat:
    case SYS_fchmodat:
    case SYS_fchmodat2:
        resolve(tid, (int)args[0], args[1], call->path);
        break;
#ifdef SYS_renameat
    case SYS_renameat:
#endif
    case SYS_renameat2:
    case SYS_linkat:
        resolve(tid, (int)args[0], args[1], call->path);
        resolve(tid, (int)args[2], args[3], call->other);
        break;
    case SYS_symlinkat:
        text_of(tid, args[0], call->other);
        resolve(tid, (int)args[1], args[2], call->path);
        break;
    }
    call->existed = call->path[0] && stat(call->path, &seen) == 0;
}

/* The bytes that a call has written to a descriptor, read back from the file. */
static void record_write(FILE *record, const struct started *call, int fd, long count)
{
    char path[PATH_MAX], name[64], line[256];
    long long position = -1;
    if (!named(call->tid, fd, path))
        return;
    if (call->number == SYS_pwrite64) {
        position = call->args[3];
    } else {
        snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", call->tid, fd);
        FILE *info = fopen(name, "re");
        while (info && fgets(line, sizeof line, info))
            if (sscanf(line, "pos: %lld", &position) == 1)
                position -= count;
        if (info)
            fclose(info);
    }
    snprintf(name, sizeof name, "/proc/%d/fd/%d", call->tid, fd);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(count);
    if (position < 0 || file < 0 || !bytes || pread(file, bytes, count, position) != count)
        fail("read what was written");
    fprintf(record, "write\t%s\t%lld\t%ld\n", path + strlen(root) + 1, position, count);
    fwrite(bytes, 1, count, record);
    free(bytes);
    close(file);
}

static void record_size(FILE *record, const char *path)
{
    struct stat seen;
    if (stat(path, &seen) == 0)
        fprintf(record, "size\t%s\t%lld\n", path + strlen(root) + 1, (long long)seen.st_size);
}

/* A new file, or one that was emptied. */
static void record_open(FILE *record, const struct started *call, int fd)
{
    char path[PATH_MAX];
    struct stat seen;
    uint64_t flags = open_flags(call->tid, call->number, call->args);
    if (!named(call->tid, fd, path) || stat(path, &seen) < 0)
        return;
    if ((flags & O_CREAT) && !call->existed)
        fprintf(record, "create\t%s\t%o\n", path + strlen(root) + 1, seen.st_mode & 07777);
    else if (flags & O_TRUNC)
        record_size(record, path);
}

/* Records a call that has ended with this result. */
static void record_call(FILE *record, const struct started *call, long result)
{
    const char *path = call->path[0] ? call->path + strlen(root) + 1 : NULL;
    const char *other = call->other[0] ? call->other + strlen(root) + 1 : NULL;
    const uint64_t *args = call->args;
    char open_file[PATH_MAX];
    struct stat seen;
    if (result < 0)
        return;
    switch (call->number) {
#ifdef SYS_open
    case SYS_open:
    case SYS_creat:
#endif
    case SYS_openat:
    case SYS_openat2:
        record_open(record, call, (int)result);
        break;
#ifdef SYS_open
    case SYS_mkdir:
#endif
    case SYS_mkdirat:
        if (path && stat(call->path, &seen) == 0)
            fprintf(record, "mkdir\t%s\t%o\n", path, seen.st_mode & 07777);
        break;
#ifdef SYS_open
    case SYS_rename:
#endif
#ifdef SYS_renameat
    case SYS_renameat:
#endif
    case SYS_renameat2:
        if (path && other)
            fprintf(record, "%s\t%s\t%s\n",
                    call->number == SYS_renameat2 && (args[4] & RENAME_EXCHANGE) ? "exchange"
                                                                                : "rename",
                    path, other);
        else if (path || other)
            fprintf(record, "unknown\trename across the root\n");
        break;
#ifdef SYS_open
    case SYS_link:
#endif
    case SYS_linkat:
        if (path && other)
            fprintf(record, "link\t%s\t%s\n", path, other);
        else if (other)
            fprintf(record, "unknown\tlink across the root\n");
        break;
#ifdef SYS_open
    case SYS_symlink:
#endif
    case SYS_symlinkat:
        if (path)
            fprintf(record, "symlink\t%s\t%s\n", path, call->other);
        break;
#ifdef SYS_open
    case SYS_unlink:
        if (path)
            fprintf(record, "unlink\t%s\n", path);
        break;
    case SYS_rmdir:
        if (path)
            fprintf(record, "rmdir\t%s\n", path);
        break;
    case SYS_chmod:
#endif
    case SYS_fchmodat:
    case SYS_fchmodat2:
        if (path && stat(call->path, &seen) == 0)
            fprintf(record, "mode\t%s\t%o\n", path, seen.st_mode & 07777);
        break;
    case SYS_fchmod:
        if (named(call->tid, (int)args[0], open_file) && stat(open_file, &seen) == 0)
            fprintf(record, "mode\t%s\t%o\n", open_file + strlen(root) + 1,
                    seen.st_mode & 07777);
        break;
    case SYS_unlinkat:
        if (path)
            fprintf(record, "%s\t%s\n", args[2] & AT_REMOVEDIR ? "rmdir" : "unlink", path);
        break;
    case SYS_truncate:
        if (path)
            record_size(record, call->path);
        break;
    case SYS_ftruncate:
    case SYS_fallocate:
        if (named(call->tid, (int)args[0], open_file))
            record_size(record, open_file);
        break;
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_sendfile:
        if (result > 0)
            record_write(record, call, (int)args[0], result);
        break;
    case SYS_copy_file_range:
        if (result > 0)
            record_write(record, call, (int)args[2], result);
        break;
    case SYS_fsync:
    case SYS_fdatasync:
        if (named(call->tid, (int)args[0], open_file))
            fprintf(record, "sync\t%s\n", open_file + strlen(root) + 1);
        break;
    case SYS_syncfs:
    case SYS_sync:
        fprintf(record, "syncfs\n");
        break;
    case SYS_pwritev:
    case SYS_pwritev2:
    case SYS_splice:
        fprintf(record, "unknown\tcall %lu\n", call->number);
        break;
    case SYS_mmap:
        if ((args[2] & PROT_WRITE) && (args[3] & MAP_SHARED) && (int)args[4] >= 0 &&
            named(call->tid, (int)args[4], open_file))
            fprintf(record, "unknown\tshared mapping of %s\n", open_file);
        break;
    }
}

/* The call that a thread is in. */
static struct started *call_of(pid_t tid)
{
    static struct started calls[256];
    struct started *unused = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (calls[i].tid == tid)
            return &calls[i];
        if (calls[i].tid == 0)
            unused = &calls[i];
    }
    if (!unused)
        fail("too many threads");
    unused->tid = tid;
    return unused;
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
    long target = atol(argv[4]), counted = 0;
    int error = atoi(argv[5]), is_recording = strcmp(mode, "record") == 0;
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
            if (is_recording)
                call_of(tid)->tid = 0;
            if (tid == child) {
                ended = status;
                if (is_recording)
                    fprintf(report, "end\n");
            }
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
            if (is_recording && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
                struct started *call = call_of(tid);
                call->number = info.entry.nr;
                memcpy(call->args, info.entry.args, sizeof call->args);
                start_recording(call);
            } else if (is_recording && info.op == PTRACE_SYSCALL_INFO_EXIT) {
                record_call(report, call_of(tid), info.exit.rval);
            } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && failing == tid) {
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
            if (!is_recording)
                fprintf(report, "%ld x exec\n", counted);
        } else if (status >> 16 || signal == SIGSTOP || signal == SIGTRAP) {
            signal = 0;
        }
        ptrace(PTRACE_SYSCALL, tid, 0, signal);
    }
    fclose(report);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
}
