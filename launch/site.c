#include "launch/site.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/connection.h"
#include "common/fail.h"

enum {
    FILE_PATH_MAX = IPC_PATH_MAX + 32,
    OPEN_ATTEMPTS = 100 // each lost to another ipcluster that came or went meanwhile
};

//  Opens and locks <directory>/lock. Gives the descriptor, or -1 with errno EWOULDBLOCK
//  when another process holds it, ESTALE when it was removed meanwhile, or another cause.
static int take_lock(const char *directory)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", directory);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) {
        if (errno == ENOENT)
            errno = ESTALE;
        return -1;
    }
    struct stat mine, there;
    int cause = 0;
    if (flock(lock, LOCK_EX | LOCK_NB))
        cause = errno;
    else if (fstat(lock, &mine) || lstat(path, &there) || mine.st_ino != there.st_ino ||
             mine.st_dev != there.st_dev)
        cause = ESTALE; // the last owner removed it between our open and our lock
    if (!cause)
        return lock;
    close(lock);
    errno = cause;
    return -1;
}

static void kill_processes(const record_t *record)
{
    process_kill(&record->supervisor); // first, since it would start the others again
    for (size_t i = 0; i < record->engines; i++) process_kill(&record->nannies[i]);
    process_kill(&record->controller);
}

//  Removes a cluster's directory. It is renamed first: whoever starts a cluster here from
//  now on makes a directory of its own, and what is being removed is never half of a new
//  one.
static void remove_directory(const char *directory)
{
    char gone[FILE_PATH_MAX];
    snprintf(gone, sizeof gone, "%s.%d", directory, (int) getpid());
    ipc_remove_tree(gone); // of a process that had our pid and was killed right here
    ipc_remove_tree(rename(directory, gone) ? directory : gone);
}

//  Kills and removes what a dead cluster left; the caller holds the lock.
static void bury(const char *directory)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/cluster.json", directory);
    ipc_auto(record_destroy) record_t *record = record_read(path, NULL);
    if (record) {
        kill_processes(record);
        ipc_remove_tree(record->shm);
    }
    remove_directory(directory);
}

//  True when the directory holds nothing but the lock.
static bool is_fresh(const ipc_paths_t *paths)
{
    return access(paths->cluster_file, F_OK) && access(paths->logs, F_OK) &&
           access(paths->client_file, F_OK) && access(paths->shm, F_OK);
}

int site_open(site_t *self, const ipc_paths_t *paths, ipc_error_t *error)
{
    for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
        if (ipc_private_directory(paths->root, error) ||
            ipc_private_directory(paths->directory, error))
            return -1;
        int lock = take_lock(paths->directory);
        if (lock < 0 && errno == ESTALE)
            continue;
        if (lock < 0 && errno == EWOULDBLOCK)
            return ipc_fail(
                error, IPC_E_BUSY,
                "another ipcluster is starting or cleaning this cluster: try again");
        if (lock < 0)
            return ipc_fail(error, IPC_E_SYSTEM, "cannot lock %s: %s", paths->lock,
                            strerror(errno));
        if (is_fresh(paths)) {
            *self = (site_t){.paths = *paths, .lock = lock};
            return 0;
        }
        bury(paths->directory);
        ipc_remove_tree(paths->shm);
        close(lock);
    }
    return ipc_fail(error, IPC_E_SYSTEM,
                    "cannot remove what an earlier cluster left in %s and %s",
                    paths->directory, paths->shm);
}

static int make_directories(const ipc_paths_t *paths, ipc_error_t *error)
{
    const char *needed[] = {paths->images, paths->logs, paths->shm};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (ipc_private_directory(needed[i], error))
            return -1;
    return 0;
}

static int make_token(char token[IPC_TOKEN_TEXT], ipc_error_t *error)
{
    unsigned char bytes[(IPC_TOKEN_TEXT - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot get random numbers: %s",
                        strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static int write_connection(const record_t *record, const char *role, const char *socket,
                            const char *path, ipc_error_t *error)
{
    ipc_connection_t connection = {.supervisor = record->supervisor.pid,
                                   .supervisor_start = record->supervisor.start};
    snprintf(connection.role, sizeof connection.role, "%s", role);
    snprintf(connection.endpoint, sizeof connection.endpoint, "ipc://%.*s",
             IPC_SOCKET_PATH_MAX, socket);
    ipc_text_copy(connection.profile, sizeof connection.profile, record->profile);
    ipc_text_copy(connection.cluster_id, sizeof connection.cluster_id, record->cluster_id);
    ipc_text_copy(connection.directory, sizeof connection.directory, record->directory);
    ipc_text_copy(connection.shm, sizeof connection.shm, record->shm);
    if (make_token(connection.token, error))
        return -1;
    return ipc_connection_write(&connection, path, error);
}

int site_write_files(const site_t *self, const record_t *record, ipc_error_t *error)
{
    const ipc_paths_t *paths = &self->paths;
    // The record comes first: by it the next start finds the shared memory after a kill -9.
    if (record_write(record, paths->cluster_file, error) || make_directories(paths, error))
        return -1;
    if (write_connection(record, "engine", paths->engine_socket, paths->engine_file, error))
        return -1;
    return write_connection(record, "client", paths->client_socket, paths->client_file,
                            error);
}

void site_close(site_t *self)
{
    if (self->lock < 0)
        return;
    ipc_remove_tree(self->paths.shm);
    remove_directory(self->paths.directory);
    close(self->lock);
    self->lock = -1;
}

bool site_clean(const char *directory)
{
    if (ipc_private_directory(directory, NULL))
        return false;
    int lock = take_lock(directory);
    if (lock < 0)
        return false;
    bury(directory);
    close(lock);
    return true;
}
