/* The probe: reports everything that a process inherits, to compare two ways of starting it.
 *
 * It takes the place of a toolchain's program. The report is written to the file that PROBE_OUT
 * names, or to standard output. Then it does what PROBE_DOES names. It is written in C so that no
 * code runs before `main` and changes what it reports. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static FILE *out;

static void strings(const char *what, char **all)
{
    for (int n = 0; all[n]; n++) {
        fprintf(out, "%s %d, %zu bytes: ", what, n, strlen(all[n]));
        fputs(all[n], out);
        fputc('\n', out);
    }
}

static void descriptors(void)
{
    for (int fd = 0; fd < 1100; fd++) {
        struct stat seen;
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || fstat(fd, &seen) != 0)
            continue;
        fprintf(out, "descriptor %d: flags %x, status %x, mode %o", fd, flags, fcntl(fd, F_GETFL), seen.st_mode);
        if (S_ISREG(seen.st_mode))
            fprintf(out, ", file %lu at %ld", (unsigned long)seen.st_ino, (long)lseek(fd, 0, SEEK_CUR));
        fputc('\n', out);
    }
}

static void lines(const char *path, const char *const *fields)
{
    char line[4096];
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        int keep = !fields;
        for (int n = 0; fields && fields[n]; n++)
            keep |= strncmp(line, fields[n], strlen(fields[n])) == 0;
        if (keep)
            fputs(line, out);
    }
    fclose(file);
}

static void link_target(const char *what, const char *path)
{
    char target[4096];
    ssize_t length = readlink(path, target, sizeof target);
    fprintf(out, "%s: %.*s\n", what, (int)(length < 0 ? 0 : length), target);
}

static void process(void)
{
    static const char *const fields[] = {
        "Umask", "Uid", "Gid", "Groups", "Threads", "TracerPid", "SigPnd", "ShdPnd", "SigBlk", "SigIgn",
        "SigCgt", "Cap", "NoNewPrivs", "Seccomp:", "Cpus_allowed:", NULL,
    };
    struct itimerval timer;
    int death = -1;
    pid_t own = getpid();
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    getitimer(ITIMER_REAL, &timer);
    prctl(PR_GET_PDEATHSIG, &death);
    fprintf(out, "parent %d, leads group %d, leads session %d\n", getppid(), getpgrp() == own, getsid(0) == own);
    fprintf(out, "terminal %d, in front %d\n", terminal >= 0, terminal >= 0 && tcgetpgrp(terminal) == getpgrp());
    if (terminal >= 0)
        close(terminal);
    fprintf(out, "nice %d, scheduler %d, personality %lx\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
            (long)personality(0xffffffff));
    fprintf(out, "timer %d, dies with parent by %d, dumpable %d\n", timerisset(&timer.it_value), death,
            prctl(PR_GET_DUMPABLE));
    fprintf(out, "secure %lu, executed as %s\n", getauxval(AT_SECURE), (char *)getauxval(AT_EXECFN));
    link_target("directory", "/proc/self/cwd");
    link_target("root", "/proc/self/root");
    link_target("file", "/proc/self/exe");
    lines("/proc/self/comm", NULL);
    lines("/proc/self/oom_score_adj", NULL);
    lines("/proc/self/timerslack_ns", NULL);
    lines("/proc/self/limits", NULL);
    lines("/proc/self/status", fields);
    fprintf(out, "children: ");
    lines("/proc/thread-self/children", NULL);
    fputc('\n', out);
}

static void report(char **arguments, char **environment)
{
    char *text = NULL;
    size_t length = 0;
    const char *path = getenv("PROBE_OUT");
    out = open_memstream(&text, &length);
    descriptors();
    fprintf(out, "process %d\n", getpid());
    process();
    strings("argument", arguments);
    strings("variable", environment);
    fclose(out);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : 1;
    for (size_t done = 0; done < length;) {
        ssize_t more = write(fd, text + done, length - done);
        if (more <= 0)
            break;
        done += (size_t)more;
    }
}

static void print_number(int number)
{
    char line[16];
    int length = snprintf(line, sizeof line, "%d\n", number);
    (void)!write(1, line, (size_t)length);
}

int main(int count, char **arguments, char **environment)
{
    const char *does = getenv("PROBE_DOES");
    (void)count;
    if (does && strncmp(does, "exit:", 5) == 0)
        return atoi(does + 5);
    if (does && strncmp(does, "die:", 4) == 0) {
        kill(getpid(), atoi(does + 4));
        return 0;
    }
    if (does && strcmp(does, "wait") == 0) {
        /* Prints the number of each signal until the input ends. */
        static const int heard[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT };
        struct sigaction action = { .sa_handler = print_number };
        char byte;
        for (unsigned n = 0; n < sizeof heard / sizeof *heard; n++)
            sigaction(heard[n], &action, NULL);
        printf("ready %d\n", getpid());
        fflush(stdout);
        while (read(0, &byte, 1) != 0)
            ;
        return 7;
    }
    if (does && strcmp(does, "pause") == 0) {
        /* Does nothing until the input ends. */
        char byte;
        printf("ready %d\n", getpid());
        fflush(stdout);
        while (read(0, &byte, 1) != 0)
            ;
        return 7;
    }
    report(arguments, environment);
    return 0;
}
