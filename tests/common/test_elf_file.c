//  Damaged and foreign files: cut at every place, with bytes changed at random, for other
//  machines. None may crash the reader, and each gives an image or an error with a
//  sentence.
#include <check.h>
#include <elf.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/image.h"
#include "tests/common/image_programs/build.h"
#include "tests/common/run_suite.h"

enum { SEEDS = 10000 };

static build_t build; // made in main(); Check gives its tests no argument

//  A file in memory, with a path, that can be changed quickly.
typedef struct patient {
    unsigned char *bytes; // what it was at first
    size_t size;
    int fd;
    char path[64];
} patient_t;

static void patient_reset(patient_t *self)
{
    ck_assert_int_eq(ftruncate(self->fd, (off_t) self->size), 0);
    ck_assert_int_eq(pwrite(self->fd, self->bytes, self->size, 0), (ssize_t) self->size);
}

static void patient_put(patient_t *self, size_t offset, const void *bytes, size_t size)
{
    ck_assert_int_eq(pwrite(self->fd, bytes, size, (off_t) offset), (ssize_t) size);
}

static patient_t patient_new(const char *name)
{
    patient_t self = {.fd = memfd_create("patient", MFD_CLOEXEC)};
    self.bytes = build_read(build_path(&build, name), &self.size);
    snprintf(self.path, sizeof self.path, "/proc/self/fd/%d", self.fd);
    patient_reset(&self);
    return self;
}

static void patient_end(patient_t *self)
{
    close(self->fd);
    free(self->bytes);
}

static const char *const programs[] = {"plain", "copies", "threads", "libfriend.so",
                                       "stripped"};
enum { PROGRAMS = sizeof programs / sizeof *programs };

static void build_programs(void)
{
    const char *cc = build.compilers[0];
    bool built = build_program(&build, cc, "plain", "-fPIC -pie -g basic.c weights.c") &&
                 build_program(&build, cc, "stripped",
                               "-fPIC -pie -s -Wl,--hash-style=sysv basic.c weights.c") &&
                 build_program(&build, cc, "threads", "-fPIC -pie thread_local.c") &&
                 build_program(&build, cc, "libfriend.so", "-fPIC -shared friend.c") &&
                 build_program(&build, cc, "copies", "-fPIE -pie uses_friend.c -lfriend");
    if (!built)
        exit(1);
}

static void assert_sentence(const patient_t *self, const char *words)
{
    ipc_error_t error = {0};
    ck_assert_ptr_null(ipc_image_new(self->path, "", &error));
    ck_assert_int_eq(error.code, IPC_E_IMAGE);
    ck_assert_msg(strstr(error.text, words) != NULL, "no '%s' in: %s", words, error.text);
}

START_TEST(a_program_for_another_machine_is_refused)
{
    patient_t self = patient_new("plain");
#if defined(__x86_64__)
    uint16_t foreign = EM_AARCH64;
    patient_put(&self, offsetof(Elf64_Ehdr, e_machine), &foreign, sizeof foreign);
    assert_sentence(
        &self, "is built for aarch64, the engines here are x86-64: compile it for x86-64");
#endif
    uint16_t riscv = EM_RISCV, unknown = 0xABCD;
    patient_put(&self, offsetof(Elf64_Ehdr, e_machine), &riscv, sizeof riscv);
    assert_sentence(&self, "is built for riscv, the engines here are ");
    patient_put(&self, offsetof(Elf64_Ehdr, e_machine), &unknown, sizeof unknown);
    assert_sentence(&self, "is built for another processor, ");
    patient_reset(&self);
    patient_put(&self, EI_CLASS, (unsigned char[]){ELFCLASS32}, 1);
    assert_sentence(&self, "is a 32-bit program, the engines here are 64-bit");
    patient_reset(&self);
    patient_put(&self, EI_DATA, (unsigned char[]){ELFDATA2MSB}, 1);
    assert_sentence(&self, "is built for a big-endian processor");
    patient_end(&self);
}
END_TEST

START_TEST(a_program_that_needs_a_newer_glibc_is_refused)
{
    patient_t self = patient_new("plain");
    unsigned char *version = memmem(self.bytes, self.size, "GLIBC_2.", 8);
    ck_assert_ptr_nonnull(version);
    patient_put(&self, (size_t) (version - self.bytes) + 6, "9", 1);
    assert_sentence(&self, " needs GLIBC_9.");
    assert_sentence(&self, gnu_get_libc_version());
    patient_end(&self);
}
END_TEST

//  Cut within what is loaded: an error. Cut behind it: the same image.
START_TEST(a_program_cut_anywhere_is_an_error_or_the_same_image)
{
    patient_t self = patient_new("stripped");
    ipc_error_t error;
    ipc_image_t *whole = ipc_image_new(self.path, "", &error);
    ck_assert_ptr_nonnull(whole);
    const Elf64_Ehdr *header = ipc_image_data(whole);
    size_t headers = header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr);
    ck_assert_uint_lt(headers, 2000);
    for (size_t cut = 0; cut < self.size; cut += cut < headers ? 1 : 64) {
        ck_assert_int_eq(ftruncate(self.fd, (off_t) cut), 0);
        error = (ipc_error_t){0};
        ipc_image_t *image = ipc_image_new(self.path, "", &error);
        ck_assert_int_eq(image != NULL, cut >= ipc_image_size(whole));
        if (image)
            ck_assert_str_eq(ipc_image_hash(image), ipc_image_hash(whole));
        else
            ck_assert_msg(error.code == IPC_E_IMAGE, "%zu bytes: %s", cut, error.text);
        ipc_image_destroy(&image);
        patient_reset(&self);
    }
    ipc_image_destroy(&whole);
    patient_end(&self);
}
END_TEST

//  Found by fuzzing: where the program headers are said to be the ELF header itself.
START_TEST(program_headers_within_the_elf_header_are_damage)
{
    patient_t self = patient_new("plain");
    uint64_t nowhere = 0;
    patient_put(&self, offsetof(Elf64_Ehdr, e_phoff), &nowhere, sizeof nowhere);
    assert_sentence(&self,
                    "is damaged or cut off (its program header table cannot be read)");
    patient_end(&self);
}
END_TEST

static uint64_t next_random(uint64_t *state) // SplitMix64 (Steele, Lea, Flood 2014)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

//  Where a changed byte matters most: the headers, the tables, the rest.
static size_t random_place(const patient_t *self, uint64_t *state)
{
    size_t limits[] = {sizeof(Elf64_Ehdr), 1024, 4096, self->size};
    size_t limit = limits[next_random(state) % 4];
    return next_random(state) % (limit < self->size ? limit : self->size);
}

//  The dynamic section is not in the first pages: its place is looked up.
static size_t dynamic_place(const patient_t *self, uint64_t *state)
{
    Elf64_Ehdr header;
    memcpy(&header, self->bytes, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, self->bytes + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_DYNAMIC)
            return segment.p_offset + next_random(state) % segment.p_filesz;
    }
    return 0;
}

START_TEST(a_program_with_changed_bytes_never_crashes_the_reader)
{
    patient_t self = patient_new(programs[_i]);
    size_t refused = 0;
    for (uint64_t seed = 0; seed < SEEDS / PROGRAMS; seed++) {
        uint64_t state = seed * PROGRAMS + (uint64_t) _i;
        for (uint64_t flips = 1 + next_random(&state) % 4; flips > 0; flips--) {
            unsigned char byte = (unsigned char) next_random(&state);
            size_t place = next_random(&state) % 2 ? random_place(&self, &state)
                                                   : dynamic_place(&self, &state);
            patient_put(&self, place, &byte, 1);
        }
        ipc_error_t error = {0};
        ipc_image_t *image = ipc_image_new(self.path, "", &error);
        ck_assert_msg(image || (error.code != IPC_E_NONE && error.text[0]), "seed %d",
                      (int) seed);
        refused += image == NULL;
        ipc_image_destroy(&image);
        patient_reset(&self);
    }
    ck_assert_uint_gt(refused, 100);
    ck_assert_int_lt(dup(0), 20); // and no descriptor was left open
    patient_end(&self);
}
END_TEST

int main(void)
{
    build_start(&build);
    build_programs();
    TCase *damaged = tcase_create("damaged");
    tcase_set_timeout(damaged, 60);
    tcase_add_test(damaged, a_program_for_another_machine_is_refused);
    tcase_add_test(damaged, a_program_that_needs_a_newer_glibc_is_refused);
    tcase_add_test(damaged, a_program_cut_anywhere_is_an_error_or_the_same_image);
    tcase_add_test(damaged, program_headers_within_the_elf_header_are_damage);
    tcase_add_loop_test(damaged, a_program_with_changed_bytes_never_crashes_the_reader, 0,
                        PROGRAMS);
    int failed = run_suite("elf_file", damaged);
    build_end(&build);
    return failed;
}
