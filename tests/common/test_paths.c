//  Where a cluster keeps its things, and that nothing of others is ever taken for it.
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/common/run_suite.h"

enum { SOMEBODY = 65534 };

static char
    path[4 * IPC_PATH_MAX]; // of the test that runs: Check gives each a process of its own

static const char *in_runtime(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", getenv("XDG_RUNTIME_DIR"), name);
    return path;
}

static void touch(const char *name, mode_t mode)
{
    int file = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(fchmod(file, mode), 0);
    close(file);
}

START_TEST(paths_lie_under_the_runtime_directory)
{
    ipc_paths_t paths;
    ck_assert_int_eq(ipc_paths_find(&paths, NULL, NULL, NULL), 0);
    ck_assert_str_eq(paths.root, in_runtime("ipc"));
    ck_assert_str_eq(paths.profile, "default");
    ck_assert_str_eq(paths.cluster_id, "");
    ck_assert_uint_eq(strlen(paths.directory), strlen(paths.root) + 1 + 12);
    ck_assert_str_eq(strrchr(paths.shm, '-') + 1, strrchr(paths.directory, '/') + 1);
    ck_assert(!strncmp(paths.client_socket, paths.directory, strlen(paths.directory)));
    ck_assert_uint_le(strlen(paths.client_socket), IPC_SOCKET_PATH_MAX);
    ck_assert(access(paths.root, F_OK));
}
END_TEST

//  So two sessions of a user, one with a runtime directory and one without, take nothing from each other.
START_TEST(clusters_of_other_runtime_directories_share_no_memory)
{
    ipc_paths_t here, again, none;
    char other_name[IPC_PATH_MAX];
    ck_assert_int_eq(ipc_paths_find(&here, NULL, NULL, NULL), 0);
    snprintf(other_name, sizeof other_name, "%s/./", getenv("XDG_RUNTIME_DIR"));
    setenv("XDG_RUNTIME_DIR", other_name, 1);
    ck_assert_int_eq(ipc_paths_find(&again, NULL, NULL, NULL), 0);
    ck_assert_str_eq(again.shm, here.shm);
    unsetenv("XDG_RUNTIME_DIR");
    ck_assert_int_eq(ipc_paths_find(&none, NULL, NULL, NULL), 0);
    ck_assert_str_ne(none.shm, here.shm);
}
END_TEST

START_TEST(names_come_from_the_environment_unless_given)
{
    ipc_paths_t plain, named, given, other;
    ck_assert_int_eq(ipc_paths_find(&plain, NULL, NULL, NULL), 0);
    setenv("IPC_PROFILE", "p", 1);
    setenv("IPC_CLUSTER_ID", "i", 1);
    ck_assert_int_eq(ipc_paths_find(&named, NULL, NULL, NULL), 0);
    ck_assert_int_eq(ipc_paths_find(&given, "p", "i", NULL), 0);
    ck_assert_int_eq(ipc_paths_find(&other, "pi", "", NULL), 0);
    ck_assert_str_eq(named.directory, given.directory);
    ck_assert_str_ne(named.directory, plain.directory);
    ck_assert_str_ne(named.directory, other.directory);
    ck_assert_int_eq(ipc_paths_find(&given, "default", "", NULL), 0);
    ck_assert_str_eq(given.directory, plain.directory);
}
END_TEST

static const char *const bad_names[] = {
    "a/b",
    "..\n",
    "a b",
    "é",
    "sixty-four-characters-are-one-too-many-0123456789-0123456789-0123456",
};

START_TEST(bad_names_are_refused)
{
    ipc_paths_t paths;
    ipc_error_t error;
    ck_assert_int_eq(ipc_paths_find(&paths, bad_names[_i], "", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_int_eq(ipc_paths_find(&paths, NULL, bad_names[_i], &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_int_eq(ipc_paths_find(&paths, "", "", &error), -1);
}
END_TEST

START_TEST(a_runtime_directory_that_cannot_serve_is_passed_over)
{
    char expected[IPC_PATH_MAX], root[IPC_PATH_MAX], longer[2 * IPC_PATH_MAX];
    snprintf(expected, sizeof expected, "/tmp/ipc-%u/ipc", (unsigned) geteuid());
    char mine[IPC_PATH_MAX];
    snprintf(mine, sizeof mine, "%s", getenv("XDG_RUNTIME_DIR"));
    // Longer than a socket's path may be, though it is there.
    snprintf(longer, sizeof longer, "%s/%080d", mine, 0);
    ck_assert_int_eq(mkdir(longer, 0700), 0);
    const char *unfit[] = {"relative", "", "/tmp/is-not-there", longer, "/tmp"};
    for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++) {
        setenv("XDG_RUNTIME_DIR", unfit[i], 1);
        ck_assert_int_eq(ipc_paths_root(root, NULL), 0);
        ck_assert_str_eq(root, expected);
    }
    unsetenv("XDG_RUNTIME_DIR");
    ck_assert_int_eq(ipc_paths_root(root, NULL), 0);
    ck_assert_str_eq(root, expected);
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chown(mine, SOMEBODY, SOMEBODY), 0);
    setenv("XDG_RUNTIME_DIR", mine, 1);
    ck_assert_int_eq(ipc_paths_root(root, NULL), 0);
    ck_assert_str_eq(root, expected);
    ck_assert_int_eq(chown(mine, 0, 0), 0);
}
END_TEST

START_TEST(a_private_directory_is_made_with_its_parents)
{
    struct stat status;
    ck_assert_int_eq(ipc_private_directory(in_runtime("a/b/c"), NULL), 0);
    const char *made[] = {"a", "a/b", "a/b/c"};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(lstat(in_runtime(made[i]), &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0700);
    }
    ck_assert_int_eq(ipc_private_directory(in_runtime("a/b/c"), NULL), 0);
}
END_TEST

static void expect_refused(const char *directory, const char *words)
{
    ipc_error_t error;
    ck_assert_int_eq(ipc_private_directory(directory, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_PERMISSION);
    ck_assert_msg(strstr(error.text, words) && strstr(error.text, directory), "%s",
                  error.text);
}

START_TEST(a_directory_that_is_not_private_is_refused)
{
    ck_assert_int_eq(mkdir(in_runtime("open"), 0700), 0);
    ck_assert_int_eq(chmod(path, 0755), 0);
    expect_refused(path, "is open to others (mode 0755)");
    ck_assert_int_eq(symlink("/tmp", in_runtime("link")), 0);
    expect_refused(path, "is no directory but a link");
    touch(in_runtime("file"), 0600);
    expect_refused(path, "is no directory");
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(mkdir(in_runtime("foreign"), 0700), 0);
    ck_assert_int_eq(chown(path, SOMEBODY, SOMEBODY), 0);
    expect_refused(path, "belongs to user 65534, not to you (user 0)");
    ipc_error_t error;
    ck_assert_int_eq(ipc_private_directory(in_runtime("foreign/inner"), &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "other users can replace what is in "));
}
END_TEST

static int open_private(const char *name, int code)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    int file = ipc_private_open(name, &error);
    ck_assert_int_eq(error.code, code);
    ck_assert(code == IPC_E_NONE || strstr(error.text, name));
    return file;
}

START_TEST(a_file_that_is_not_private_is_not_opened)
{
    ck_assert_int_eq(open_private(in_runtime("nothing"), IPC_E_NAME), -1);
    touch(in_runtime("mine"), 0600);
    int file = open_private(path, IPC_E_NONE);
    ck_assert_int_eq(fcntl(file, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(file);
    for (mode_t mode = 0601; mode <= 0640; mode += mode == 0601 ? 037 : 1) {
        touch(in_runtime("shown"), mode);
        ck_assert_int_eq(open_private(path, IPC_E_PERMISSION), -1);
    }
    ck_assert_int_eq(symlink("mine", in_runtime("link")), 0);
    ck_assert_int_eq(open_private(path, IPC_E_PERMISSION), -1);
    ck_assert_int_eq(mkfifo(in_runtime("fifo"), 0600), 0);
    ck_assert_int_eq(open_private(path, IPC_E_PERMISSION), -1);
    ck_assert_int_eq(open_private(getenv("XDG_RUNTIME_DIR"), IPC_E_PERMISSION), -1);
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chown(in_runtime("mine"), SOMEBODY, SOMEBODY), 0);
    ck_assert_int_eq(open_private(path, IPC_E_PERMISSION), -1);
}
END_TEST

START_TEST(a_tree_is_removed_and_what_it_links_to_is_not)
{
    ck_assert_int_eq(ipc_private_directory(in_runtime("kept"), NULL), 0);
    touch(in_runtime("kept/file"), 0600);
    ck_assert_int_eq(ipc_private_directory(in_runtime("tree/inner"), NULL), 0);
    touch(in_runtime("tree/inner/file"), 0400);
    ck_assert_int_eq(symlink("../kept", in_runtime("tree/link")), 0);
    ipc_remove_tree(in_runtime("tree"));
    ck_assert(access(path, F_OK));
    ck_assert(!access(in_runtime("kept/file"), F_OK));
    ipc_remove_tree(in_runtime("nothing"));
}
END_TEST

START_TEST(our_programs_are_found)
{
    char found[IPC_PATH_MAX], directory[IPC_PATH_MAX];
    ipc_error_t error;
    ck_assert_int_eq(ipc_program_directory(directory, NULL), 0);
    ck_assert_int_eq(ipc_program_path("no-such-program", found, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_NAME);
    ck_assert_ptr_nonnull(strstr(error.text, directory));
    touch(in_runtime("no-such-program"), 0700);
    setenv("IPC_PROGRAM_PATH", getenv("XDG_RUNTIME_DIR"), 1);
    ck_assert_int_eq(ipc_program_path("no-such-program", found, NULL), 0);
    ck_assert_str_eq(found, path);
}
END_TEST

static void make_runtime(void)
{
    char directory[] = "/tmp/ipc-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    setenv("XDG_RUNTIME_DIR", directory, 1);
    setenv("TEST_DIRECTORY", directory, 1);
    unsetenv("IPC_PROFILE");
    unsetenv("IPC_CLUSTER_ID");
    unsetenv("IPC_PROGRAM_PATH");
}

static void remove_runtime(void)
{
    ipc_remove_tree(getenv("TEST_DIRECTORY"));
}

int main(void)
{
    TCase *tests = tcase_create("paths");
    tcase_add_checked_fixture(tests, make_runtime, remove_runtime);
    tcase_add_test(tests, paths_lie_under_the_runtime_directory);
    tcase_add_test(tests, clusters_of_other_runtime_directories_share_no_memory);
    tcase_add_test(tests, names_come_from_the_environment_unless_given);
    tcase_add_loop_test(tests, bad_names_are_refused, 0,
                        sizeof bad_names / sizeof bad_names[0]);
    tcase_add_test(tests, a_runtime_directory_that_cannot_serve_is_passed_over);
    tcase_add_test(tests, a_private_directory_is_made_with_its_parents);
    tcase_add_test(tests, a_directory_that_is_not_private_is_refused);
    tcase_add_test(tests, a_file_that_is_not_private_is_not_opened);
    tcase_add_test(tests, a_tree_is_removed_and_what_it_links_to_is_not);
    tcase_add_test(tests, our_programs_are_found);
    return run_suite("paths", tests);
}
