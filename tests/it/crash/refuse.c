/* Runs a command for which the kernel refuses system calls, as the filters of old containers do.
 *
 *     refuse ERRNO NAME[,NAME…] COMMAND…
 *
 * A name that this processor or these headers don't have is never called, and is passed over. Of
 * `fcntl` only the calls that lock are refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "the filter doesn't know this processor"
#endif

/* Added to Linux after some of the headers that this is built with; the same everywhere. */
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define CALL(name) {#name, SYS_##name}

static const struct known {
    const char *name;
    unsigned number;
} known[] = {
    CALL(clone3), CALL(close_range), CALL(copy_file_range), CALL(epoll_create1), CALL(eventfd2),
    CALL(faccessat2), CALL(fadvise64), CALL(fallocate), CALL(fchdir), CALL(fchmod), CALL(fchmodat),
    CALL(fchmodat2), CALL(fchown), CALL(fcntl), CALL(fdatasync), CALL(flock), CALL(fsync),
    CALL(ftruncate), CALL(getrandom), CALL(io_uring_setup), CALL(linkat), CALL(madvise),
    CALL(membarrier), CALL(memfd_create), CALL(mkdirat), CALL(openat2), CALL(pipe2),
    CALL(prctl), CALL(prlimit64), CALL(renameat2), CALL(rseq), CALL(sched_getaffinity),
    CALL(sendfile), CALL(set_robust_list), CALL(setfsgid), CALL(setfsuid), CALL(sigaltstack),
    CALL(socket), CALL(socketpair), CALL(splice), CALL(statfs), CALL(statx), CALL(symlinkat),
    CALL(syncfs), CALL(sync_file_range), CALL(sysinfo), CALL(umask), CALL(uname), CALL(unlinkat),
    CALL(utimensat),
#ifdef SYS_link
    CALL(link), CALL(mkdir), CALL(rename), CALL(symlink), CALL(unlink),
#endif
};

static void fail(const char *what)
{
    fprintf(stderr, "refuse: %s: %s\n", what, strerror(errno));
    _exit(99);
}

static unsigned number_of(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].number;
    return ~0u;
}

int main(int argc, char **argv)
{
    static struct sock_filter filter[1024];
    unsigned short length = 0;
    if (argc < 4)
        fail("too few arguments");
    struct sock_filter refuse =
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)atoi(argv[1]) & SECCOMP_RET_DATA));
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
#define LOAD(field) \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Continues with the next instruction if the loaded number is this one, else skips some. */
#define UNLESS(value, skipped) \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skipped))
    filter[length++] = LOAD(arch);
    filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0);
    filter[length++] = allow;
    for (char *name = strtok(argv[2], ","); name && length < 1000; name = strtok(NULL, ",")) {
        unsigned number = number_of(name);
        if (number == ~0u)
            continue;
        filter[length++] = LOAD(nr);
        if (number == SYS_fcntl) {
            static const unsigned locks[] = {F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK,
                                             F_OFD_SETLKW};
            unsigned char count = sizeof locks / sizeof *locks;
            filter[length++] = UNLESS(number, 2 * count + 1);
            filter[length++] = LOAD(args[1]);
            for (unsigned char i = 0; i < count; i++) {
                filter[length++] = UNLESS(locks[i], 1);
                filter[length++] = refuse;
            }
        } else {
            filter[length++] = UNLESS(number, 1);
            filter[length++] = refuse;
        }
    }
    filter[length++] = allow;
    struct sock_fprog program = {length, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        fail("no new privileges");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
        fail("seccomp");
    execvp(argv[3], argv + 3);
    fail(argv[3]);
}
