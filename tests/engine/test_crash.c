//  The crash handler and the unwinder, without a nanny: a child crashes, this process reads.
#include "engine/crash.h"
#include "common/page.h"
#include "engine/unwind.h"

#include <check.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/run_suite.h"

enum { DEADLINE_MS = 10000 };

void ipc_task_enter(void (*crash)(void));

//  A child that has crashed and waits in its handler.
typedef struct fixture {
    pid_t pid;
    int record_fd, ack_fd, kick_fd; // this process's ends
    crash_copy_t copy;
    char image[64];                 // a file that tear_down() removes
} fixture_t;

static fixture_t fixture;
static int *volatile nowhere;
static volatile int zero;

//  A sanitizer would stop it before the kernel does.
#define UNCHECKED __attribute__((noinline, no_sanitize("address", "undefined")))

static UNCHECKED void use_bad_pointer(void)
{
    *nowhere = 1;
    zero = 0;
}

static __attribute__((noinline)) void use_it_after_user_code(void)
{
    signal(SIGSEGV, SIG_IGN); // a library's
    crash_reinstall();
    use_bad_pointer();
    zero = 0;
}

//  Where traces end; the frame is kept by the line after the call.
__attribute__((noinline)) void ipc_task_enter(void (*crash)(void))
{
    crash();
    zero = 0;
}

static void start_child(void (*crash)(void))
{
    int record[2], ack[2];
    ck_assert_int_eq(pipe2(record, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(ack, O_CLOEXEC), 0);
    fixture.kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    fixture.pid = fork();
    if (fixture.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ack[1]);
        crash_install(record[1], ack[0], fixture.kick_fd, -1);
        ipc_task_enter(crash);
        _exit(0);
    }
    close(record[1]);
    close(ack[0]);
    fcntl(record[0], F_SETFL, O_NONBLOCK);
    fixture.record_fd = record[0];
    fixture.ack_fd = ack[1];
}

static void crash_child(void (*crash)(void))
{
    start_child(crash);
    ck_assert(crash_read(fixture.record_fd, &fixture.copy, DEADLINE_MS));
}

//  Lets the child die; gives the signal that ended it.
static int end_child(void)
{
    int status;
    ck_assert_int_eq(write(fixture.ack_fd, "", 1), 1);
    while (waitpid(fixture.pid, &status, 0) < 0) ck_assert_int_eq(errno, EINTR);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void tear_down(void)
{
    if (fixture.image[0])
        unlink(fixture.image);
}

START_TEST(the_record_names_signal_and_address)
{
    crash_child(use_bad_pointer);
    const crash_record_t *record = &fixture.copy.record;
    ck_assert_int_eq(record->signal, SIGSEGV);
    ck_assert_uint_eq(record->address, 0);
    ck_assert_uint_eq(record->stack_overflow, 0);
    ck_assert_uint_gt(fixture.copy.stack_size, 256);
    uint64_t kicks;
    ck_assert_int_eq(read(fixture.kick_fd, &kicks, sizeof kicks), sizeof kicks);
    ck_assert_int_eq(end_child(), SIGSEGV);
}
END_TEST

START_TEST(handlers_are_set_again_after_user_code_replaced_them)
{
    crash_child(use_it_after_user_code);
    ck_assert_int_eq(fixture.copy.record.signal, SIGSEGV);
    ck_assert_int_eq(end_child(), SIGSEGV);
}
END_TEST

START_TEST(without_a_nanny_the_process_dies_at_once)
{
    start_child(use_bad_pointer);
    close(fixture.ack_fd);
    close(fixture.record_fd);
    int status;
    while (waitpid(fixture.pid, &status, 0) < 0) ck_assert_int_eq(errno, EINTR);
    ck_assert(WIFSIGNALED(status));
}
END_TEST

//  Gives the record as it travels; free() it.
static unsigned char *make_stream(size_t *size)
{
    crash_child(use_bad_pointer);
    end_child();
    crash_end_t end = {.size = fixture.copy.stack_size};
    memcpy(&end.magic, "stack dc", sizeof end.magic);
    *size = sizeof fixture.copy.record + fixture.copy.stack_size + sizeof end;
    unsigned char *data = malloc(*size);
    ck_assert_ptr_nonnull(data);
    memcpy(data, &fixture.copy.record, sizeof fixture.copy.record);
    memcpy(data + sizeof fixture.copy.record, fixture.copy.stack, fixture.copy.stack_size);
    memcpy(data + *size - sizeof end, &end, sizeof end);
    return data;
}

static bool read_stream(const unsigned char *data, size_t size)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 256 << 10);
    if (size > 0)
        ck_assert_int_eq(write(ends[1], data, size), (ssize_t) size);
    close(ends[1]);
    bool whole = crash_read(ends[0], &fixture.copy, DEADLINE_MS);
    close(ends[0]);
    return whole;
}

START_TEST(a_record_that_was_cut_off_is_refused)
{
    size_t size;
    unsigned char *data = make_stream(&size);
    ck_assert(read_stream(data, size));
    for (size_t cut = 0; cut < size; cut += cut < sizeof(crash_record_t) + 64 ? 1 : 61)
        ck_assert(!read_stream(data, cut));
    free(data);
}
END_TEST

START_TEST(a_record_of_another_version_is_refused)
{
    size_t size;
    unsigned char *data = make_stream(&size);
    data[0] ^= 1;
    ck_assert(!read_stream(data, size));
    data[0] ^= 1;
    const uint32_t too_many = CRASH_REGISTERS + 1;
    memcpy(data + offsetof(crash_record_t, register_count), &too_many, sizeof too_many);
    ck_assert(!read_stream(data, size));
    free(data);
}
END_TEST

//  The number of lines, each of which must be "path TAB hexadecimal TAB symbol".
static uint32_t check_lines(const char *text)
{
    uint32_t count = 0;
    for (const char *at = text; *at; count++) {
        const char *end = strchr(at, '\n');
        ck_assert_ptr_nonnull(end);
        char *after;
        const char *tab = memchr(at, '\t', (size_t) (end - at));
        ck_assert_ptr_nonnull(tab);
        ck_assert_uint_gt(strtoull(tab + 1, &after, 16), 0);
        ck_assert_int_eq(*after, '\t');
        at = end + 1;
    }
    return count;
}

START_TEST(frame_pointers_lead_through_the_stack_without_libdw)
{
    crash_child(use_bad_pointer);
    char text[PAGE_TEXT], best[PAGE_TEXT];
    uint32_t count = unwind(fixture.pid, &fixture.copy, UNWIND_FRAME_POINTERS, text, sizeof text);
    uint32_t best_count = unwind_apart(fixture.pid, &fixture.copy, best, sizeof best, DEADLINE_MS);
    ck_assert_int_eq(end_child(), SIGSEGV);
    ck_assert_uint_ge(count, 2);
    ck_assert_uint_eq(check_lines(text), count);
    ck_assert_uint_eq(check_lines(best), best_count);
    ck_assert_ptr_nonnull(strstr(text, "test_crash\t"));
    //  Both say the same, but for the symbol.
    size_t length = strcspn(strchr(text, '\t') + 1, "\t") + (size_t) (strchr(text, '\t') - text);
    ck_assert_mem_eq(text, best, length + 1);
#ifdef HAVE_LIBDW
    ck_assert_ptr_nonnull(strstr(best, "\tuse_bad_pointer\n"));
#endif
}
END_TEST

START_TEST(a_trace_that_does_not_fit_ends_with_a_whole_line)
{
    crash_child(use_bad_pointer);
    char text[PAGE_TEXT];
    for (size_t size = 1; size < 200; size += 7) {
        uint32_t count =
            unwind(fixture.pid, &fixture.copy, UNWIND_FRAME_POINTERS, text, size);
        ck_assert_uint_lt(strlen(text), size);
        ck_assert_uint_eq(check_lines(text), count);
    }
    end_child();
}
END_TEST

START_TEST(a_smashed_stack_ends_the_trace_and_no_more)
{
    crash_child(use_bad_pointer);
    memset(fixture.copy.stack, 0x5a, fixture.copy.stack_size);
    char text[PAGE_TEXT];
    uint32_t count =
        unwind_apart(fixture.pid, &fixture.copy, text, sizeof text, DEADLINE_MS);
    end_child();
    ck_assert_uint_ge(count, 1);
    ck_assert_uint_eq(check_lines(text), count);
}
END_TEST

// ---------------------------------------------------------------------------------------------------

//  Copies crashing_image without section headers: libdw must unwind by the loaded segments alone.
static void make_image(void)
{
    snprintf(fixture.image, sizeof fixture.image, "/tmp/ipc-test-image-%d.so", (int) getpid());
    FILE *from = fopen(CRASHING_IMAGE, "re");
    ck_assert_ptr_nonnull(from);
    static unsigned char data[1 << 20];
    size_t size = fread(data, 1, sizeof data, from);
    fclose(from);
    Elf64_Ehdr header;
    memcpy(&header, data, sizeof header);
    ck_assert_uint_lt(header.e_shoff, size);
    size = header.e_shoff;
    header.e_shoff = 0;
    header.e_shnum = header.e_shstrndx = 0;
    memcpy(data, &header, sizeof header);
    FILE *to = fopen(fixture.image, "we");
    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(fwrite(data, 1, size, to), size);
    ck_assert_int_eq(fclose(to), 0);
}

static __attribute__((noinline)) void crash_in_image(void)
{
    void *library = dlopen(fixture.image, RTLD_NOW);
    int (*crash)(int *);
    void *symbol = library ? dlsym(library, "image_crash") : NULL;
    if (!symbol)
        _exit(1);
    memcpy(&crash, &symbol, sizeof crash);
    zero = crash(nowhere);
}

START_TEST(an_image_without_section_headers_is_unwound)
{
    make_image();
    crash_child(crash_in_image);
    char text[PAGE_TEXT];
    uint32_t count =
        unwind_apart(fixture.pid, &fixture.copy, text, sizeof text, DEADLINE_MS);
    ck_assert_int_eq(end_child(), SIGSEGV);
    size_t length = strlen(fixture.image);
    ck_assert_int_eq(strncmp(text, fixture.image, length), 0);
#ifdef HAVE_LIBDW
    ck_assert_uint_eq(count, 3); // hidden, image_crash, crash_in_image
    const char *second = strchr(text, '\n') + 1;
    ck_assert_int_eq(strncmp(second, fixture.image, length), 0);
    ck_assert_ptr_nonnull(strstr(second, "\timage_crash\n"));
    ck_assert_ptr_nonnull(strstr(second, "\tcrash_in_image\n"));
#else
    ck_assert_uint_ge(count, 1);
#endif
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("crash");
    tcase_add_checked_fixture(all, NULL, tear_down);
    tcase_set_timeout(all, 30);
    tcase_add_test(all, the_record_names_signal_and_address);
    tcase_add_test(all, handlers_are_set_again_after_user_code_replaced_them);
    tcase_add_test(all, without_a_nanny_the_process_dies_at_once);
    tcase_add_test(all, a_record_that_was_cut_off_is_refused);
    tcase_add_test(all, a_record_of_another_version_is_refused);
    tcase_add_test(all, frame_pointers_lead_through_the_stack_without_libdw);
    tcase_add_test(all, a_trace_that_does_not_fit_ends_with_a_whole_line);
    tcase_add_test(all, a_smashed_stack_ends_the_trace_and_no_more);
    tcase_add_test(all, an_image_without_section_headers_is_unwound);
    return run_suite("crash", all);
}
