//  Ctrl-C caught for waits alone: who is told, and what SIGINT does before, meanwhile and after.
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/interrupt.h"
#include "tests/common/run_suite.h"

static volatile sig_atomic_t own_signals;

static void count_own(int number)
{
    (void) number;
    own_signals++;
}

static bool is_default(void)
{
    struct sigaction action;
    ck_assert_int_eq(sigaction(SIGINT, NULL, &action), 0);
    return action.sa_handler == SIG_DFL;
}

//  As a program begins; the test's own runner handles it.
static interrupt_t wait_new(void)
{
    interrupt_t wait = {.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    ck_assert_int_ge(wait.fd, 0);
    return wait;
}

static void start(void)
{
    signal(SIGINT, SIG_DFL);
}

static bool was_written_to(const interrupt_t *wait)
{
    uint64_t count = 0;
    return read(wait->fd, &count, sizeof count) == sizeof count;
}

START_TEST(one_signal_is_taken_once_by_every_wait)
{
    interrupt_t first = wait_new(), second = wait_new(), late = wait_new();
    interrupt_begin(&first);
    interrupt_begin(&second);
    ck_assert(!interrupt_take(&first));
    raise(SIGINT);
    ck_assert(was_written_to(&first) && was_written_to(&second));
    ck_assert(interrupt_take(&first) && !first.is_late);
    interrupt_begin(&late);
    ck_assert(!was_written_to(&late));
    ck_assert(interrupt_take(&second)); // though another has
    ck_assert(!interrupt_take(&first) && !interrupt_take(&second) && !interrupt_take(&late));
    interrupt_end(&second); // in the middle of the list
    raise(SIGINT);
    raise(SIGINT);
    ck_assert(!was_written_to(&second) && !interrupt_take(&second));
    ck_assert(interrupt_take(&first) && interrupt_take(&first) && !interrupt_take(&first)); // each of them
    ck_assert(interrupt_take(&late));
    interrupt_end(&first);
    ck_assert(!is_default());
    interrupt_end(&late);
    interrupt_end(&late); // means nothing
    ck_assert(is_default());
}
END_TEST

//  The wait was over when it came.
START_TEST(one_that_no_wait_has_taken_is_there_for_the_next)
{
    interrupt_t over = wait_new(), next = wait_new(), third = wait_new();
    interrupt_begin(&over);
    raise(SIGINT);
    raise(SIGINT);
    ck_assert(was_written_to(&over));
    interrupt_end(&over);
    ck_assert(is_default());
    interrupt_begin(&next);
    ck_assert(was_written_to(&next)); // a poll ends
    interrupt_begin(&third);
    ck_assert(interrupt_take(&next) && next.is_late && !interrupt_take(&next)); // of two the last
    ck_assert(interrupt_take(&third) && third.is_late); // which had begun before it was taken
    raise(SIGINT);
    ck_assert(interrupt_take(&next) && !next.is_late);
    interrupt_end(&next);
    interrupt_end(&third); // for which it was there, too
    interrupt_begin(&over);
    ck_assert(!was_written_to(&over) && !interrupt_take(&over));
    interrupt_end(&over);
}
END_TEST

START_TEST(a_handler_of_the_program_stays)
{
    interrupt_t wait = wait_new();
    signal(SIGINT, count_own);
    interrupt_begin(&wait);
    raise(SIGINT);
    ck_assert_int_eq(own_signals, 1);
    ck_assert(!interrupt_take(&wait) && !was_written_to(&wait));
    interrupt_end(&wait);
    raise(SIGINT);
    ck_assert_int_eq(own_signals, 2);
    signal(SIGINT, SIG_IGN);
    interrupt_begin(&wait);
    raise(SIGINT);
    ck_assert(!interrupt_take(&wait));
    interrupt_end(&wait);
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    ck_assert(action.sa_handler == SIG_IGN);
}
END_TEST

START_TEST(a_handler_that_is_set_meanwhile_stays)
{
    interrupt_t wait = wait_new();
    interrupt_begin(&wait);
    signal(SIGINT, count_own);
    interrupt_end(&wait);
    raise(SIGINT);
    ck_assert_int_eq(own_signals, 1);
}
END_TEST

enum { THREADS = 4, ROUNDS = 2000 };

static void *begin_and_end(void *unused)
{
    interrupt_t wait = wait_new();
    for (int i = 0; i < ROUNDS; i++) {
        interrupt_t one = {.fd = wait.fd};
        interrupt_begin(&one);
        interrupt_take(&one);
        interrupt_end(&one);
    }
    close(wait.fd);
    return unused;
}

//  Members of the list come and go on the stacks of threads while handlers run: a sanitizer sees one that went too
//  soon.
START_TEST(waits_come_and_go_while_signals_do)
{
    interrupt_t whole = wait_new(); // the default would end the test
    interrupt_begin(&whole);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, begin_and_end, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) kill(getpid(), SIGINT);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    ck_assert(interrupt_take(&whole));
    interrupt_end(&whole);
    ck_assert(is_default());
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("interrupt");
    tcase_add_checked_fixture(tests, start, NULL);
    tcase_add_test(tests, one_signal_is_taken_once_by_every_wait);
    tcase_add_test(tests, one_that_no_wait_has_taken_is_there_for_the_next);
    tcase_add_test(tests, a_handler_of_the_program_stays);
    tcase_add_test(tests, a_handler_that_is_set_meanwhile_stays);
    tcase_add_test(tests, waits_come_and_go_while_signals_do);
    return run_suite("interrupt", tests);
}
