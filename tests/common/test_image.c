//  Programs are built in many ways, made into images, stored, loaded into this process and
//  called; and programs that cannot be images are refused with a sentence that says what to
//  do.
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/image.h"
#include "common/remote.h"
#include "tests/common/image_programs/build.h"
#include "tests/common/run_suite.h"

//  What this process is built with: images built likewise can be loaded into it.
#if defined(__SANITIZE_ADDRESS__)
#define OWN_SANITIZERS "address,undefined"

//  The search for leaks crashes over the threads that libgomp, loaded with an image, leaves
//  behind. An engine ends with _exit() and never searches; test_elf_file.c, which loads
//  nothing, does.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#else
#define OWN_SANITIZERS ""
#endif

static build_t build; // made in main(); Check gives its tests no argument

static int64_t engine_seven(void)
{
    return 7;
}

static const ipc_runtime_t runtime = {
    .abi = IPC_ABI, .size = sizeof runtime, .engine_id = engine_seven};

static const char *images(void)
{
    static char directory[2 * BUILD_PATH];
    snprintf(directory, sizeof directory, "%s", build_path(&build, "images"));
    ck_assert(mkdir(directory, 0700) == 0 || errno == EEXIST);
    return directory;
}

static ipc_image_t *make(const char *path)
{
    ipc_error_t error;
    ipc_image_t *image = ipc_image_new(path, OWN_SANITIZERS, &error);
    ck_assert_msg(image != NULL, "%s", image ? "" : error.text);
    return image;
}

//  Loads what is at a path as an engine does, and gives the descriptor at an offset.
static const ipc_remote_t *load(const char *path, long offset)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(handle != NULL, "%s", handle ? "" : dlerror());
    struct link_map *map;
    ck_assert_int_eq(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
    const ipc_remote_t *remote = (const ipc_remote_t *) (map->l_addr + (size_t) offset);
    ck_assert_uint_eq(remote->magic, IPC_REMOTE_MAGIC);
    *remote->runtime = &runtime;
    return remote;
}

//  The whole way of a file: read, stored, verified, loaded. *hash may be NULL.
static const ipc_remote_t *ship(const char *path, long offset, char *hash)
{
    ipc_error_t error;
    ipc_image_t *image = make(path);
    char stored[4 * BUILD_PATH], name[IPC_HASH_TEXT];
    strcpy(name, ipc_image_hash(image));
    int failed = ipc_image_store(image, images(), &error) ||
                 ipc_image_verify(images(), name, &error);
    ck_assert_msg(!failed, "%s", failed ? error.text : "");
    ipc_image_destroy(&image);
    snprintf(stored, sizeof stored, "%s/%s.so", images(), name);
    if (hash)
        strcpy(hash, name);
    return load(stored, offset);
}

static double call_double(const ipc_remote_t *remote, double x)
{
    ipc_value_t argument = {.kind = IPC_KIND_F64, .as.f64 = x}, result = {0};
    remote->call(&argument, &result);
    ck_assert_int_eq(result.kind, IPC_KIND_F64);
    return result.as.f64;
}

static int64_t call_int(const ipc_remote_t *remote, int64_t x)
{
    ipc_value_t argument = {.kind = IPC_KIND_I64, .as.i64 = x}, result = {0};
    remote->call(&argument, &result);
    ck_assert_int_eq(result.kind, IPC_KIND_I64);
    return result.as.i64;
}

//  Builds basic.c and gives its offset. At first its function gives 1240 + 7 + its version
//  for 2.
static long build_basic(const char *compiler, const char *output, const char *flags)
{
    char arguments[512];
    snprintf(arguments, sizeof arguments, "%s basic.c weights.c", flags);
    ck_assert(build_program(&build, compiler, output, arguments));
    return build_number("'%s'", build_path(&build, output));
}

// clang-format off
static const struct {
    const char *flags;
    const char *linker;        // that it needs, or NULL
    const char *compiler;      // the only one it is for, or NULL
} ways[] = {
    {"-fPIC -pie -O0 -g", NULL, NULL},
    {"-fPIC -pie -O1", NULL, NULL},
    {"-fPIC -pie -O2", NULL, NULL},
    {"-fPIC -pie -O3", NULL, NULL},
    {"-fPIC -pie -O2 -flto", NULL, "gcc"},
    {"-fPIC -pie -O2 -flto -fuse-ld=lld", "ld.lld", "clang"},
    {"-fPIC -pie -O2 -s", NULL, NULL},
    {"-fPIC -pie -O2 -fopenmp", NULL, NULL},
    {"-fPIE -pie -O2", NULL, NULL},                            // copies stdout
    {"-fPIC -pie -O2 -rdynamic", NULL, NULL},
    {"-fPIC -pie -O2 -Wl,-z,now -Wl,-z,noseparate-code", NULL, NULL},
    {"-fPIC -pie -Os -ffunction-sections -fdata-sections -Wl,--gc-sections", NULL, NULL},
    {"-fPIC -pie -O2 -Wl,--hash-style=sysv", NULL, NULL},
    {"-fPIC -pie -O2 -fuse-ld=lld", "ld.lld", NULL},
    {"-fPIC -pie -O2 -fuse-ld=gold", "ld.gold", NULL},
    {"-fPIC -pie -O2 -fuse-ld=mold", "mold", NULL},
    {"-fPIC -pie -O2 -fsanitize=undefined", NULL, "gcc"}, // only prints: loads anywhere
};
// clang-format on
enum { WAYS = sizeof ways / sizeof *ways };

START_TEST(a_program_built_in_this_way_runs_here)
{
    for (size_t i = 0; i < build.compilers_count; i++) {
        const char *compiler = build.compilers[i];
        if ((ways[_i].compiler && strcmp(ways[_i].compiler, compiler) != 0) ||
            (ways[_i].linker && !build_has(ways[_i].linker)))
            continue;
        char output[64];
        snprintf(output, sizeof output, "way%d-%zu", _i, i);
        long offset = build_basic(compiler, output, ways[_i].flags);
        ck_assert_int_gt(offset, 0);
        const ipc_remote_t *weigh = ship(build_path(&build, output), offset, NULL);
        ck_assert_str_eq(weigh->name, "weigh");
        ck_assert_double_eq(call_double(weigh, 2), 1248);
        ck_assert_double_eq(call_double(weigh, 2), 1249);
    }
}
END_TEST

START_TEST(the_image_is_what_is_loaded_and_nothing_else)
{
    build_basic(build.compilers[0], "with-debug", "-fPIC -pie -O1 -g3");
    build_basic(build.compilers[0], "stripped", "-fPIC -pie -O1 -g3 -s");
    ipc_image_t *image = make(build_path(&build, "with-debug"));
    struct stat status;
    ck_assert_int_eq(stat(build_path(&build, "with-debug"), &status), 0);
    ck_assert_uint_lt(ipc_image_size(image), (size_t) status.st_size / 2);
    const Elf64_Ehdr *header = ipc_image_data(image);
    ck_assert_uint_eq(header->e_shoff, 0);
    ck_assert_uint_eq(header->e_shnum, 0);
    ck_assert_uint_eq(header->e_shstrndx, 0);
    ck_assert_uint_eq(strlen(ipc_image_hash(image)), IPC_HASH_TEXT - 1);

    ipc_image_t *again = make(build_path(&build, "with-debug"));
    ck_assert_str_eq(ipc_image_hash(image), ipc_image_hash(again));
    ipc_image_destroy(&again);
    ck_assert_ptr_null(again);
    ipc_image_destroy(&image);
    ipc_image_destroy(&image);
}
END_TEST

START_TEST(an_edited_and_rebuilt_program_runs_its_new_code_beside_the_old)
{
    char first[IPC_HASH_TEXT], second[IPC_HASH_TEXT];
    char path[2 * BUILD_PATH];
    strcpy(path, build_path(&build, "edited"));
    const ipc_remote_t *old =
        ship(path, build_basic(build.compilers[0], "edited", "-fPIC -pie"), first);
    ck_assert_double_eq(call_double(old, 2), 1248);
    const ipc_remote_t *new =
        ship(path, build_basic(build.compilers[0], "edited", "-DVERSION=100 -fPIC -pie"),
             second);
    ck_assert_str_ne(first, second);
    ck_assert_double_eq(call_double(new, 2), 1347);
    ck_assert_double_eq(call_double(old, 2), 1249);
    ck_assert_double_eq(call_double(new, 2), 1348);
}
END_TEST

//  The library lies beside the program ($ORIGIN), which its image does not: it is loaded
//  first, by path.
START_TEST(a_program_with_a_library_beside_it_runs_here)
{
    for (size_t i = 0; i < build.compilers_count; i++) {
        const char *compiler = build.compilers[i];
        char library[64], arguments[256], program[64];
        snprintf(library, sizeof library, "libfriend%zu.so", i);
        snprintf(program, sizeof program, "uses-friend%zu", i);
        snprintf(arguments, sizeof arguments, "-shared -fPIC -O2 -Wl,-soname,%s friend.c",
                 library);
        ck_assert(build_program(&build, compiler, library, arguments));
        snprintf(arguments, sizeof arguments,
                 "-fPIC -pie -O2 uses_friend.c -lfriend%zu -Wl,-rpath,'$ORIGIN'", i);
        ck_assert(build_program(&build, compiler, program, arguments));
        long offset = build_number("'%s'", build_path(&build, program));
        ck_assert_int_gt(offset, 0);
        ck_assert_ptr_nonnull(dlopen(build_path(&build, library), RTLD_NOW));
        const ipc_remote_t *ask = ship(build_path(&build, program), offset, NULL);
        ck_assert_int_eq(call_int(ask, 1000), 1000 + 40 + 2 + 40);
    }
}
END_TEST

//  Thread-local variables of a library are the dynamic loader's business, and fine.
START_TEST(a_function_of_a_library_ships_the_library)
{
    ck_assert(build_program(&build, build.compilers[0], "libfriend.so",
                            "-shared -fPIC -O2 friend.c"));
    ck_assert(build_program(&build, build.compilers[0], "uses-friend",
                            "-fPIC -pie uses_friend.c -lfriend -Wl,-rpath,'$ORIGIN'"));
    long offset = build_number("'%s' library", build_path(&build, "uses-friend"));
    const ipc_remote_t *add = ship(build_path(&build, "libfriend.so"), offset, NULL);
    ck_assert_str_eq(add->name, "friend_add");
    ck_assert_int_eq(call_int(add, 1), 43);
    ck_assert_int_eq(call_int(add, 1), 44);
}
END_TEST

//  What cannot be an image: how it is built, and words of the sentence.
// clang-format off
static const struct {
    const char *compiler;
    const char *arguments;
    const char *words[4];
} refused[] = {
    {"gcc", "-fno-pic -no-pie basic.c weights.c",
     {"refused0 is not position-independent", "-fPIC", "-pie"}},
    {"clang", "-fPIC -no-pie basic.c weights.c", {"is not position-independent"}},
    {"gcc", "-static basic.c weights.c", {"is statically linked", "link without -static"}},
    {"gcc", "-fPIC -static-pie basic.c weights.c",
     {"is statically linked", "-static-pie", "link without -static"}},
    {"gcc", "-fPIC -pie thread_local.c",
     {"thread-local variables of its own (", "counter", "thread_buffer", "shared library"}},
    {"clang", "-fPIC -pie -O2 thread_local.c",
     {"thread-local variables of its own (", "counter"}},
    {"gcc", "-fPIC -pie -s thread_local.c", {"thread-local variables of its own: engines"}},
#if defined(__x86_64__) // elsewhere such a program takes the library's own
    {"gcc", "-fPIE -pie uses_friend.c -lfriend -Wl,-rpath,'$ORIGIN'",
     {"without -fPIC", "variable 'friend_shared'", "pkg-config --cflags ipclient"}},
#endif
    {"gcc", "-fPIC -pie -fsanitize=thread basic.c weights.c",
     {"built with -fsanitize=thread", "the engines here are not", "without -fsanitize"}},
    {"gcc", "-fPIC -pie -fsanitize=leak basic.c weights.c", {"built with -fsanitize=leak"}},
    {"gcc", "-fPIC -pie -fsanitize=address -static-libasan basic.c weights.c",
     {"brings its own runtime of -fsanitize,", "without -fsanitize"}},
    {"clang", "-fPIC -pie -fsanitize=address -O1 -g basic.c weights.c",
     {"brings its own runtime of -fsanitize=address", "without -fsanitize"}},
    {"clang", "-fPIC -pie -fsanitize=thread basic.c weights.c",
     {"brings its own runtime of -fsanitize=thread"}},
    {"clang", "-fPIC -pie -fsanitize=memory basic.c weights.c",
     {"brings its own runtime of -fsanitize=memory"}},
    {"clang", "-fPIC -pie -fsanitize=undefined basic.c weights.c",
     {"brings its own runtime of -fsanitize=undefined"}},
    {"gcc", "-fPIC -c weights.c", {"is neither a program nor a shared library", "link it"}},
#if !defined(__SANITIZE_ADDRESS__)
    {"gcc", "-fPIC -pie -fsanitize=address basic.c weights.c",
     {"built with -fsanitize=address", "the engines here are not", "without -fsanitize"}},
    {"gcc", "-fPIC -shared -fsanitize=address friend.c", {"built with -fsanitize=address"}},
#endif
};
// clang-format on
enum { REFUSED = sizeof refused / sizeof *refused };

static void assert_refused(const char *path, int code, const char *const *words,
                           size_t count)
{
    ipc_error_t error = {0};
    ck_assert_ptr_null(ipc_image_new(path, OWN_SANITIZERS, &error));
    ck_assert_msg(error.code == code, "%s: %s", error.kind, error.text);
    for (size_t i = 0; i < count && words[i]; i++)
        ck_assert_msg(strstr(error.text, words[i]) != NULL, "no '%s' in: %s", words[i],
                      error.text);
    if (getenv("IPC_SHOW_SENTENCES"))
        printf("%s\n", error.text);
}

START_TEST(a_program_beyond_a_limit_is_refused_with_what_to_do)
{
    if (!build_has(refused[_i].compiler))
        return;
    char output[64];
    snprintf(output, sizeof output, "refused%d", _i);
    ck_assert(build_program(&build, build.compilers[0], "libfriend.so",
                            "-shared -fPIC friend.c"));
    ck_assert(build_program(&build, refused[_i].compiler, output, refused[_i].arguments));
    const char *path = build_path(&build, output);
    assert_refused(path, IPC_E_IMAGE, refused[_i].words, 4);
    assert_refused(path, IPC_E_IMAGE, &path, 1); // it names the file
}
END_TEST

START_TEST(what_is_no_program_is_refused)
{
    assert_refused("/nowhere/prog", IPC_E_SYSTEM,
                   (const char *[]){"/nowhere/prog", "No such file"}, 2);
    assert_refused(build.directory, IPC_E_IMAGE, (const char *[]){"not even a file"}, 1);
    char script[2 * BUILD_PATH];
    snprintf(script, sizeof script, "%s/common/image.h", build.source_root);
    assert_refused(script, IPC_E_IMAGE, (const char *[]){"is no ELF file"}, 1);
    assert_refused("/dev/null", IPC_E_IMAGE, (const char *[]){"not even a file"}, 1);
}
END_TEST

START_TEST(a_long_path_keeps_the_sentence_whole)
{
    char path[2048] = "";
    for (size_t i = 0; i < 1990; i++) path[i] = i % 100 == 0 ? '/' : 'x';
    strcpy(path + 1990, "/../prog");
    ipc_error_t error;
    ck_assert_ptr_null(ipc_image_new(path, "", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "…"));
    ck_assert_ptr_nonnull(strstr(error.text, "/../prog cannot be read: "));
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
START_TEST(images_with_this_process_own_sanitizer_run_here)
{
    const char *flags = "-fPIC -pie -g -fsanitize=address,undefined -DVERSION=%d";
    for (int version = 1; version <= 2; version++) {
        char arguments[128];
        snprintf(arguments, sizeof arguments, flags, version);
        long offset = build_basic(build.compilers[0], "sanitized", arguments);
        const ipc_remote_t *weigh = ship(build_path(&build, "sanitized"), offset, NULL);
        ck_assert_double_eq(call_double(weigh, 2), 1247 + version);
    }
}
END_TEST
#endif

START_TEST(an_image_is_stored_once_and_read_only)
{
    build_basic(build.compilers[0], "stored", "-fPIC -pie");
    ipc_image_t *image = make(build_path(&build, "stored"));
    ipc_error_t error;
    char path[4 * BUILD_PATH];
    struct stat first, second;
    snprintf(path, sizeof path, "%s/%s.so", images(), ipc_image_hash(image));
    unlink(path);
    ck_assert_int_eq(ipc_image_verify(images(), ipc_image_hash(image), &error), -1);
    ck_assert_int_eq(error.code, IPC_E_NAME);
    ck_assert_int_eq(ipc_image_store(image, images(), &error), 0);
    ck_assert_int_eq(stat(path, &first), 0);
    ck_assert_uint_eq(first.st_mode & 07777, 0500);
    ck_assert_int_eq(ipc_image_store(image, images(), &error), 0);
    ck_assert_int_eq(stat(path, &second), 0);
    ck_assert_uint_eq(first.st_ino, second.st_ino);

    ck_assert_int_eq(truncate(path, 1000), 0); // a damaged one is replaced
    ck_assert_int_eq(ipc_image_verify(images(), ipc_image_hash(image), &error), -1);
    ck_assert_int_eq(error.code, IPC_E_IMAGE);
    ck_assert_int_eq(ipc_image_store(image, images(), &error), 0);
    ck_assert_int_eq(ipc_image_verify(images(), ipc_image_hash(image), &error), 0);

    ck_assert_int_eq(ipc_image_store(image, "/nowhere", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(
        strstr(error.text, "cannot be written to /nowhere: No such file"));
    ipc_image_destroy(&image);
}
END_TEST

START_TEST(many_processes_store_one_image_at_once)
{
    build_basic(build.compilers[0], "many", "-fPIC -pie");
    char directory[2 * BUILD_PATH];
    strcpy(directory, build_path(&build, "many-images"));
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    ipc_image_t *image = make(build_path(&build, "many"));
    for (int i = 0; i < 16; i++)
        if (fork() == 0)
            _exit(ipc_image_store(image, directory, NULL) ||
                  ipc_image_verify(directory, ipc_image_hash(image), NULL));
    for (int i = 0, status; i < 16; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(build_number("ls -A '%s' | wc -l", directory), 1);
    ipc_image_destroy(&image);
}
END_TEST

static void assert_untrusted(const char *hash, int code, const char *words)
{
    ipc_error_t error = {0};
    ck_assert_int_eq(ipc_image_verify(images(), hash, &error), -1);
    ck_assert_msg(error.code == code && strstr(error.text, words), "%s: %s", error.kind,
                  error.text);
    ck_assert_int_eq(ipc_image_open_memfd(images(), hash, &error), -1);
    ck_assert_int_eq(error.code, code);
}

START_TEST(an_image_that_others_could_change_is_not_trusted)
{
    build_basic(build.compilers[0], "untrusted", "-fPIC -pie -DVERSION=33");
    ipc_image_t *image = make(build_path(&build, "untrusted"));
    char path[4 * BUILD_PATH], hash[IPC_HASH_TEXT];
    strcpy(hash, ipc_image_hash(image));
    snprintf(path, sizeof path, "%s/%s.so", images(), hash);
    ck_assert_int_eq(ipc_image_store(image, images(), NULL), 0);
    ck_assert_int_eq(chmod(path, 0522), 0);
    assert_untrusted(hash, IPC_E_PERMISSION, "can be written by other users (mode 0522)");
    ck_assert_int_eq(chmod(path, 0500), 0);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path, 12345, 12345), 0);
        assert_untrusted(hash, IPC_E_PERMISSION, "is owned by user 12345");
    }
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink(build_path(&build, "untrusted"), path), 0);
    assert_untrusted(hash, IPC_E_PERMISSION, "symbolic link");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0500), 0);
    assert_untrusted(hash, IPC_E_PERMISSION, "no regular file");
    ck_assert_int_eq(unlink(path), 0);

    assert_untrusted("../../etc/passwd", IPC_E_NAME, "is no name of an image");
    assert_untrusted("", IPC_E_NAME, "is no name of an image");
    hash[3] = '/';
    assert_untrusted(hash, IPC_E_NAME, "is no name of an image");
    ipc_image_destroy(&image);
}
END_TEST

//  A mount of this process's own over a new directory; false where that is not allowed.
static bool mount_own(const char *directory, unsigned long flags, const char *options)
{
    return mkdir(directory, 0700) == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", flags, options) == 0;
}

START_TEST(where_the_mount_is_noexec_an_image_is_loaded_from_memory)
{
    char directory[2 * BUILD_PATH];
    strcpy(directory, build_path(&build, "noexec"));
    if (!mount_own(directory, MS_NOEXEC, "mode=700"))
        return;
    ipc_error_t error;
    int fds[2];
    for (int version = 1; version <= 2; version++) {
        char flags[64], path[64];
        snprintf(flags, sizeof flags, "-fPIC -pie -DVERSION=%d", version);
        long offset = build_basic(build.compilers[0], "in-memory", flags);
        ipc_image_t *image = make(build_path(&build, "in-memory"));
        ck_assert_int_eq(ipc_image_store(image, directory, &error), 0);
        ck_assert_int_eq(ipc_image_verify(directory, ipc_image_hash(image), &error), -1);
        ck_assert_int_eq(error.code, IPC_E_PERMISSION);
        ck_assert_ptr_nonnull(strstr(error.text, "noexec"));
        int fd = ipc_image_open_memfd(directory, ipc_image_hash(image), &error);
        ck_assert_msg(fd >= 0, "%s", fd < 0 ? error.text : "");
        ck_assert_int_eq(write(fd, "x", 1), -1);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ck_assert_double_eq(call_double(load(path, offset), 2), 1247 + version);
        fds[version - 1] = fd;
        ipc_image_destroy(&image);
    }
    ck_assert_int_ne(fds[0], fds[1]);
}
END_TEST

START_TEST(a_full_directory_is_a_sentence_and_leaves_nothing)
{
    char directory[2 * BUILD_PATH];
    strcpy(directory, build_path(&build, "full"));
    build_basic(build.compilers[0], "too-large", "-fPIC -pie");
    if (!mount_own(directory, 0, "mode=700,size=8k"))
        return;
    ipc_image_t *image = make(build_path(&build, "too-large"));
    ipc_error_t error;
    ck_assert_int_eq(ipc_image_store(image, directory, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "no room in "));
    ck_assert_ptr_nonnull(strstr(error.text, "XDG_RUNTIME_DIR"));
    ck_assert_int_eq(build_number("ls -A '%s' | wc -l", directory), 0);
    ipc_image_destroy(&image);
}
END_TEST

static TCase *make_case(void)
{
    TCase *images_case = tcase_create("image");
    tcase_set_timeout(images_case, 60);
    tcase_add_loop_test(images_case, a_program_built_in_this_way_runs_here, 0, WAYS);
    tcase_add_test(images_case, the_image_is_what_is_loaded_and_nothing_else);
    tcase_add_test(images_case,
                   an_edited_and_rebuilt_program_runs_its_new_code_beside_the_old);
    tcase_add_test(images_case, a_program_with_a_library_beside_it_runs_here);
    tcase_add_test(images_case, a_function_of_a_library_ships_the_library);
    tcase_add_loop_test(images_case, a_program_beyond_a_limit_is_refused_with_what_to_do, 0,
                        REFUSED);
    tcase_add_test(images_case, what_is_no_program_is_refused);
    tcase_add_test(images_case, a_long_path_keeps_the_sentence_whole);
#if defined(__SANITIZE_ADDRESS__)
    tcase_add_test(images_case, images_with_this_process_own_sanitizer_run_here);
#endif
    tcase_add_test(images_case, an_image_is_stored_once_and_read_only);
    tcase_add_test(images_case, many_processes_store_one_image_at_once);
    tcase_add_test(images_case, an_image_that_others_could_change_is_not_trusted);
    tcase_add_test(images_case, where_the_mount_is_noexec_an_image_is_loaded_from_memory);
    tcase_add_test(images_case, a_full_directory_is_a_sentence_and_leaves_nothing);
    return images_case;
}

int main(void)
{
    build_start(&build);
    int failed = run_suite("image", make_case());
    build_end(&build);
    return failed;
}
