#include "tools/ipheat_names.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

bool ipheat_name_varies(const char *pattern)
{
    return strchr(pattern, '{') != NULL;
}

//  A setting as a part of a name: no folder, no ".npy".
static void add_value(FILE *name, const ipheat_setting_t *setting)
{
    const char *slash = strrchr(setting->text, '/');
    const char *text = setting->array && slash ? slash + 1 : setting->text;
    const size_t length = strlen(text) - (setting->array ? strlen(".npy") : 0);
    fwrite(text, 1, length, name);
}

static int add_place(FILE *name, const char *place, size_t length,
                     const ipheat_settings_t *settings, size_t index, size_t count,
                     ipc_error_t *error)
{
    char digits[32];
    const ipheat_key_t key = ipheat_key_find(place, length);
    if (length == strlen("job") && strncmp(place, "job", length) == 0) {
        const int width = snprintf(digits, sizeof digits, "%zu", count);
        fprintf(name, "%0*zu", width, index + 1);
        return 0;
    }
    if (key == IPHEAT_KEYS)
        return ipc_fail(
            error, IPC_E_ARGUMENT,
            "{%.*s} is no place in a name: there are {job} and the options of a "
            "solve, such as {alpha}",
            (int) length, place);
    if (!settings->at[key].text)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "a name has the place {%.*s}, but there is no --%.*s to fill it",
                        (int) length, place, (int) length, place);
    add_value(name, &settings->at[key]);
    return 0;
}

char *ipheat_name_fill(const char *pattern, const ipheat_settings_t *settings, size_t index,
                       size_t count, ipc_error_t *error)
{
    char *filled = NULL;
    size_t size = 0;
    FILE *name = open_memstream(&filled, &size);
    int status = name ? 0 : ipc_fail(error, IPC_E_MEMORY, "no memory for a name");
    for (const char *at = pattern; status == 0 && *at; at++) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (*at == '{' && !end)
            status =
                ipc_fail(error, IPC_E_ARGUMENT, "%s lacks the brace that closes", pattern);
        else if (*at == '{')
            status = add_place(name, at + 1, (size_t) (end - at - 1), settings, index,
                               count, error);
        else
            fputc(*at, name);
        at = end ? end : at;
    }
    if (name)
        fclose(name);
    if (status == 0)
        return filled;
    free(filled);
    return NULL;
}
