//  ipengine: one engine of a cluster. This process is its nanny (nanny.h); what runs the tasks is the
//  program ipengine-worker, which it starts.
#include "common/fail.h"
#include "common/gpus.h"
#include "common/needs.h"
#include "common/paths.h"
#include "common/usage.h"
#include "engine/nanny.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ENGINE_ID = 1 << 20, POSSESSIONS_TEXT = 2048 };

static const char usage[] =
    "usage: ipengine --id N [--directory DIR | --profile NAME --cluster-id ID]\n"
    "                [--has NAME=AMOUNT,...] [--gpu NAME [--gpu-number N] [--gpu-memory BYTES]\n"
    "                [--near CORES]] [--supervisor PID]\n"
    "\n"
    "Runs engine N of a cluster; `ipcluster start` and `ipcluster engines` start it.\n"
    "  --id N             the engine's number, from 0\n"
    "  --directory DIR    the cluster's directory\n"
    "  --profile NAME     or its profile and id, which name its directory\n"
    "  --cluster-id ID\n"
    "  --has LIST         what tasks may need of it, such as gpu=1,licence=2; without it the variable\n"
    "                     IPC_ENGINE_HAS says it; cores and memory are the host's, which its\n"
    "                     engines share, unless said: then they are this engine's own\n"
    "                     of a thing with a slash, such as gpu/0=1, engines of a host have so much together;\n"
    "                     tasks need it as gpu\n"
    "  --gpu NAME         the GPU that it owns, as CUDA_VISIBLE_DEVICES names it; \"\" hides all\n"
    "  --gpu-number N     the same for all engines that own it, so that they share gpu=1\n"
    "  --gpu-memory BYTES what tasks may need of it as gpumemory: all that it has, whoever uses it\n"
    "  --near CORES       the cores near it, as 0-15,32-47, which the engine keeps to\n"
    "  --supervisor PID   end 10 s after this process has ended\n";

typedef struct options {
    const char *directory, *profile, *cluster_id; // as given; NULL: not given
    const char *has, *gpu, *near;                 // likewise
    long id, supervisor, gpu_number, gpu_memory;  // -1: not given
} options_t;

//  Gives an exit code, or -1 to go on.
static int read_options(int count, char **arguments, options_t *options)
{
    static const struct option known[] = {
        {"directory", required_argument, NULL, 'd'},  {"id", required_argument, NULL, 'i'},
        {"supervisor", required_argument, NULL, 's'}, {"profile", required_argument, NULL, 'p'},
        {"cluster-id", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},          {"has", required_argument, NULL, 'n'},
        {"gpu", required_argument, NULL, 'g'},        {"gpu-number", required_argument, NULL, 'u'},
        {"near", required_argument, NULL, 'e'},
        {"gpu-memory", required_argument, NULL, 'm'},
        {0}};
    opterr = 0;
    for (int c; (c = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (c) {
        case 'd': options->directory = optarg; break;
        case 'p': options->profile = optarg; break;
        case 'c': options->cluster_id = optarg; break;
        case 'n': options->has = optarg; break;
        case 'g': options->gpu = optarg; break;
        case 'e': options->near = optarg; break;
        case 'm':
            if (!ipc_usage_number("ipengine", "--gpu-memory", optarg, 0, LONG_MAX, &options->gpu_memory))
                return IPC_EXIT_USAGE;
            break;
        case 'u':
            if (!ipc_usage_number("ipengine", "--gpu-number", optarg, 0, GPUS_MAX - 1, &options->gpu_number))
                return IPC_EXIT_USAGE;
            break;
        case 'i':
            if (!ipc_usage_number("ipengine", "--id", optarg, 0, MAX_ENGINE_ID, &options->id))
                return IPC_EXIT_USAGE;
            break;
        case 's':
            if (!ipc_usage_number("ipengine", "--supervisor", optarg, 0, 1 << 22, &options->supervisor))
                return IPC_EXIT_USAGE;
            break;
        case 'h': return fputs(usage, stdout), 0;
        case 'v': return printf("ipengine %s\n", IPC_VERSION), 0;
        default: return ipc_usage_unknown("ipengine", arguments);
        }
    }
    if (optind < count)
        return fprintf(stderr, "ipengine: unexpected '%s'\n", arguments[optind]), IPC_EXIT_USAGE;
    if (options->id < 0)
        return fputs("ipengine: --id is missing: which engine is it?\n", stderr), IPC_EXIT_USAGE;
    return -1;
}

//  The two directories of the cluster. IPC_SHM of the environment names the second; without it the rule of
//  common/paths.h does: its name ends with the first one's.
static int find_directories(const options_t *options, ipc_paths_t *paths, ipc_error_t *error)
{
    const char *shm = getenv("IPC_SHM");
    if (!options->directory) {
        if (ipc_paths_find(paths, options->profile, options->cluster_id, error))
            return -1;
    } else {
        const char *slash = strrchr(options->directory, '/');
        ipc_text_copy(paths->directory, sizeof paths->directory, options->directory);
        snprintf(paths->shm, sizeof paths->shm, "/dev/shm/ipc-%u-%.64s", (unsigned) getuid(),
                 slash ? slash + 1 : options->directory);
    }
    if (shm && *shm)
        ipc_text_copy(paths->shm, sizeof paths->shm, shm);
    char file[IPC_PATH_MAX + 16];
    snprintf(file, sizeof file, "%s/engine.json", paths->directory);
    if (access(file, R_OK))
        return ipc_fail(error, IPC_E_CONNECTION, "there is no file %s: is the cluster running?", file);
    return 0;
}

//  The worker reads what the engine has from the environment.
static int check_possessions(const options_t *options, ipc_error_t *error)
{
    const char *has = options->has ? options->has : getenv("IPC_ENGINE_HAS");
    char text[POSSESSIONS_TEXT];
    bool owns = options->gpu && options->gpu[0];
    needs_t needs;
    if (!has && !owns)
        return 0;
    int size = snprintf(text, sizeof text, "%s%s", has ? has : "", owns && has && has[0] ? "," : "");
    if (owns && size < POSSESSIONS_TEXT)
        snprintf(text + size, sizeof text - (size_t) size, "gpu/%ld=1,gpumemory=%ld", options->gpu_number,
                 options->gpu_memory);
    if (needs_read(&needs, text, strlen(text), error))
        return -1;
    return setenv("IPC_ENGINE_HAS", text, 1);
}

//  The worker, and what its tasks start, see the engine's device alone, as device 0.
static void take_gpu(const options_t *options)
{
    if (!options->gpu)
        return;
    setenv("CUDA_VISIBLE_DEVICES", options->gpu, 1);
    if (options->gpu[0])
        setenv("IPC_ENGINE_GPU", options->gpu, 1);
    if (options->near)
        gpu_stay_near(options->near);
}

int main(int count, char **arguments)
{
    options_t options = {.id = -1};
    int code = read_options(count, arguments, &options);
    if (code >= 0)
        return code;

    ipc_error_t error;
    ipc_paths_t paths;
    char program[IPC_PATH_MAX];
    nanny_t *nanny = NULL;
    take_gpu(&options);
    if (check_possessions(&options, &error) == 0 && find_directories(&options, &paths, &error) == 0 &&
        ipc_program_path("ipengine-worker", program, &error) == 0)
        nanny = nanny_new(&(nanny_options_t){.directory = paths.directory,
                                             .shm = paths.shm,
                                             .program = program,
                                             .id = (int) options.id,
                                             .supervisor = (pid_t) options.supervisor},
                          &error);
    if (!nanny)
        return fprintf(stderr, "engine %ld: %s\n", options.id, error.text), EXIT_FAILURE;
    code = nanny_run(nanny);
    nanny_destroy(&nanny);
    return code;
}
