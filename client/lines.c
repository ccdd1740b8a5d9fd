#include "client/lines.h"

#include "common/fail.h"
#include "common/functions_of.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdwfl.h>

#define LIBDW_FUNCTIONS(X)                                                                    \
    X(dwarf_attr)                                                                             \
    X(dwarf_diename)                                                                          \
    X(dwarf_filesrc)                                                                          \
    X(dwarf_formudata)                                                                        \
    X(dwarf_getscopes)                                                                        \
    X(dwarf_getscopes_die)                                                                    \
    X(dwarf_getsrc_die)                                                                       \
    X(dwarf_getsrcfiles)                                                                      \
    X(dwarf_haspc)                                                                            \
    X(dwarf_lineno)                                                                           \
    X(dwarf_linesrc)                                                                          \
    X(dwarf_tag)                                                                              \
    X(dwfl_begin)                                                                             \
    X(dwfl_end)                                                                               \
    X(dwfl_module_addrdie)                                                                    \
    X(dwfl_module_addrname)                                                                   \
    X(dwfl_module_getelf)                                                                     \
    X(dwfl_module_nextcu)                                                                     \
    X(dwfl_offline_section_address)                                                           \
    X(dwfl_report_end)                                                                        \
    X(dwfl_report_offline)

#define MEMBER(name) __typeof__(&name) name;
#define NAME(name) #name,
typedef struct libdw {
    LIBDW_FUNCTIONS(MEMBER)
} libdw_t;
static const char *const libdw_names[] = {LIBDW_FUNCTIONS(NAME)};
#undef MEMBER
#undef NAME
enum { LIBDW_COUNT = sizeof libdw_names / sizeof *libdw_names };
_Static_assert(sizeof(libdw_t) == LIBDW_COUNT * sizeof(void *), "functions as dlsym gives them");
#endif

struct lines {
    bool use_addr2line;
    void *library;             // libdw; NULL: not there, or not wanted
#ifdef HAVE_LIBDW
    libdw_t dw;                // of library
    Dwfl *dwfl;                // the file that was looked at last, so that a trace opens it once
    Dwfl_Module *module;       // of dwfl
    char *file;                // its path; NULL: none yet
#endif
};

static void copy_base_name(char *to, size_t size, const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    ipc_text_copy(to, size, slash ? slash + 1 : path ? path : "");
}

// ---------------------------------------------------------------------------------------------------
//  libdw
#ifdef HAVE_LIBDW

static void load_libdw(lines_t *self)
{
    self->library = ipc_functions_of("libdw.so.1", libdw_names, LIBDW_COUNT, &self->dw);
}

//  The file itself has the lines, or nobody; the standard callback might ask a server.
static int find_no_debuginfo(Dwfl_Module *module, void **user_data, const char *name,
                             Dwarf_Addr base, const char *file, const char *debuglink,
                             GElf_Word crc, char **found)
{
    return -1;
}

//  With a file given by its path there is nothing to find.
static int find_no_elf(Dwfl_Module *module, void **user_data, const char *name, Dwarf_Addr base,
                       char **file, Elf **elf)
{
    return -1;
}

static void close_file(lines_t *self)
{
    if (self->dwfl)
        self->dw.dwfl_end(self->dwfl);
    free(self->file);
    self->dwfl = NULL;
    self->module = NULL;
    self->file = NULL;
}

//  False when it is no file that libdw can read.
static bool open_file(lines_t *self, const char *file)
{
    if (self->file && strcmp(self->file, file) == 0)
        return self->module;
    close_file(self);
    self->file = ipc_xstrdup(file);
    const Dwfl_Callbacks callbacks = {
        .find_elf = find_no_elf,
        .find_debuginfo = find_no_debuginfo,
        .section_address = self->dw.dwfl_offline_section_address,
    };
    self->dwfl = self->dw.dwfl_begin(&callbacks);
    if (self->dwfl)
        self->module = self->dw.dwfl_report_offline(self->dwfl, "", file, -1);
    if (self->module)
        self->dw.dwfl_report_end(self->dwfl, NULL, NULL);
    return self->module;
}

static int read_number(const lines_t *self, Dwarf_Die *die, unsigned attribute_name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!self->dw.dwarf_attr(die, attribute_name, &attribute) ||
        self->dw.dwarf_formudata(&attribute, &value))
        return 0;
    return (int) value;
}

//  Where an inlined function was called: the place in the function around it.
static void read_call_site(const lines_t *self, Dwarf_Die *unit, Dwarf_Die *inlined,
                           lines_place_t *place)
{
    Dwarf_Files *files;
    size_t count;
    place->line = read_number(self, inlined, DW_AT_call_line);
    size_t index = (size_t) read_number(self, inlined, DW_AT_call_file);
    if (self->dw.dwarf_getsrcfiles(unit, &files, &count) == 0 && index < count)
        copy_base_name(place->file, sizeof place->file,
                       self->dw.dwarf_filesrc(files, index, NULL, NULL));
}

static void read_line(const lines_t *self, Dwarf_Die *unit, Dwarf_Addr address,
                      lines_place_t *place)
{
    Dwarf_Line *line = self->dw.dwarf_getsrc_die(unit, address);
    if (!line)
        return;
    self->dw.dwarf_lineno(line, &place->line);
    copy_base_name(place->file, sizeof place->file,
                   self->dw.dwarf_linesrc(line, NULL, NULL));
}

//  The functions around an address. The scopes of an inlined function are those of its definition, so the
//  innermost scope is asked for the ones that it stands in.
static int read_functions(const lines_t *self, Dwarf_Die *unit, Dwarf_Addr address,
                          lines_place_t places[LINES_DEPTH])
{
    Dwarf_Die *at_address = NULL, *scopes = NULL;
    int count = 0;
    int scope_count = self->dw.dwarf_getscopes(unit, address, &at_address);
    if (scope_count > 0)
        scope_count = self->dw.dwarf_getscopes_die(&at_address[0], &scopes);
    for (int i = 0; i < scope_count && count < LINES_DEPTH; i++) {
        int tag = self->dw.dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
            continue;
        const char *name = self->dw.dwarf_diename(&scopes[i]);
        ipc_text_copy(places[count].function, sizeof places[count].function, name ? name : "");
        count++;
        if (tag == DW_TAG_subprogram)
            break;
        if (count < LINES_DEPTH)
            read_call_site(self, unit, &scopes[i], &places[count]);
    }
    free(scopes);
    free(at_address);
    return count;
}

//  The compilation unit of an address. gcc writes an index of addresses (.debug_aranges), clang does not, and
//  then each unit is asked.
static Dwarf_Die *find_unit(const lines_t *self, Dwarf_Addr here, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = self->dw.dwfl_module_addrdie(self->module, here, bias);
    if (unit)
        return unit;
    while ((unit = self->dw.dwfl_module_nextcu(self->module, unit, bias)))
        if (self->dw.dwarf_haspc(unit, here - *bias) > 0)
            return unit;
    return NULL;
}

static int find_by_libdw(lines_t *self, const char *file, uint64_t address,
                         lines_place_t places[LINES_DEPTH])
{
    GElf_Addr file_bias = 0;
    Dwarf_Addr bias = 0;
    if (!open_file(self, file) || !self->dw.dwfl_module_getelf(self->module, &file_bias))
        return 0;
    Dwarf_Addr here = address + file_bias;
    Dwarf_Die *unit = find_unit(self, here, &bias);
    int count = 0;
    if (unit) {
        read_line(self, unit, here - bias, &places[0]);
        count = read_functions(self, unit, here - bias, places);
    }
    if (count > 0)
        return count;
    const char *name = self->dw.dwfl_module_addrname(self->module, here);
    if (name)
        ipc_text_copy(places[0].function, sizeof places[0].function, name);
    return name || places[0].line > 0;
}

#else
static void load_libdw(lines_t *self) {}
static void close_file(lines_t *self) {}
static int find_by_libdw(lines_t *self, const char *file, uint64_t address,
                         lines_place_t places[LINES_DEPTH])
{
    return 0;
}
#endif

// ---------------------------------------------------------------------------------------------------
//  addr2line

//  Starts it with its output in a pipe; gives the stream, or NULL.
static FILE *start_addr2line(const char *file, uint64_t address, pid_t *pid)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return NULL;
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, address);
    const char *arguments[] = {"addr2line", "-f", "-i", "-e", file, text, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawnp(pid, "addr2line", &actions, NULL, (char *const *) arguments,
                              environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *stream = failed ? NULL : fdopen(ends[0], "r");
    if (!stream)
        close(ends[0]);
    return stream;
}

//  Its output is two lines for each function, "name" and "path:line", with "??" for what is not known.
static int read_addr2line(FILE *stream, lines_place_t places[LINES_DEPTH])
{
    char name[256], position[1024];
    int count = 0;
    while (fgets(name, sizeof name, stream) && fgets(position, sizeof position, stream)) {
        if (count == LINES_DEPTH || name[0] == '?')
            continue; // read to the end, or it would be killed by its pipe
        lines_place_t *place = &places[count++];
        name[strcspn(name, "\n")] = 0;
        ipc_text_copy(place->function, sizeof place->function, name);
        char *colon = strrchr(position, ':');
        if (!colon || position[0] == '?')
            continue;
        *colon = 0;
        place->line = (int) strtol(colon + 1, NULL, 10);
        copy_base_name(place->file, sizeof place->file, position);
    }
    return count;
}

static int find_by_addr2line(const char *file, uint64_t address,
                             lines_place_t places[LINES_DEPTH])
{
    pid_t pid;
    FILE *stream = start_addr2line(file, address, &pid);
    if (!stream)
        return 0;
    int count = read_addr2line(stream, places);
    fclose(stream);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    return count;
}

// ---------------------------------------------------------------------------------------------------

lines_t *lines_new(bool use_libdw, bool use_addr2line)
{
    lines_t *self = ipc_xalloc(sizeof *self);
    self->use_addr2line = use_addr2line;
    if (use_libdw)
        load_libdw(self);
    return self;
}

void lines_destroy(lines_t **self_p)
{
    lines_t *self = *self_p;
    if (!self)
        return;
    if (self->library) {
        close_file(self);
        dlclose(self->library);
    }
    free(self);
    *self_p = NULL;
}

int lines_find(lines_t *self, const char *file, uint64_t address,
               lines_place_t places[LINES_DEPTH])
{
    memset(places, 0, LINES_DEPTH * sizeof *places);
    if (self->library)
        return find_by_libdw(self, file, address, places);
    return self->use_addr2line ? find_by_addr2line(file, address, places) : 0;
}
