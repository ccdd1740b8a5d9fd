#include "common/needs.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/plain.h"

static need_t *find(needs_t *self, const char *name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (strcmp(self->all[i].name, name) == 0)
            return &self->all[i];
    return NULL;
}

static int put(needs_t *self, const char *name, double amount, ipc_error_t *error)
{
    need_t *need = find(self, name);
    if (!need && self->count == NEEDS_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "an argument that names more than %d things", NEEDS_MAX);
    if (!need) {
        need = &self->all[self->count++];
        ipc_text_copy(need->name, sizeof need->name, name);
    }
    need->amount = amount;
    return 0;
}

//  Cuts the spaces off both ends.
static char *trim(char *text)
{
    while (isspace((unsigned char) *text)) text++;
    for (char *end = text + strlen(text); end > text && isspace((unsigned char) end[-1]);) *--end = 0;
    return text;
}

//  One "name=amount", which is cut to pieces.
static int read_one(needs_t *self, char *piece, ipc_error_t *error)
{
    char *equals = strchr(piece, '='), *end = NULL;
    double amount = equals ? plain_read(equals + 1, &end) : NAN;
    bool ends = equals && end > equals + 1 && *trim(end) == 0;
    if (!ends || !isfinite(amount) || amount < 0)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "the argument '%.40s' says no amount: write name=amount, such as \"gpu=1,memory=2e9\"", piece);
    *equals = 0;
    const char *name = trim(piece);
    if (!*name || strlen(name) >= NEEDS_NAME)
        return ipc_fail(error, IPC_E_ARGUMENT, "an argument with a name of no or more than %d bytes",
                        NEEDS_NAME - 1);
    return put(self, name, amount, error);
}

int needs_read(needs_t *self, const char *text, size_t size, ipc_error_t *error)
{
    enum { TEXT_MAX = NEEDS_MAX * 2 * NEEDS_NAME };
    char copy[TEXT_MAX + 1], *rest = copy;
    self->count = 0;
    if (size > TEXT_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "an argument of more than %d bytes", TEXT_MAX);
    memcpy(copy, text, size);
    copy[size] = 0;
    for (char *piece; *trim(copy) && (piece = strsep(&rest, ","));)
        if (read_one(self, piece, error))
            return -1;
    return 0;
}

const need_t *needs_find(const needs_t *self, const char *name)
{
    return find((needs_t *) self, name);
}

double needs_amount(const needs_t *self, const char *name)
{
    const need_t *need = needs_find(self, name);
    return need ? need->amount : 0;
}
