#include "engine/cuda_compiler.h"

#include <dlfcn.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/functions_of.h"
#include "common/paths.h"
#include "engine/cuda_api.h"

enum { HASH_SIZE = 32, HASH_TEXT = 2 * HASH_SIZE + 1, OPTIONS = 8, FILE_PATH = IPC_PATH_MAX * 2 + HASH_TEXT };

static const char *const function_names[] = {NVRTC_FUNCTIONS(CUDA_NAME)};
enum { FUNCTION_COUNT = sizeof function_names / sizeof *function_names };
_Static_assert(sizeof(nvrtc_functions_t) == FUNCTION_COUNT * sizeof(void *), "functions as dlsym gives them");

struct cuda_compiler {
    const char *directory;
    void *library;                     // NULL: not yet, or not there
    nvrtc_functions_t nvrtc;           // of library
    int major, minor;                  // its version
    char include[PATH_MAX + 16];       // "-I…": where the toolkit's headers are; empty: unknown
    char include_more[PATH_MAX + 32];  // likewise: those of the CUDA C++ core libraries
};

//  NVRTC has no C library, but what cells want of one is built in, but for a few names.
static const char prelude[] =
    "#line 1 \"engine\"\n"
    "typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long long int64_t;\n"
    "typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned uint32_t;\n"
    "typedef unsigned long long uint64_t;\n";
static const char math[] = "#define M_PI 3.14159265358979323846\n"
                           "#define INFINITY __int_as_float(0x7f800000)\n"
                           "#define NAN __int_as_float(0x7fffffff)\n";
static const char *const header_names[] = {"assert.h", "math.h", "stdbool.h", "stddef.h",
                                           "stdint.h", "stdio.h", "stdlib.h", "string.h"};
static const char *const headers[] = {"", math, "", "", "", "", "", ""};
enum { HEADER_COUNT = sizeof headers / sizeof *headers };
_Static_assert(HEADER_COUNT == sizeof header_names / sizeof *header_names, "each header has a name");

cuda_compiler_t *cuda_compiler_new(const char *directory)
{
    cuda_compiler_t *self = ipc_xalloc(sizeof *self);
    self->directory = directory;
    return self;
}

void cuda_compiler_destroy(cuda_compiler_t **self_p)
{
    cuda_compiler_t *self = *self_p;
    *self_p = NULL;
    free(self); // the library stays: what it has made for itself would be lost
}

//  --- The library ---------------------------------------------------------------------------------------------

//  Takes a folder of headers if it is the toolkit's: CUDA_HOME's or CUDA_PATH's, or that beside the library.
static bool take_include(cuda_compiler_t *self, const char *folder, const char *below)
{
    char path[PATH_MAX], file[PATH_MAX + 32];
    snprintf(path, sizeof path, "%.*s%s", PATH_MAX - 32, folder, below);
    snprintf(file, sizeof file, "%s/cuda_fp16.h", path);
    if (strcmp(path, "/usr/include") == 0 || access(file, R_OK)) // the C library's headers are not for devices
        return false;
    snprintf(self->include, sizeof self->include, "-I%s", path);
    snprintf(self->include_more, sizeof self->include_more, "-I%s/cccl", path);
    return true;
}

static void find_includes(cuda_compiler_t *self)
{
    static const char *const variables[] = {"CUDA_HOME", "CUDA_PATH"};
    char real[PATH_MAX];
    Dl_info info;
    for (size_t i = 0; i < 2; i++) {
        const char *folder = getenv(variables[i]);
        if (folder && take_include(self, folder, "/include"))
            return;
    }
    void *function;
    memcpy(&function, &self->nvrtc.nvrtcVersion, sizeof function);
    if (!dladdr(function, &info) || !realpath(info.dli_fname, real))
        return;
    for (int up = 0; up < 2; up++) { // of "…/lib64/libnvrtc.so.12" the folder around lib64
        char *slash = strrchr(real, '/');
        if (!slash)
            return;
        *slash = 0;
    }
    take_include(self, real, "/include");
}

static int load(cuda_compiler_t *self, ipc_error_t *error)
{
    static const char *const names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so",
                                        "/usr/local/cuda/lib64/libnvrtc.so"};
    char words[256] = "";
    for (size_t i = 0; !self->library && i < sizeof names / sizeof names[0]; i++) {
        self->library = ipc_functions_of(names[i], function_names, FUNCTION_COUNT, &self->nvrtc);
        const char *why = self->library || words[0] ? NULL : dlerror();
        ipc_text_copy(words, sizeof words, why ? why : words);
    }
    if (!self->library)
        return ipc_fail(error, IPC_E_CUDA,
                        "CUDA cells need NVRTC, the compiler library of the CUDA Toolkit, on the engine's host: "
                        "libnvrtc.so cannot be loaded (%s)", words[0] ? words : "it lacks a function");
    self->nvrtc.nvrtcVersion(&self->major, &self->minor);
    find_includes(self);
    return 0;
}

//  The newest architecture that is known, and not newer than the device.
static int architecture_of(const cuda_compiler_t *self, int capability)
{
    int count = 0, best = 0;
    if (self->nvrtc.nvrtcGetNumSupportedArchs(&count) || count <= 0)
        return capability;
    int *known = ipc_xalloc((size_t) count * sizeof known[0]);
    self->nvrtc.nvrtcGetSupportedArchs(known);
    for (int i = 0; i < count; i++)
        if (known[i] <= capability && known[i] > best)
            best = known[i];
    free(known);
    return best ? best : capability;
}

//  --- What was compiled before --------------------------------------------------------------------------------

//  Whether a program reads files that may change: "#include "mine.h"", or by a whole path.
static bool is_fleeting(const char *program)
{
    for (const char *at = program; (at = strstr(at, "include")); at++) {
        size_t blanks = strspn(at + strlen("include"), " \t");
        const char *file = at + strlen("include") + blanks;
        if (file[0] == '"' || (file[0] == '<' && file[1] == '/'))
            return true;
    }
    return false;
}

static void path_of(const cuda_compiler_t *self, const char *program, const char *const options[], char path[FILE_PATH])
{
    crypto_generichash_state hash;
    unsigned char bytes[HASH_SIZE];
    char version[64], hex[HASH_TEXT];
    snprintf(version, sizeof version, "nvrtc %d.%d", self->major, self->minor);
    crypto_generichash_init(&hash, NULL, 0, HASH_SIZE);
    const char *const texts[] = {version, prelude, math, program};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        crypto_generichash_update(&hash, (const unsigned char *) texts[i], strlen(texts[i]) + 1);
    for (size_t i = 0; options[i]; i++)
        crypto_generichash_update(&hash, (const unsigned char *) options[i], strlen(options[i]) + 1);
    crypto_generichash_final(&hash, bytes, HASH_SIZE);
    sodium_bin2hex(hex, HASH_TEXT, bytes, HASH_SIZE);
    snprintf(path, FILE_PATH, "%.*s/%s.ptx", IPC_PATH_MAX * 2 - 8, self->directory, hex);
}

static char *read_kept(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    bool fine = file && getdelim(&text, &(size_t){0}, 0, file) > 0;
    if (file)
        fclose(file);
    if (!fine) {
        free(text);
        text = NULL;
    }
    return text;
}

//  Without success the next one compiles again.
static void keep(const cuda_compiler_t *self, const char *path, const char *ptx)
{
    char made[FILE_PATH + 16];
    mkdir(self->directory, 0700);
    snprintf(made, sizeof made, "%s.%d", path, (int) getpid());
    FILE *file = fopen(made, "we");
    bool fine = file && fputs(ptx, file) >= 0;
    fine = file && fclose(file) == 0 && fine;
    if (fine)
        fine = rename(made, path) == 0;
    if (!fine)
        unlink(made);
}

//  --- Compiling -----------------------------------------------------------------------------------------------

//  What was said, or, if nothing was, a word for it.
static char *words_of(const cuda_compiler_t *self, nvrtc_program_t program, cuda_result_t result)
{
    size_t size = 0;
    self->nvrtc.nvrtcGetProgramLogSize(program, &size);
    char *log = ipc_xalloc(size + 1);
    self->nvrtc.nvrtcGetProgramLog(program, log);
    if (log[0] || result == NVRTC_REFUSED)
        return log;
    free(log);
    return ipc_xformat("error: NVRTC fails with code %u", result);
}

static char *compile(const cuda_compiler_t *self, const char *text, const char *const options[], char **words)
{
    nvrtc_program_t program = NULL;
    char *ptx = NULL, *source = ipc_xformat("%s%s", prelude, text);
    size_t size = 0;
    int count = 0;
    while (options[count]) count++;
    cuda_result_t result =
        self->nvrtc.nvrtcCreateProgram(&program, source, "cell", HEADER_COUNT, headers, header_names);
    if (!result && (result = self->nvrtc.nvrtcCompileProgram(program, count, options)))
        *words = words_of(self, program, result);
    else if (!result && !(result = self->nvrtc.nvrtcGetPTXSize(program, &size)))
        result = self->nvrtc.nvrtcGetPTX(program, ptx = ipc_xalloc(size + 1));
    if (result && !*words)
        *words = ipc_xformat("error: NVRTC fails with code %u", result);
    if (program)
        self->nvrtc.nvrtcDestroyProgram(&program);
    free(source);
    return ptx;
}

int cuda_compiler_build(cuda_compiler_t *self, const char *program, int capability, char **ptx, char **words,
                        ipc_error_t *error)
{
    char path[FILE_PATH], architecture[64];
    const char *options[OPTIONS] = {architecture, "--device-as-default-execution-space"};
    size_t count = 2;
    *ptx = *words = NULL;
    if (!self->library && load(self, error))
        return -1;
    snprintf(architecture, sizeof architecture, "--gpu-architecture=compute_%d", architecture_of(self, capability));
    if (self->include[0]) {
        options[count++] = self->include;
        options[count++] = self->include_more;
    }
    bool kept = !is_fleeting(program);
    path_of(self, program, options, path);
    if (kept && (*ptx = read_kept(path)))
        return 0;
    *ptx = compile(self, program, options, words);
    if (*words) {
        free(*ptx);
        *ptx = NULL;
        return -1;
    }
    if (kept)
        keep(self, path, *ptx);
    return 0;
}
