#include "bench/python.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/process.h"

bool bench_python(const bench_t *bench, const char *needs, const char *script,
                  double *numbers, size_t count)
{
    static const char python[] = "/usr/bin/python3";
    char log[IPC_PATH_MAX + 16], text[64];
    ipc_error_t error;
    memset(numbers, 0, count * sizeof *numbers);
    snprintf(log, sizeof log, "%s/python.log", bench->directory);
    if (access(python, X_OK) ||
        process_run((char *[]){(char *) python, "-c", (char *) script, NULL}, log,
                    BENCH_WAIT_MS, &error)) {
        bench_note("no %s here: its time is not shown", needs);
        return false;
    }
    FILE *file = fopen(log, "re");
    for (size_t i = 0; file && i < count && fgets(text, sizeof text, file); i++)
        numbers[i] = strtod(text, NULL);
    if (file)
        fclose(file);
    return true;
}
