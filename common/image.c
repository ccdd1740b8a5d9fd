#include "common/image.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/elf_file.h"
#include "common/fail.h"

#ifndef MFD_NOEXEC_SEAL // of Linux 6.3; hosts may refuse memory files that do not say it
#define MFD_NOEXEC_SEAL 8U
#endif

_Static_assert(IPC_HASH_BYTES == crypto_generichash_BYTES, "the hash is BLAKE2b-256");
_Static_assert(IPC_HASH_TEXT == 2 * IPC_HASH_BYTES + 1, "two digits for each byte");

struct ipc_image {
    ipc_elf_file_t *file; // its bytes are the image, edited in place
    char hash[IPC_HASH_TEXT];
};

enum { COPY_BYTES = 64 * 1024 };

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void free_text(char **text)
{
    free(*text);
    *text = NULL;
}

//  The limits of DESIGN.md 3a: each is a function, and one table says in which order they
//  are tried.

typedef int (*limit_fn)(const ipc_elf_file_t *file, const char *sanitizers,
                        ipc_error_t *error);

//  Programs are marked as such, but for those of old linkers.
static bool is_program(const ipc_elf_file_t *file)
{
    return file->type == ET_EXEC || (file->flags_1 & DF_1_PIE) ||
           (file->has_interpreter && !file->has_soname);
}

static int check_dynamic(const ipc_elf_file_t *file, const char *sanitizers,
                         ipc_error_t *error)
{
    if (!is_program(file) || file->has_interpreter)
        return 0;
    return ipc_fail(error, IPC_E_IMAGE,
                    "%s is statically linked (-static or -static-pie), engines need a "
                    "dynamic one: link without -static",
                    file->name);
}

static int check_position(const ipc_elf_file_t *file, const char *sanitizers,
                          ipc_error_t *error)
{
    if (file->type == ET_DYN)
        return 0;
    return ipc_fail(error, IPC_E_IMAGE,
                    "%s is not position-independent: compile with -fPIC and link with -pie",
                    file->name);
}

//  A name that only code built with that sanitizer, or its runtime, mentions.
// clang-format off
static const struct {
    const char *symbol;        // the name
    const char *sanitizer;     // as in -fsanitize=; "" for an unknown one
    const char *library;       // how the name of gcc's shared runtime begins, which engines
                               // may have; NULL if they never have one
} sanitizer_marks[] = {
    {"__asan_init", "address", "libasan.so."},
    {"__hwasan_init", "hwaddress", "libhwasan.so."},
    {"__tsan_init", "thread", "libtsan.so."},
    {"__msan_init", "memory", NULL},
    {"__dfsan_unimplemented", "dataflow", NULL},
    {"__safestack_init", "safe-stack", NULL},
    {"__lsan_init", "leak", "liblsan.so."},
    // The name is the linked-in runtime's. The shared one (gcc's) only prints, and loads
    // anywhere.
    {"__ubsan_get_current_report_data", "undefined", NULL},
    {"__sanitizer_symbolize_code", "", NULL}, // any runtime, as -static-libasan links it in
};
// clang-format on

static bool in_list(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && memcmp(at, word, length) == 0)
            return true;
    return false;
}

static bool needs_library(const ipc_elf_file_t *file, const char *beginning)
{
    for (size_t i = 0; beginning && i < file->needed.count; i++)
        if (strncmp(file->needed.items[i], beginning, strlen(beginning)) == 0)
            return true;
    return false;
}

static int check_sanitizer(const ipc_elf_file_t *file, const char *sanitizers,
                           ipc_error_t *error)
{
    for (size_t i = 0; i < sizeof sanitizer_marks / sizeof *sanitizer_marks; i++) {
        const char *sanitizer = sanitizer_marks[i].sanitizer;
        bool has_library = needs_library(file, sanitizer_marks[i].library);
        if (!has_library && !ipc_elf_file_has_name(file, sanitizer_marks[i].symbol))
            continue;
        // A process has room for one runtime: gcc's shared one. A library may bring none.
        if (!has_library && (is_program(file) || !*sanitizer))
            return ipc_fail(error, IPC_E_IMAGE,
                            "%s brings its own runtime of -fsanitize%s%s, which cannot be "
                            "loaded into an engine: build it without -fsanitize",
                            file->name, *sanitizer ? "=" : "", sanitizer);
        if (!in_list(sanitizers, sanitizer))
            return ipc_fail(error, IPC_E_IMAGE,
                            "%s is built with -fsanitize=%s, the engines here are not: "
                            "build it without -fsanitize",
                            file->name, sanitizer);
    }
    return 0;
}

//  A program's code finds its thread-local variables at fixed places, where an engine has
//  the main program's. A library's code asks the dynamic loader.
static int check_thread_variables(const ipc_elf_file_t *file, const char *sanitizers,
                                  ipc_error_t *error)
{
    if (!is_program(file) || file->thread_size == 0)
        return 0;
    char names[128];
    ipc_elf_file_thread_names(file, names, sizeof names);
    return ipc_fail(error, IPC_E_IMAGE,
                    "%s has thread-local variables of its own%s%s%s: engines would read "
                    "wrong memory: make them ordinary variables or move them into a "
                    "shared library",
                    file->name, *names ? " (" : "", names, *names ? ")" : "");
}

//  Variables of libc a copy of which does no harm: they are set before any image is loaded,
//  or serve a program's main() only.
// clang-format off
static const char *const copies_allowed[] = {
    "stdin", "stdout", "stderr", "_IO_2_1_stdin_", "_IO_2_1_stdout_", "_IO_2_1_stderr_",
    "environ", "__environ", "_environ", "optarg", "optind", "opterr", "optopt",
    "program_invocation_name", "program_invocation_short_name", "__progname",
    "__progname_full", "timezone", "__timezone", "daylight", "__daylight", "tzname",
    "__tzname", "signgam", "__signgam", "in6addr_any", "in6addr_loopback",
};
// clang-format on

//  Sanitizers' runtimes have variables too; who may have a sanitizer at all was checked
//  before.
static const char *const copies_allowed_beginnings[] = {"__asan_", "__tsan_", "__ubsan_"};

static bool is_copy_allowed(const char *name)
{
    for (size_t i = 0; i < sizeof copies_allowed / sizeof *copies_allowed; i++)
        if (strcmp(name, copies_allowed[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof copies_allowed_beginnings / sizeof(char *); i++)
        if (strncmp(name, copies_allowed_beginnings[i],
                    strlen(copies_allowed_beginnings[i])) == 0)
            return true;
    return false;
}

static int check_copies(const ipc_elf_file_t *file, const char *sanitizers,
                        ipc_error_t *error)
{
    for (size_t i = 0; i < file->copied.count; i++)
        if (!is_copy_allowed(file->copied.items[i]))
            return ipc_fail(error, IPC_E_IMAGE,
                            "%s was compiled without -fPIC and copies the variable "
                            "'%.100s' of a library: compile with -fPIC, as pkg-config "
                            "--cflags ipclient says",
                            file->name, file->copied.items[i]);
    return 0;
}

//  "GLIBC_2.34" and "2.34" as 2034; 0 for another name. Third numbers ended with 2.3.4.
static unsigned glibc_number(const char *version)
{
    unsigned major, minor;
    if (strncmp(version, "GLIBC_", 6) == 0)
        version += 6;
    if (sscanf(version, "%4u.%3u", &major, &minor) != 2)
        return 0;
    return major * 1000 + minor;
}

static int check_glibc(const ipc_elf_file_t *file, const char *sanitizers,
                       ipc_error_t *error)
{
    const char *newest = "";
    for (size_t i = 0; i < file->versions.count; i++)
        if (strncmp(file->versions.items[i], "GLIBC_", 6) == 0 &&
            glibc_number(file->versions.items[i]) > glibc_number(newest))
            newest = file->versions.items[i];
    if (glibc_number(newest) <= glibc_number(gnu_get_libc_version()))
        return 0;
    return ipc_fail(error, IPC_E_IMAGE,
                    "%s needs %.40s, the C library here is %s: build it on a host whose C "
                    "library is not newer than the engines'",
                    file->name, newest, gnu_get_libc_version());
}

// clang-format off
static const limit_fn limits[] = {
    check_dynamic,          // before check_position: -static is what the user typed
    check_position,
    check_sanitizer,        // before the variables that sanitizers bring
    check_thread_variables,
    check_copies,
    check_glibc,
};
// clang-format on

//  Lets libsodium choose the fastest code for this processor; where it cannot, the plain
//  one does.
static void choose_hash_code(void)
{
    if (sodium_init() < 0)
        return;
}

static void write_hash_text(char text[IPC_HASH_TEXT],
                            const unsigned char hash[IPC_HASH_BYTES])
{
    sodium_bin2hex(text, IPC_HASH_TEXT, hash, IPC_HASH_BYTES);
}

//  The dynamic loader refuses to load what is marked as a program.
static void clear_program_mark(ipc_elf_file_t *file)
{
    for (size_t i = 0; i < file->dynamic_count; i++) {
        unsigned char *place = file->bytes + file->dynamic + i * sizeof(Elf64_Dyn);
        Elf64_Dyn entry;
        memcpy(&entry, place, sizeof entry);
        if (entry.d_tag == DT_FLAGS_1)
            entry.d_un.d_val &= ~(Elf64_Xword) DF_1_PIE;
        memcpy(place, &entry, sizeof entry);
    }
}

//  The section headers stand behind what is loaded and do not come along.
static void clear_sections(ipc_elf_file_t *file)
{
    Elf64_Ehdr header;
    memcpy(&header, file->bytes, sizeof header);
    header.e_shoff = 0;
    header.e_shnum = 0;
    header.e_shstrndx = SHN_UNDEF;
    memcpy(file->bytes, &header, sizeof header);
}

ipc_image_t *ipc_image_new(const char *path, const char *sanitizers, ipc_error_t *error)
{
    ipc_auto(ipc_elf_file_destroy) ipc_elf_file_t *file =
        ipc_elf_file_new(path, IPC_MAX_IMAGE_BYTES, error);
    if (!file)
        return NULL;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i](file, sanitizers, error) != 0)
            return NULL;
    clear_program_mark(file);
    clear_sections(file);

    ipc_image_t *self = ipc_xalloc(sizeof *self);
    unsigned char hash[IPC_HASH_BYTES];
    choose_hash_code();
    crypto_generichash(hash, sizeof hash, file->bytes, file->size, NULL, 0);
    write_hash_text(self->hash, hash);
    self->file = file;
    file = NULL;
    return self;
}

void ipc_image_destroy(ipc_image_t **self_p)
{
    ipc_image_t *self = *self_p;
    if (!self)
        return;
    ipc_elf_file_destroy(&self->file);
    free(self);
    *self_p = NULL;
}

const char *ipc_image_hash(const ipc_image_t *self)
{
    return self->hash;
}

const void *ipc_image_data(const ipc_image_t *self)
{
    return self->file->bytes;
}

size_t ipc_image_size(const ipc_image_t *self)
{
    return self->file->size;
}

static int write_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *) data + done, size - done);
        if (n < 0 && errno != EINTR)
            return -1;
        done += n > 0 ? (size_t) n : 0;
    }
    return 0;
}

static int fail_store(const ipc_image_t *self, const char *directory, ipc_error_t *error)
{
    int reason = errno;
    if (reason == ENOSPC || reason == EDQUOT)
        return ipc_fail(error, IPC_E_SYSTEM,
                        "no room in %.150s for the image of %s (%zu bytes): free some, or "
                        "let XDG_RUNTIME_DIR name a directory that has more",
                        directory, self->file->name, self->file->size);
    return ipc_fail(error, IPC_E_SYSTEM, "the image of %s cannot be written to %.150s: %s",
                    self->file->name, directory, strerror(reason));
}

int ipc_image_store(const ipc_image_t *self, const char *directory, ipc_error_t *error)
{
    if (ipc_image_verify(directory, self->hash, NULL) == 0)
        return 0;
    ipc_auto(free_text) char *path = ipc_xformat("%s/%s.so", directory, self->hash);
    ipc_auto(free_text) char *temporary =
        ipc_xformat("%s/%s.XXXXXX", directory, self->hash);
    ipc_auto(close_descriptor) int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return fail_store(self, directory, error);
    if (write_all(fd, self->file->bytes, self->file->size) != 0 || fchmod(fd, 0500) != 0 ||
        rename(temporary, path) != 0) {
        fail_store(self, directory, error);
        unlink(temporary);
        return -1;
    }
    return 0;
}

//  A hash may come from another process: it must not lead out of the directory.
static bool is_hash(const char *text)
{
    return strlen(text) == IPC_HASH_TEXT - 1 &&
           strspn(text, "0123456789abcdef") == IPC_HASH_TEXT - 1;
}

//  Opens an image's file, if it is this user's alone to change. *status is what fstat()
//  says.
static int open_image(const char *directory, const char *hash, struct stat *status,
                      ipc_error_t *error)
{
    if (!is_hash(hash))
        return ipc_fail(error, IPC_E_NAME, "'%.80s' is no name of an image", hash);
    ipc_auto(free_text) char *path = ipc_xformat("%s/%s.so", directory, hash);
    ipc_auto(close_descriptor) int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return ipc_fail(error, IPC_E_NAME, "there is no image %s", path);
    if (fd < 0)
        return ipc_fail(error, IPC_E_PERMISSION, "the image %s cannot be opened: %s", path,
                        errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    if (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))
        return ipc_fail(error, IPC_E_PERMISSION, "the image %s is no regular file", path);
    if (status->st_uid != geteuid())
        return ipc_fail(error, IPC_E_PERMISSION,
                        "the image %s is owned by user %u, not by %u", path,
                        (unsigned) status->st_uid, (unsigned) geteuid());
    if (status->st_mode & 022)
        return ipc_fail(error, IPC_E_PERMISSION,
                        "the image %s can be written by other users (mode %04o)", path,
                        (unsigned) status->st_mode & 07777);
    int opened = fd;
    fd = -1;
    return opened;
}

//  Reads the image to its end, writes what was read to copy (-1 for none), and compares the
//  hash.
static int check_content(int fd, int copy, const char *hash, ipc_error_t *error)
{
    unsigned char buffer[COPY_BYTES], found[IPC_HASH_BYTES];
    char text[IPC_HASH_TEXT];
    crypto_generichash_state state;
    choose_hash_code();
    crypto_generichash_init(&state, NULL, 0, sizeof found);
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) != 0;) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ipc_fail(error, IPC_E_IMAGE, "the image %s cannot be read: %s", hash,
                            strerror(errno));
        if (copy >= 0 && write_all(copy, buffer, (size_t) n) != 0)
            return ipc_fail(error, IPC_E_SYSTEM, "no memory for the image %s: %s", hash,
                            strerror(errno));
        crypto_generichash_update(&state, buffer, (size_t) n);
    }
    crypto_generichash_final(&state, found, sizeof found);
    write_hash_text(text, found);
    if (strcmp(text, hash) != 0)
        return ipc_fail(error, IPC_E_IMAGE,
                        "the image %s is damaged: its content has the hash %s", hash, text);
    return 0;
}

int ipc_image_verify(const char *directory, const char *hash, ipc_error_t *error)
{
    struct stat status;
    struct statvfs mount;
    ipc_auto(close_descriptor) int fd = open_image(directory, hash, &status, error);
    if (fd < 0)
        return -1;
    if (fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_NOEXEC))
        return ipc_fail(error, IPC_E_PERMISSION,
                        "%.300s is on a noexec mount: nothing in it can be run", directory);
    return check_content(fd, -1, hash, error);
}

int ipc_image_open_memfd(const char *directory, const char *hash, ipc_error_t *error)
{
    struct stat status;
    ipc_auto(close_descriptor) int fd = open_image(directory, hash, &status, error);
    if (fd < 0)
        return -1;
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    ipc_auto(close_descriptor) int memory = memfd_create(hash, flags | MFD_NOEXEC_SEAL);
    if (memory < 0 && errno == EINVAL) // an older kernel
        memory = memfd_create(hash, flags);
    if (memory < 0)
        return ipc_fail(error, IPC_E_SYSTEM, "no memory for the image %s: %s", hash,
                        strerror(errno));
    if (check_content(fd, memory, hash, error) != 0)
        return -1;
    if (fcntl(memory, F_ADD_SEALS,
              F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return ipc_fail(error, IPC_E_SYSTEM, "the image %s cannot be sealed: %s", hash,
                        strerror(errno));
    int given = memory;
    memory = -1;
    return given;
}
