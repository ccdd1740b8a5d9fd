//  Preloaded into the process that runs under callgrind, which makes it some 50 times slower. What the process does
//  depends on time: an engine's timers, how long a window is by the times that it reports, how long a thread waits
//  for more. So its clock runs 50 times slower too, and it does what it would do at full speed. Without this, the
//  counts of an engine differ from run to run by 10 to 20 %, with it by 2 %, since the number of tasks that share a
//  frame is that of a real run.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { SLOWER = 50, CLOCKS = 2, SYSCALL_ARGUMENTS = 6 };

typedef int clock_fn(clockid_t, struct timespec *);
typedef int wait_fn(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
typedef long syscall_fn(long, ...);
typedef ssize_t write_fn(int, const void *, size_t);

//  Written once, before main(): a preloaded library has no other place for it.
static int64_t begun[CLOCKS]; // CLOCK_REALTIME, CLOCK_MONOTONIC
static clock_fn *libc_clock;
static wait_fn *libc_wait;
static syscall_fn *libc_syscall;
static write_fn *libc_write;

//  Constructors of other libraries may come first: what they call is looked up then.
static void find_libc(void)
{
    *(void **) &libc_clock = dlsym(RTLD_NEXT, "clock_gettime");
    *(void **) &libc_wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    *(void **) &libc_syscall = dlsym(RTLD_NEXT, "syscall");
    *(void **) &libc_write = dlsym(RTLD_NEXT, "write");
}

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct timespec timespec_of(int64_t time_ns)
{
    return (struct timespec){.tv_sec = time_ns / 1000000000, .tv_nsec = time_ns % 1000000000};
}

//  A point of the slow clock as the real clock will have it.
static struct timespec real_time(clockid_t clock, struct timespec slow)
{
    return timespec_of(begun[clock] + (nanoseconds(slow) - begun[clock]) * SLOWER);
}

__attribute__((constructor)) static void begin(void)
{
    find_libc();
    for (clockid_t clock = 0; clock < CLOCKS; clock++) {
        struct timespec now;
        libc_clock(clock, &now);
        begun[clock] = nanoseconds(now);
    }
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (!libc_clock)
        find_libc();
    int rc = libc_clock(clock, time);
    if (rc == 0 && clock >= 0 && clock < CLOCKS && begun[clock])
        *time = timespec_of(begun[clock] + (nanoseconds(*time) - begun[clock]) / SLOWER);
    return rc;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before)
{
    struct itimerspec later = {.it_interval = timespec_of(nanoseconds(when->it_interval) * SLOWER),
                               .it_value = timespec_of(nanoseconds(when->it_value) * SLOWER)};
    if (flags & TFD_TIMER_ABSTIME)
        later.it_value = real_time(CLOCK_MONOTONIC, when->it_value);
    return (int) libc_syscall(SYS_timerfd_settime, fd, flags, &later, before);
}

//  Our conditions all wait by the monotonic clock.
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    struct timespec later = real_time(CLOCK_MONOTONIC, *until);
    return libc_wait(condition, mutex, &later);
}

//  The kernel is as fast as ever, so by the slow clock a system call would take no time. A worker compares the time of
//  a task with that of a write() to a pipe: this makes both slower alike.
ssize_t write(int fd, const void *data, size_t size)
{
    struct timespec before, after;
    if (!libc_write)
        find_libc();
    libc_clock(CLOCK_MONOTONIC, &before);
    ssize_t written = libc_write(fd, data, size);
    int code = errno;
    libc_clock(CLOCK_MONOTONIC, &after);
    struct timespec rest = timespec_of((nanoseconds(after) - nanoseconds(before)) * (SLOWER - 1));
    nanosleep(&rest, NULL);
    errno = code;
    return written;
}

//  Valgrind before 3.21 refuses pidfd_open(), and a client without it takes its controller for dead: this process
//  sees nobody die.
long syscall(long number, ...)
{
    if (number == SYS_pidfd_open)
        return eventfd(0, EFD_CLOEXEC);
    if (!libc_syscall)
        find_libc();
    long a[SYSCALL_ARGUMENTS]; // as many as there can be, as libc's own does
    va_list list;
    va_start(list, number);
    for (int i = 0; i < SYSCALL_ARGUMENTS; i++) a[i] = va_arg(list, long);
    va_end(list);
    return libc_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
