//  Connection files: written and read, refused when they are broken or not private, and
//  found by clients.
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/connection.h"
#include "tests/common/run_suite.h"

enum { SOMEBODY = 65534, TEXT = 4096 };

static char path[IPC_PATH_MAX]; // of the file: Check gives each test a process of its own

static ipc_connection_t example(void)
{
    ipc_connection_t connection = {.version = 1,
                                   .role = "client",
                                   .endpoint = "ipc:///run/user/1000/ipc/1f2e3d4c5b6a/c",
                                   .profile = "default",
                                   .cluster_id = "x",
                                   .directory = "/run/user/1000/ipc/1f2e3d4c5b6a",
                                   .shm = "/dev/shm/ipc-1000-1f2e3d4c5b6a",
                                   .supervisor = getpid(),
                                   .supervisor_start = ipc_process_start(getpid())};
    memset(connection.token, 'a', IPC_TOKEN_TEXT - 1);
    return connection;
}

static void write_text(const char *text)
{
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t) strlen(text));
    close(file);
}

static void read_text(char text[TEXT])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(file, text, TEXT - 1);
    ck_assert_int_gt(size, 0);
    text[size] = 0;
    close(file);
}

static void expect_refused(int code, const char *words)
{
    ipc_connection_t connection = {.version = 77};
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_int_eq(ipc_connection_read(&connection, path, &error), -1);
    ck_assert_msg(error.code == code && strstr(error.text, words), "%s: %s", error.kind,
                  error.text);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    ck_assert_int_eq(connection.version, 77); // nothing is written
}

START_TEST(what_is_written_is_read_and_private)
{
    ipc_connection_t written = example(), read = {.version = 0};
    struct stat status;
    umask(0); // the mode is not left to it
    ck_assert_int_eq(ipc_connection_write(&written, path, NULL), 0);
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    ck_assert_int_eq(ipc_connection_read(&read, path, NULL), 0);
    ck_assert_int_eq(read.version, 1);
    ck_assert_str_eq(read.role, written.role);
    ck_assert_str_eq(read.endpoint, written.endpoint);
    ck_assert_str_eq(read.token, written.token);
    ck_assert_str_eq(read.profile, written.profile);
    ck_assert_str_eq(read.cluster_id, written.cluster_id);
    ck_assert_str_eq(read.directory, written.directory);
    ck_assert_str_eq(read.shm, written.shm);
    ck_assert_int_eq(read.supervisor, written.supervisor);
    ck_assert_uint_eq(read.supervisor_start, written.supervisor_start);
    ck_assert_int_eq(ipc_connection_write(&written, path, NULL), 0); // over the old one
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_told)
{
    ipc_connection_t connection = example();
    ipc_error_t error;
    ck_assert_int_eq(ipc_connection_write(&connection, "/proc/none/client.json", &error),
                     -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "/proc/none/client.json"));
}
END_TEST

START_TEST(a_file_that_is_not_private_is_refused)
{
    expect_refused(IPC_E_NAME, "there is no file");
    ipc_connection_t connection = example();
    ck_assert_int_eq(ipc_connection_write(&connection, path, NULL), 0);
    ck_assert_int_eq(chmod(path, 0640), 0);
    expect_refused(IPC_E_PERMISSION, "is open to others (mode 0640)");
    ck_assert_int_eq(chmod(path, 0600), 0);
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chown(path, SOMEBODY, SOMEBODY), 0);
    expect_refused(IPC_E_PERMISSION, "belongs to user 65534, not to you");
    // And by somebody else, who cannot even open it.
    ck_assert_int_eq(chown(path, 0, 0), 0);
    char directory[IPC_PATH_MAX];
    snprintf(directory, sizeof directory, "%s", getenv("XDG_RUNTIME_DIR"));
    ck_assert_int_eq(chmod(directory, 0755), 0);
    pid_t pid = fork();
    if (pid == 0) {
        ipc_error_t error = {.code = IPC_E_NONE};
        bool refused = !seteuid(SOMEBODY) &&
                       ipc_connection_read(&connection, path, &error) &&
                       error.code == IPC_E_PERMISSION;
        _exit(refused ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(every_cut_file_is_refused)
{
    char text[TEXT];
    ipc_connection_t connection = example();
    ck_assert_int_eq(ipc_connection_write(&connection, path, NULL), 0);
    read_text(text);
    for (size_t size = strlen(text); size-- > 0;) {
        text[size] = 0;
        write_text(text);
        expect_refused(IPC_E_CONNECTION, "is no JSON");
    }
    write_text("[1, 2]");
    expect_refused(IPC_E_CONNECTION, "holds no JSON object");
}
END_TEST

static const char *const fields[] = {
    "version",    "role",      "endpoint", "token",      "profile",
    "cluster_id", "directory", "shm",      "supervisor", "supervisor_start",
};

START_TEST(a_file_without_a_field_or_with_a_wrong_one_is_refused)
{
    char text[TEXT], name[64];
    ipc_connection_t connection = example();
    ck_assert_int_eq(ipc_connection_write(&connection, path, NULL), 0);
    read_text(text);
    snprintf(name, sizeof name, "\"%s\"", fields[_i]);
    char *at = strstr(text, name);
    ck_assert_ptr_nonnull(at);
    at[1] = 'X'; // another field then
    write_text(text);
    expect_refused(IPC_E_CONNECTION, name);
    at[1] = fields[_i][0];
    char wrong[2 * TEXT];
    snprintf(wrong, sizeof wrong, "%.*s: [], \"rest\"%s",
             (int) (at - text + (ptrdiff_t) strlen(name)), text, at + strlen(name));
    write_text(wrong);
    expect_refused(IPC_E_CONNECTION, name);
}
END_TEST

START_TEST(another_version_is_refused)
{
    write_text("{\"version\": 2}");
    expect_refused(IPC_E_CONNECTION, "of version 2, this program reads version 1");
    write_text("{\"version\": -1}");
    expect_refused(IPC_E_CONNECTION, "\"version\"");
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
    char text[TEXT];
    snprintf(text, sizeof text, "{\"version\": 1, \"role\": \"%0100d\"}", 0);
    write_text(text);
    expect_refused(IPC_E_CONNECTION, "longer than 15 bytes");
}
END_TEST

START_TEST(the_running_cluster_is_found)
{
    ipc_connection_t connection = example(), found;
    ipc_error_t error;
    ck_assert_int_eq(ipc_connection_find(&found, NULL, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_CONNECTION);
    ck_assert_str_eq(error.text,
                     "no cluster is running: start one with 'ipcluster start -n 4'");
    ipc_paths_t paths;
    ck_assert_int_eq(ipc_paths_find(&paths, NULL, NULL, NULL), 0);
    ck_assert_int_eq(ipc_private_directory(paths.directory, NULL), 0);
    ck_assert_int_eq(ipc_connection_write(&connection, paths.client_file, NULL), 0);
    ck_assert_int_eq(ipc_connection_find(&found, NULL, NULL), 0);
    ck_assert_str_eq(found.cluster_id, "x");
    ck_assert_int_eq(ipc_connection_write(&connection, path, NULL), 0);
    setenv("IPC_CLUSTER_ID", "other", 1);
    ck_assert_int_eq(ipc_connection_find(&found, NULL, &error), -1);
    ck_assert_ptr_nonnull(strstr(
        error.text, "no cluster is running (profile default, cluster id \"other\")"));
    ck_assert_int_eq(ipc_connection_find(&found, path, NULL), 0);
    setenv("IPC_CONNECTION_FILE", path, 1);
    ck_assert_int_eq(ipc_connection_find(&found, NULL, NULL), 0);
}
END_TEST

START_TEST(a_dead_supervisor_is_no_cluster)
{
    ipc_connection_t connection = example(), found;
    ipc_error_t error;
    connection.supervisor_start++; // the pid lives, but is another process's by now
    ck_assert_int_eq(ipc_connection_write(&connection, path, NULL), 0);
    ck_assert_int_eq(ipc_connection_find(&found, path, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_CONNECTION);
    ck_assert_ptr_nonnull(strstr(error.text, "is not running any more"));
    // One that has ended but was not waited for is dead too.
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT), 0);
    ck_assert_uint_eq(ipc_process_start(pid), 0);
    waitpid(pid, NULL, 0);
    ck_assert_uint_gt(ipc_process_start(1), 0);
}
END_TEST

static void make_runtime(void)
{
    char directory[] = "/tmp/ipc-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    setenv("XDG_RUNTIME_DIR", directory, 1);
    snprintf(path, sizeof path, "%s/client.json", directory);
    unsetenv("IPC_PROFILE");
    unsetenv("IPC_CLUSTER_ID");
    unsetenv("IPC_CONNECTION_FILE");
}

static void remove_runtime(void)
{
    ipc_remove_tree(getenv("XDG_RUNTIME_DIR"));
}

int main(void)
{
    TCase *tests = tcase_create("connection");
    tcase_add_checked_fixture(tests, make_runtime, remove_runtime);
    tcase_add_test(tests, what_is_written_is_read_and_private);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_told);
    tcase_add_test(tests, a_file_that_is_not_private_is_refused);
    tcase_add_test(tests, every_cut_file_is_refused);
    tcase_add_loop_test(tests, a_file_without_a_field_or_with_a_wrong_one_is_refused, 0,
                        sizeof fields / sizeof fields[0]);
    tcase_add_test(tests, another_version_is_refused);
    tcase_add_test(tests, a_text_that_is_too_long_is_refused);
    tcase_add_test(tests, the_running_cluster_is_found);
    tcase_add_test(tests, a_dead_supervisor_is_no_cluster);
    return run_suite("connection", tests);
}
