/* The launcher: sets up the state of its process, word by word, and then runs a program.
 *
 *     launcher WORD… -- PROGRAM ARGUMENT0 ARGUMENT…
 *
 * The words are below. Rust's standard library can't do this, because it changes some of these
 * states itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <grp.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what)
{
    fprintf(stderr, "launcher: %s: %s\n", what, strerror(errno));
    _exit(99);
}

/* Continues in a child with its own terminal. Types the text once the child prints `ready`. */
static void in_terminal(const char *typed)
{
    char text[4096], name[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY), status, started = 0;
    if (master < 0 || grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof name))
        fail("posix_openpt");
    pid_t child = fork();
    if (child == 0) {
        setsid();
        int slave = open(name, O_RDWR);
        if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
            fail(name);
        for (int fd = 0; fd < 3; fd++)
            dup2(slave, fd);
        if (slave > 2)
            close(slave);
        close(master);
        return;
    }
    for (;;) {
        ssize_t length = read(master, text, sizeof text - 1);
        if (length <= 0)
            break;
        text[length] = 0;
        if (!started && strstr(text, "ready")) {
            started = 1;
            (void)!write(master, typed, strlen(typed));
        }
    }
    waitpid(child, &status, 0);
    printf("status %x\n", (unsigned)status);
    exit(0);
}

/* The value of a word `name:value`, or NULL if it has another name. */
static const char *value(const char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == ':' ? word + length + 1 : NULL;
}

static void number(const char *text, long *numbers)
{
    for (char *end; *text; text = *end ? end + 1 : end)
        *numbers++ = strtol(text, &end, 0);
}

static char *variables[100];

static void apply(const char *word)
{
    const char *v;
    long n[3] = { 0 };
    sigset_t set;
    sigemptyset(&set);
    if ((v = value(word, "block"))) {
        sigaddset(&set, atoi(v));
        sigprocmask(SIG_BLOCK, &set, NULL);
    } else if ((v = value(word, "ignore"))) {
        signal(atoi(v), SIG_IGN);
    } else if ((v = value(word, "raise"))) {
        kill(getpid(), atoi(v));
    } else if ((v = value(word, "close"))) {
        close(atoi(v));
    } else if ((v = value(word, "open"))) { /* open:FD:PATH, with the offset at its third byte */
        int fd = open(strchr(v, ':') + 1, O_RDWR | O_APPEND);
        if (fd < 0 || dup2(fd, atoi(v)) < 0)
            fail(word);
        if (fd != atoi(v))
            close(fd);
        lseek(atoi(v), 3, SEEK_SET);
    } else if ((v = value(word, "umask"))) {
        umask((mode_t)strtol(v, NULL, 8));
    } else if ((v = value(word, "limit"))) { /* limit:RESOURCE:SOFT:HARD */
        number(v, n);
        struct rlimit limit = { (rlim_t)n[1], (rlim_t)n[2] };
        if (setrlimit((int)n[0], &limit))
            fail(word);
    } else if ((v = value(word, "nice"))) {
        errno = 0;
        if (nice(atoi(v)) == -1 && errno)
            fail(word);
    } else if ((v = value(word, "alarm"))) {
        alarm((unsigned)atoi(v));
    } else if ((v = value(word, "dies_by"))) {
        prctl(PR_SET_PDEATHSIG, atoi(v));
    } else if (strcmp(word, "no_new_privileges") == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    } else if ((v = value(word, "timer_slack"))) {
        prctl(PR_SET_TIMERSLACK, atoi(v));
    } else if ((v = value(word, "directory"))) {
        if (chdir(v))
            fail(word);
    } else if (strcmp(word, "session") == 0) {
        if (fork())
            wait(&(int){ 0 }), exit(0);
        setsid();
    } else if ((v = value(word, "terminal"))) {
        in_terminal(v);
    } else if ((v = value(word, "user"))) {
        if (setgroups(0, NULL) || setgid((gid_t)atoi(v)) || setuid((uid_t)atoi(v)))
            fail(word);
    } else if (strcmp(word, "no_environment") == 0) {
        environ = variables;
    } else if ((v = value(word, "variable"))) { /* after no_environment */
        int end = 0;
        while (variables[end])
            end++;
        variables[end] = (char *)v;
    } else {
        errno = EINVAL;
        fail(word);
    }
}

int main(int count, char **arguments)
{
    int n = 1;
    (void)count;
    /* The C library reserves two signals and can't change them. */
    for (int number = 1; number <= 64; number++)
        syscall(SYS_rt_sigaction, number, (unsigned long[8]){ 0 }, NULL, 8);
    for (; arguments[n] && strcmp(arguments[n], "--") != 0; n++)
        apply(arguments[n]);
    execve(arguments[n + 1], arguments + n + 2, environ);
    fail(arguments[n + 1]);
}
