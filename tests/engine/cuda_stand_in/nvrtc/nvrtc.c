//  A stand-in for NVRTC, for hosts without the CUDA Toolkit. It compiles nothing: its "PTX" has the entries of the
//  kernels that it finds, with parameters that the stand-in for the driver can read. A word that begins with
//  "undefined_" is an error, said as NVRTC says it. It shows how the engine uses NVRTC, never that cells compile.
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cuda_api.h"

#define DECLARE(name, parameters) cuda_result_t name parameters;
NVRTC_FUNCTIONS(DECLARE)

struct _nvrtcProgram {
    char *source, *ptx, *log;
};

cuda_result_t nvrtcVersion(int *major, int *minor)
{
    *major = *minor = 0;
    return 0;
}

cuda_result_t nvrtcGetNumSupportedArchs(int *count)
{
    *count = 2;
    return 0;
}

cuda_result_t nvrtcGetSupportedArchs(int *architectures)
{
    architectures[0] = 80;
    architectures[1] = 90;
    return 0;
}

cuda_result_t nvrtcCreateProgram(nvrtc_program_t *program, const char *source, const char *name, int count,
                                 const char *const *headers, const char *const *names)
{
    (void) name;
    (void) count;
    (void) headers;
    (void) names;
    *program = calloc(1, sizeof **program);
    (*program)->source = strdup(source);
    (*program)->ptx = strdup("");
    (*program)->log = strdup("");
    return 0;
}

cuda_result_t nvrtcDestroyProgram(nvrtc_program_t *program)
{
    free((*program)->source);
    free((*program)->ptx);
    free((*program)->log);
    free(*program);
    *program = NULL;
    return 0;
}

//  --- Kernels -------------------------------------------------------------------------------------------------

static const char *ptx_type(const char *parameter)
{
    static const struct { const char *word, *type; } types[] = {
        {"*", ".u64"},    {"[", ".u64"},       {"double2", ".align 16 .b8"}, {"float2", ".align 8 .b8"},
        {"double", ".f64"}, {"float", ".f32"}, {"long", ".u64"},             {"size_t", ".u64"},
        {"64_t", ".u64"}, {"char", ".u8"},     {"bool", ".u8"},              {"int8_t", ".u8"},
        {"short", ".u16"}, {"16_t", ".u16"},   {"", ".u32"}};
    size_t i = 0;
    while (!strstr(parameter, types[i].word)) i++;
    return types[i].type;
}

static void put_parameters(FILE *out, const char *name, const char *at)
{
    const char *end = strchr(at, ')');
    for (int i = 0; at < end; i++) {
        char text[128];
        size_t size = strcspn(at, ",)");
        snprintf(text, sizeof text, "%.*s", (int) size, at);
        const char *type = ptx_type(text), *array = strstr(type, "16 ") ? "[16]" : strstr(type, "8 .") ? "[8]" : "";
        fprintf(out, "%s\n\t.param %s %s_param_%d%s", i > 0 ? "," : "", type, name, i, array);
        at += size + 1;
    }
}

static char *write_ptx(const char *source)
{
    char *ptx = NULL, name[64];
    size_t size = 0;
    FILE *out = open_memstream(&ptx, &size);
    fputs(".version 0.0\n", out);
    for (const char *at = source; (at = strstr(at, "__global__")); at++) {
        const char *open = strchr(at, '('), *first = open;
        while (isalnum((unsigned char) first[-1]) || first[-1] == '_') first--;
        snprintf(name, sizeof name, "%.*s", (int) (open - first), first);
        fprintf(out, ".visible .entry %s(", name);
        if (open[1] != ')')
            put_parameters(out, name, open + 1);
        fputs("\n)\n", out);
    }
    fclose(out);
    return ptx;
}

//  --- Errors --------------------------------------------------------------------------------------------------

//  The first word that is not defined, said of the file and line that #line tells.
static char *find_error(const char *source)
{
    char *log = NULL, file[32] = "";
    size_t size = 0;
    unsigned long row = 0;
    FILE *out = open_memstream(&log, &size);
    for (const char *line = source; *line; line = *strchrnul(line, '\n') ? strchrnul(line, '\n') + 1 : "") {
        const char *end = strchrnul(line, '\n'), *word = strstr(line, "undefined_");
        if (sscanf(line, "#line %lu \"%31[^\"]\"", &row, file) == 2)
            continue;
        if (word && word < end) {
            fprintf(out, "%s(%lu): error: identifier \"%.*s\" is undefined\n  %.*s\n  ", file, row,
                    (int) strspn(word, "abcdefghijklmnopqrstuvwxyz_"), word, (int) (end - line), line);
            for (; line < word; line++) fputc(*line == '\t' ? '\t' : ' ', out);
            fputs("^\n\n1 error detected in the compilation of \"cell\".\n", out);
            break;
        }
        row++;
    }
    fclose(out);
    return log;
}

cuda_result_t nvrtcCompileProgram(nvrtc_program_t program, int count, const char *const *options)
{
    (void) count;
    (void) options;
    free(program->log);
    program->log = find_error(program->source);
    if (program->log[0])
        return NVRTC_REFUSED;
    free(program->ptx);
    program->ptx = write_ptx(program->source);
    return 0;
}

cuda_result_t nvrtcGetProgramLogSize(nvrtc_program_t program, size_t *size)
{
    *size = strlen(program->log) + 1;
    return 0;
}

cuda_result_t nvrtcGetProgramLog(nvrtc_program_t program, char *log)
{
    strcpy(log, program->log);
    return 0;
}

cuda_result_t nvrtcGetPTXSize(nvrtc_program_t program, size_t *size)
{
    *size = strlen(program->ptx) + 1;
    return 0;
}

cuda_result_t nvrtcGetPTX(nvrtc_program_t program, char *ptx)
{
    strcpy(ptx, program->ptx);
    return 0;
}
