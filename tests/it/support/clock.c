/* Preloaded: the real-time clock starts at USHER_TEST_CLOCK (seconds since 1970) and runs on from
 * there. With USHER_TEST_CLOCK_JUMP=READS:SECONDS somebody sets it: after it was read that often, it
 * shows as many seconds more (or less). File times come from the kernel and are right. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long ahead, jump;
static atomic_long reads_left;

static int kernel_time(clockid_t id, struct timespec *now) {
    return (int)syscall(SYS_clock_gettime, id, now);
}

__attribute__((constructor)) static void begin(void) {
    struct timespec now;
    const char *start = getenv("USHER_TEST_CLOCK");
    if (start && kernel_time(CLOCK_REALTIME, &now) == 0)
        ahead = atoll(start) - (long long)now.tv_sec;
    const char *set = getenv("USHER_TEST_CLOCK_JUMP");
    char *rest = NULL;
    if (set)
        atomic_store(&reads_left, strtol(set, &rest, 10));
    if (rest && *rest == ':')
        jump = atoll(rest + 1);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int done = kernel_time(id, now);
    if (done == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += ahead;
        if (jump && atomic_fetch_sub(&reads_left, 1) <= 0)
            now->tv_sec += jump;
    }
    return done;
}
