#include "common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"

enum {
    DIGITS = 12,                  // of the hash that names a cluster's directory
    CLUSTER_PATH_MAX = DIGITS + 3 // "/<digits>/c"
};

//  Joins texts to one path. 0, or -1 with *error: ARGUMENT when it is too long.
__attribute__((format(printf, 3, 4))) static int path_set(char path[IPC_PATH_MAX],
                                                          ipc_error_t *error,
                                                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(path, IPC_PATH_MAX, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= IPC_PATH_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "the path %s… is longer than %d bytes", path,
                        IPC_PATH_MAX - 1);
    return 0;
}

//  What must be true of a directory or file of ours, told in one sentence when it is not.
static int check_private(const char *path, const struct stat *status, ipc_error_t *error)
{
    if (status->st_uid != geteuid())
        return ipc_fail(
            error, IPC_E_PERMISSION,
            "%s belongs to user %u, not to you (user %u): remove it, or have it removed",
            path, (unsigned) status->st_uid, (unsigned) geteuid());
    if (status->st_mode & 077)
        return ipc_fail(error, IPC_E_PERMISSION,
                        "%s is open to others (mode %04o): close it with 'chmod go= %s'",
                        path, (unsigned) (status->st_mode & 07777), path);
    return 0;
}

static int check_directory(const char *path, ipc_error_t *error)
{
    struct stat status;
    if (lstat(path, &status))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot look at %s: %s", path,
                        strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return ipc_fail(error, IPC_E_PERMISSION, "%s is no directory%s: remove it", path,
                        S_ISLNK(status.st_mode) ? " but a link" : "");
    return check_private(path, &status, error);
}

//  The directory that a path lies in.
static void parent_of(const char *path, char parent[IPC_PATH_MAX])
{
    ipc_text_copy(parent, IPC_PATH_MAX, path);
    char *slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = 0;
}

//  Others must not be able to put something else in the place of path: its parent is ours
//  or root's, and closed for writing or sticky, as /tmp is.
static int check_parent(const char *path, ipc_error_t *error)
{
    char parent[IPC_PATH_MAX];
    parent_of(path, parent);
    struct stat status;
    if (stat(parent, &status))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot look at %s: %s", parent,
                        strerror(errno));
    bool owned = status.st_uid == geteuid() || status.st_uid == 0;
    if (!owned || ((status.st_mode & 022) && !(status.st_mode & S_ISVTX)))
        return ipc_fail(error, IPC_E_PERMISSION,
                        "other users can replace what is in %s (owner %u, mode %04o)",
                        parent, (unsigned) status.st_uid,
                        (unsigned) (status.st_mode & 07777));
    return 0;
}

static int make_directory(const char *path, ipc_error_t *error)
{
    if (!mkdir(path, 0700) || errno == EEXIST)
        return 0;
    int cause = errno;
    char parent[IPC_PATH_MAX];
    parent_of(path, parent);
    if (cause == ENOENT && strcmp(parent, "/") && strcmp(parent, path)) {
        if (ipc_private_directory(parent, error))
            return -1;
        cause = mkdir(path, 0700) && errno != EEXIST ? errno : 0;
    }
    if (cause)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make the directory %s: %s", path,
                        strerror(cause));
    return 0;
}

int ipc_private_directory(const char *path, ipc_error_t *error)
{
    return make_directory(path, error) || check_parent(path, error) ||
                   check_directory(path, error)
               ? -1
               : 0;
}

int ipc_private_open(const char *path, ipc_error_t *error)
{
    // Not blocking: whoever put a FIFO there must not be able to hold us up.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0 && errno == ENOENT)
        return ipc_fail(error, IPC_E_NAME, "there is no file %s", path);
    if (file < 0 && errno == ELOOP)
        return ipc_fail(error, IPC_E_PERMISSION,
                        "%s is a link: give the path of the file itself", path);
    if (file < 0)
        return ipc_fail(error, errno == EACCES ? IPC_E_PERMISSION : IPC_E_SYSTEM,
                        "cannot open %s: %s", path, strerror(errno));
    struct stat status;
    int result = 0;
    if (fstat(file, &status))
        result =
            ipc_fail(error, IPC_E_SYSTEM, "cannot look at %s: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        result = ipc_fail(error, IPC_E_PERMISSION, "%s is not an ordinary file", path);
    else
        result = check_private(path, &status, error);
    if (result) {
        close(file);
        return -1;
    }
    return file;
}

static int remove_one(const char *path, const struct stat *status, int kind,
                      struct FTW *walk)
{
    (void) status, (void) kind, (void) walk;
    remove(path); // what cannot be removed stays; the rest goes
    return 0;
}

void ipc_remove_tree(const char *path)
{
    enum { DIRECTORIES_OPEN = 16 };
    nftw(path, remove_one, DIRECTORIES_OPEN, FTW_DEPTH | FTW_PHYS);
}

void ipc_restore_path(const char *directory, uint32_t engine, char path[IPC_PATH_MAX])
{
    snprintf(path, IPC_PATH_MAX, "%s/engine-%u.restore", directory, engine);
}

//  The user's own runtime directory if it can hold clusters: absolute, short enough for
//  sockets, theirs.
static const char *runtime_directory(void)
{
    const char *path = getenv("XDG_RUNTIME_DIR");
    if (!path || path[0] != '/')
        return NULL;
    if (strlen(path) + strlen("/ipc") + CLUSTER_PATH_MAX > IPC_SOCKET_PATH_MAX)
        return NULL;
    struct stat status;
    if (stat(path, &status) || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & 022))
        return NULL;
    return path;
}

int ipc_paths_root(char root[IPC_PATH_MAX], ipc_error_t *error)
{
    char base[IPC_PATH_MAX], found[IPC_PATH_MAX];
    const char *runtime = runtime_directory();
    if (runtime ? path_set(base, error, "%s", runtime)
                : path_set(base, error, "/tmp/ipc-%u", (unsigned) geteuid()))
        return -1;
    if (path_set(found, error, "%s/ipc", base))
        return -1;
    // What is there already is checked at once: a reader must not trust what others have
    // put there.
    if (!runtime && !access(base, F_OK) && check_directory(base, error))
        return -1;
    if (!access(found, F_OK) && check_directory(found, error))
        return -1;
    ipc_text_copy(root, IPC_PATH_MAX, found);
    return 0;
}

static int check_name(const char *what, const char *name, ipc_error_t *error)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (strlen(name) >= IPC_NAME_TEXT)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "the %s \"%.80s\" is longer than %d characters", what, name,
                        IPC_NAME_TEXT - 1);
    if (name[strspn(name, allowed)])
        return ipc_fail(
            error, IPC_E_ARGUMENT,
            "the %s \"%s\" has characters other than letters, digits, '.', '_' and '-'",
            what, name);
    return 0;
}

//  FNV-1a: the digits only have to differ between the few clusters of one user. Those of other roots count, too:
//  all of them have their shared memory in one place.
static uint64_t hash_names(const char *root, const char *profile, const char *cluster_id)
{
    const char *texts[] = {root, profile, cluster_id};
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (const char *c = texts[i];; c++) {
            hash = (hash ^ (unsigned char) *c) * 0x100000001b3u;
            if (!*c)
                break; // the zero is hashed too, so that "a", "bc" is not "ab", "c"
        }
    return (hash ^ hash >> 48) & 0xffffffffffffu;
}

//  The twelve digits. A runtime directory may be written in several ways.
static unsigned long long digits_of(const ipc_paths_t *paths)
{
    const char *runtime = runtime_directory();
    char *real = runtime ? realpath(runtime, NULL) : NULL;
    uint64_t digits = hash_names(real ? real : paths->root, paths->profile, paths->cluster_id);
    free(real);
    return digits;
}

static const char *given_or_environment(const char *given, const char *variable,
                                        const char *otherwise)
{
    if (given)
        return given;
    const char *value = getenv(variable);
    return value && value[0] ? value : otherwise;
}

int ipc_paths_find(ipc_paths_t *self, const char *profile, const char *cluster_id,
                   ipc_error_t *error)
{
    profile = given_or_environment(profile, "IPC_PROFILE", "default");
    cluster_id = given_or_environment(cluster_id, "IPC_CLUSTER_ID", "");
    if (!profile[0])
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "the profile's name is empty: leave it out, or name one");
    ipc_paths_t p = {.root = ""};
    if (check_name("profile", profile, error) ||
        check_name("cluster id", cluster_id, error) || ipc_paths_root(p.root, error))
        return -1;
    ipc_text_copy(p.profile, sizeof p.profile, profile);
    ipc_text_copy(p.cluster_id, sizeof p.cluster_id, cluster_id);
    unsigned long long digits = digits_of(&p);
    if (path_set(p.directory, error, "%s/%0*llx", p.root, DIGITS, digits) ||
        path_set(p.shm, error, "/dev/shm/ipc-%u-%0*llx", (unsigned) geteuid(), DIGITS,
                 digits) ||
        path_set(p.client_socket, error, "%s/c", p.directory) ||
        path_set(p.engine_socket, error, "%s/e", p.directory) ||
        path_set(p.client_file, error, "%s/client.json", p.directory) ||
        path_set(p.engine_file, error, "%s/engine.json", p.directory) ||
        path_set(p.cluster_file, error, "%s/cluster.json", p.directory) ||
        path_set(p.lock, error, "%s/lock", p.directory) ||
        path_set(p.images, error, "%s/images", p.directory) ||
        path_set(p.logs, error, "%s/log", p.directory))
        return -1;
    *self = p;
    return 0;
}

int ipc_program_directory(char directory[IPC_PATH_MAX], ipc_error_t *error)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot read /proc/self/exe: %s",
                        strerror(errno));
    path[length] = 0;
    char *slash = strrchr(path, '/');
    slash[slash == path] = 0;
    return path_set(directory, error, "%s", path);
}

int ipc_program_path(const char *program, char path[IPC_PATH_MAX], ipc_error_t *error)
{
    // Beside the running program, then where the build folder and an installation have it.
    static const char *const places[] = {
        ".", "../controller", "../engine", "../tools", "../bin", "../libexec/ipclient"};
    char directory[IPC_PATH_MAX], candidate[IPC_PATH_MAX];
    const char *first = getenv("IPC_PROGRAM_PATH");
    if (first && first[0]) {
        if (path_set(candidate, error, "%s/%s", first, program))
            return -1;
        if (!access(candidate, X_OK))
            return path_set(path, error, "%s", candidate);
    }
    if (ipc_program_directory(directory, error))
        return -1;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *place = places[i];
        if (i == 0 ? path_set(candidate, error, "%s/%s", directory, program)
                   : path_set(candidate, error, "%s/%s/%s", directory, place, program))
            return -1;
        if (!access(candidate, X_OK))
            return path_set(path, error, "%s", candidate);
    }
    return ipc_fail(
        error, IPC_E_NAME,
        "cannot find the program %s, neither as %s/%s nor in ../controller, ../engine, "
        "../tools, ../bin or ../libexec/ipclient beside it: is the installation complete?",
        program, directory, program);
}
