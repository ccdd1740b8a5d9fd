#include "controller/attempts.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/fail.h"

struct attempts {
    attempt_t *all;            // a ring of ATTEMPTS_MAX; NULL: none yet
    size_t count;              // ever
};

attempts_t *attempts_new(void)
{
    return ipc_xalloc(sizeof(attempts_t));
}

void attempts_destroy(attempts_t **self_p)
{
    if (*self_p)
        free((*self_p)->all);
    free(*self_p);
    *self_p = NULL;
}

void attempts_note(attempts_t *self, const attempt_t *attempt)
{
    if (!self->all)
        self->all = ipc_xalloc(ATTEMPTS_MAX * sizeof self->all[0]);
    self->all[self->count++ % ATTEMPTS_MAX] = *attempt;
}

static int write_one(const attempt_t *attempt, size_t number, char *text, size_t size)
{
    time_t second = (time_t) (attempt->sent / 1000000000);
    struct tm local;
    char clock[16] = "?";
    if (localtime_r(&second, &local))
        strftime(clock, sizeof clock, "%H:%M:%S", &local);
    return snprintf(text, size, "    attempt %zu: engine %u, %s.%03d, %s after %.3g s\n", number, attempt->engine, clock,
                    (int) (attempt->sent / 1000000 % 1000), attempt->kind, 1e-9 * (double) (attempt->ended - attempt->sent));
}

size_t attempts_write(const attempts_t *self, uint64_t task, char text[ATTEMPTS_TEXT])
{
    size_t written = 0, found = 0, first = self->count > ATTEMPTS_MAX ? self->count - ATTEMPTS_MAX : 0;
    text[0] = 0;
    for (size_t i = first; i < self->count; i++) {
        const attempt_t *attempt = &self->all[i % ATTEMPTS_MAX];
        if (attempt->task != task)
            continue;
        int length = write_one(attempt, ++found, text + written, ATTEMPTS_TEXT - written);
        if (length < 0 || (size_t) length >= ATTEMPTS_TEXT - written) {
            text[written] = 0; // no half lines
            break;
        }
        written += (size_t) length;
    }
    return found;
}
