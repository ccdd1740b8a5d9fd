#include "common/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"

#if defined(__x86_64__)
enum { HOST_MACHINE = EM_X86_64, HOST_COPY = R_X86_64_COPY };
#elif defined(__aarch64__)
enum { HOST_MACHINE = EM_AARCH64, HOST_COPY = R_AARCH64_COPY };
#else
#error "images are made for x86-64 and aarch64"
#endif

enum { THREAD_NAMES_SHOWN = 3 };

// clang-format off
static const struct {
    uint16_t machine;
    const char *name;
} machines[] = {
    {EM_X86_64, "x86-64"}, {EM_AARCH64, "aarch64"}, {EM_386, "i386"},
    {EM_ARM, "arm"},       {EM_RISCV, "riscv"},     {EM_PPC64, "ppc64"},
    {EM_S390, "s390x"},    {EM_MIPS, "mips"},       {EM_LOONGARCH, "loongarch"},
};
// clang-format on

static const char *machine_name(uint16_t machine)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        if (machines[i].machine == machine)
            return machines[i].name;
    return "another processor";
}

static int fail_damaged(const ipc_elf_file_t *self, const char *what, ipc_error_t *error)
{
    return ipc_fail(error, IPC_E_IMAGE,
                    "%s is damaged or cut off (its %s cannot be read): build or copy it "
                    "again",
                    self->name, what);
}

//  Reads exactly size bytes at offset; false when the file has not that many, or cannot be
//  read.
static bool read_at(const ipc_elf_file_t *self, uint64_t offset, void *to, size_t size)
{
    if (offset > self->file_size || size > self->file_size - offset)
        return false;
    for (size_t done = 0; done < size;) {
        ssize_t n =
            pread(self->fd, (char *) to + done, size - done, (off_t) (offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t) n;
    }
    return true;
}

//  The same, into memory of its own; NULL also when there is none. A size is at most the
//  file's.
static void *read_new(const ipc_elf_file_t *self, uint64_t offset, uint64_t size)
{
    if (size == 0 || offset > self->file_size || size > self->file_size - offset)
        return NULL;
    void *memory = malloc(size);
    if (memory && !read_at(self, offset, memory, size)) {
        free(memory);
        return NULL;
    }
    return memory;
}

static void set_name(ipc_elf_file_t *self, const char *path)
{
    size_t length = strlen(path);
    if (length < sizeof self->name) {
        memcpy(self->name, path, length + 1);
        return;
    }
    static const char dots[] = "…";
    const char *tail = path + length - (sizeof self->name - sizeof dots);
    while (((unsigned char) *tail & 0xC0) == 0x80) tail++; // not within a character
    snprintf(self->name, sizeof self->name, "%s%s", dots, tail);
}

static int open_file(ipc_elf_file_t *self, const char *path, ipc_error_t *error)
{
    self->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a fifo must not hold us up
    struct stat status;
    if (self->fd < 0 || fstat(self->fd, &status) != 0)
        return ipc_fail(error, IPC_E_SYSTEM, "%s cannot be read: %s", self->name,
                        strerror(errno));
    if (!S_ISREG(status.st_mode))
        return ipc_fail(error, IPC_E_IMAGE, "%s is no program: it is not even a file",
                        self->name);
    self->file_size = (uint64_t) status.st_size;
    return 0;
}

//  Is the file one whose structures are laid out as this program's own?
static int check_kind(const ipc_elf_file_t *self, const Elf64_Ehdr *header,
                      ipc_error_t *error)
{
    const unsigned char *ident = header->e_ident;
    if (ident[EI_DATA] != ELFDATA2LSB)
        return ipc_fail(error, IPC_E_IMAGE,
                        "%s is built for a big-endian processor, the engines here are %s: "
                        "compile it for %s",
                        self->name, machine_name(HOST_MACHINE), machine_name(HOST_MACHINE));
    if (header->e_machine != HOST_MACHINE)
        return ipc_fail(error, IPC_E_IMAGE,
                        "%s is built for %s, the engines here are %s: compile it for %s",
                        self->name, machine_name(header->e_machine),
                        machine_name(HOST_MACHINE), machine_name(HOST_MACHINE));
    if (ident[EI_CLASS] != ELFCLASS64)
        return ipc_fail(error, IPC_E_IMAGE,
                        "%s is a 32-bit program, the engines here are 64-bit: compile it "
                        "without -m32 and -mx32",
                        self->name);
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return ipc_fail(error, IPC_E_IMAGE,
                        "%s is neither a program nor a shared library: link it first",
                        self->name);
    if (ident[EI_VERSION] != EV_CURRENT || header->e_phentsize != sizeof(Elf64_Phdr))
        return fail_damaged(self, "ELF header", error);
    return 0;
}

static int read_header(ipc_elf_file_t *self, Elf64_Ehdr *header, ipc_error_t *error)
{
    memset(header, 0, sizeof *header);
    size_t size =
        self->file_size < sizeof *header ? (size_t) self->file_size : sizeof *header;
    if (!read_at(self, 0, header, size))
        return ipc_fail(error, IPC_E_SYSTEM, "%s cannot be read", self->name);
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return ipc_fail(error, IPC_E_IMAGE,
                        "%s is no ELF file: engines run compiled programs and shared "
                        "libraries",
                        self->name);
    if (size < sizeof *header)
        return fail_damaged(self, "ELF header", error);
    return check_kind(self, header, error);
}

static int read_segments(ipc_elf_file_t *self, const Elf64_Ehdr *header, ipc_error_t *error)
{
    self->type = header->e_type;
    self->segments_count = header->e_phnum;
    self->segments =
        read_new(self, header->e_phoff, header->e_phnum * sizeof *self->segments);
    if (!self->segments || header->e_phnum == PN_XNUM || header->e_phoff < sizeof *header)
        return fail_damaged(self, "program header table", error);
    return 0;
}

//  Reads from the start of the file to the end of what is loaded, the program headers
//  included: the dynamic loader reads those from the file too.
static int read_bytes(ipc_elf_file_t *self, const Elf64_Ehdr *header, size_t max_size,
                      ipc_error_t *error)
{
    uint64_t end = header->e_phoff + self->segments_count * sizeof *self->segments;
    for (size_t i = 0; i < self->segments_count; i++) {
        const Elf64_Phdr *segment = &self->segments[i];
        if (segment->p_type == PT_INTERP)
            self->has_interpreter = true;
        if (segment->p_type == PT_TLS)
            self->thread_size = segment->p_memsz;
        if (segment->p_type != PT_LOAD)
            continue;
        uint64_t segment_end;
        if (__builtin_add_overflow(segment->p_offset, segment->p_filesz, &segment_end) ||
            segment_end > self->file_size)
            return fail_damaged(self, "loaded part", error);
        if (segment_end > end)
            end = segment_end;
    }
    if (end > max_size)
        return ipc_fail(error, IPC_E_LIMIT,
                        "%s has %llu bytes to load, engines take %zu: make it read large "
                        "tables from a file",
                        self->name, (unsigned long long) end, max_size);
    self->bytes = malloc(end);
    if (!self->bytes)
        return ipc_fail(error, IPC_E_MEMORY, "no memory to read %s (%llu bytes)",
                        self->name, (unsigned long long) end);
    self->size = (size_t) end;
    if (!read_at(self, 0, self->bytes, self->size))
        return fail_damaged(self, "loaded part", error);
    return 0;
}

//  Where the size bytes that are loaded at an address stand in bytes, or NULL: within one
//  segment, as the dynamic loader would find them.
static const unsigned char *at_address(const ipc_elf_file_t *self, uint64_t address,
                                       uint64_t size)
{
    for (size_t i = 0; i < self->segments_count; i++) {
        const Elf64_Phdr *segment = &self->segments[i];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr)
            continue;
        uint64_t within = address - segment->p_vaddr;
        if (within <= segment->p_filesz && size <= segment->p_filesz - within)
            return self->bytes + segment->p_offset + within;
    }
    return NULL;
}

//  A name at an offset into the table of names; NULL when it lies outside.
static const char *string_at(const ipc_elf_file_t *self, uint64_t offset)
{
    return offset < self->strings_size ? self->strings + offset : NULL;
}

static void add_name(ipc_elf_names_t *names, const char *name)
{
    if ((names->count & (names->count - 1)) == 0) // full at each power of two
        names->items = ipc_xrealloc(names->items, (names->count ? names->count * 2 : 1) *
                                                      sizeof *names->items);
    names->items[names->count++] = name;
}

//  What the dynamic section gives: the values by tag, of the tags that are read here.
typedef struct dynamic_values {
    uint64_t strings, strings_size;         // DT_STRTAB, DT_STRSZ
    uint64_t symbols;                       // DT_SYMTAB
    uint64_t relocations, relocations_size; // DT_RELA, DT_RELASZ
    uint64_t versions, versions_count;      // DT_VERNEED, DT_VERNEEDNUM
} dynamic_values_t;

static Elf64_Dyn dynamic_entry(const ipc_elf_file_t *self, size_t i)
{
    Elf64_Dyn entry;
    memcpy(&entry, self->bytes + self->dynamic + i * sizeof entry, sizeof entry);
    return entry;
}

static void read_dynamic_values(ipc_elf_file_t *self, size_t limit,
                                dynamic_values_t *values)
{
    for (; self->dynamic_count < limit; self->dynamic_count++) {
        Elf64_Dyn entry = dynamic_entry(self, self->dynamic_count);
        switch (entry.d_tag) {
        case DT_NULL: return;
        case DT_STRTAB: values->strings = entry.d_un.d_ptr; break;
        case DT_STRSZ: values->strings_size = entry.d_un.d_val; break;
        case DT_SYMTAB: values->symbols = entry.d_un.d_ptr; break;
        case DT_RELA: values->relocations = entry.d_un.d_ptr; break;
        case DT_RELASZ: values->relocations_size = entry.d_un.d_val; break;
        case DT_VERNEED: values->versions = entry.d_un.d_ptr; break;
        case DT_VERNEEDNUM: values->versions_count = entry.d_un.d_val; break;
        case DT_FLAGS_1: self->flags_1 = entry.d_un.d_val; break;
        case DT_SONAME: self->has_soname = true; break;
        default: break;
        }
    }
}

static int read_needed(ipc_elf_file_t *self, ipc_error_t *error)
{
    for (size_t i = 0; i < self->dynamic_count; i++) {
        Elf64_Dyn entry = dynamic_entry(self, i);
        if (entry.d_tag != DT_NEEDED)
            continue;
        const char *name = string_at(self, entry.d_un.d_val);
        if (!name)
            return fail_damaged(self, "list of libraries", error);
        add_name(&self->needed, name);
    }
    return 0;
}

static int read_copied(ipc_elf_file_t *self, const dynamic_values_t *values,
                       ipc_error_t *error)
{
    Elf64_Rela relocation;
    Elf64_Sym symbol;
    const unsigned char *table =
        at_address(self, values->relocations, values->relocations_size);
    if (!table && values->relocations_size)
        return fail_damaged(self, "relocation table", error);
    for (size_t i = 0; i < values->relocations_size / sizeof relocation; i++) {
        memcpy(&relocation, table + i * sizeof relocation, sizeof relocation);
        if (ELF64_R_TYPE(relocation.r_info) != HOST_COPY)
            continue;
        uint64_t address;
        const unsigned char *place = NULL;
        if (!__builtin_add_overflow(
                values->symbols, ELF64_R_SYM(relocation.r_info) * sizeof symbol, &address))
            place = at_address(self, address, sizeof symbol);
        if (!place)
            return fail_damaged(self, "symbol table", error);
        memcpy(&symbol, place, sizeof symbol);
        const char *name = string_at(self, symbol.st_name);
        if (!name)
            return fail_damaged(self, "symbol table", error);
        add_name(&self->copied, name);
    }
    return 0;
}

//  The versions of one library: a chain of aux_count entries. *steps is what may still be
//  visited.
static int read_library_versions(ipc_elf_file_t *self, uint64_t address, size_t aux_count,
                                 size_t *steps, ipc_error_t *error)
{
    Elf64_Vernaux aux = {.vna_next = 1};
    for (size_t i = 0; i < aux_count && aux.vna_next && *steps; i++, --*steps) {
        const unsigned char *place = at_address(self, address, sizeof aux);
        if (!place)
            return fail_damaged(self, "version table", error);
        memcpy(&aux, place, sizeof aux);
        const char *name = string_at(self, aux.vna_name);
        if (!name)
            return fail_damaged(self, "version table", error);
        add_name(&self->versions, name);
        address += aux.vna_next;
    }
    return 0;
}

static int read_versions(ipc_elf_file_t *self, const dynamic_values_t *values,
                         ipc_error_t *error)
{
    size_t steps =
        self->size / sizeof(Elf64_Vernaux); // more would be a chain that meets itself
    uint64_t address = values->versions;
    Elf64_Verneed need = {.vn_next = 1};
    for (uint64_t i = 0; i < values->versions_count && need.vn_next && steps;
         i++, steps--) {
        const unsigned char *place = at_address(self, address, sizeof need);
        if (!place)
            return fail_damaged(self, "version table", error);
        memcpy(&need, place, sizeof need);
        if (read_library_versions(self, address + need.vn_aux, need.vn_cnt, &steps,
                                  error) != 0)
            return -1;
        address += need.vn_next;
        if (!steps)
            break;
    }
    return 0;
}

//  A static program has no dynamic section: then there is nothing to read.
static int read_dynamic(ipc_elf_file_t *self, ipc_error_t *error)
{
    const Elf64_Phdr *segment = NULL;
    for (size_t i = 0; i < self->segments_count; i++)
        if (self->segments[i].p_type == PT_DYNAMIC)
            segment = &self->segments[i];
    if (!segment)
        return self->type == ET_EXEC ? 0 : fail_damaged(self, "dynamic section", error);
    const unsigned char *start = at_address(self, segment->p_vaddr, segment->p_filesz);
    if (!start)
        return fail_damaged(self, "dynamic section", error);
    self->dynamic = (size_t) (start - self->bytes);
    dynamic_values_t values = {0};
    read_dynamic_values(self, segment->p_filesz / sizeof(Elf64_Dyn), &values);

    self->strings = (const char *) at_address(self, values.strings, values.strings_size);
    self->strings_size = values.strings_size;
    if (!self->strings || !self->strings_size || self->strings[self->strings_size - 1] != 0)
        return fail_damaged(self, "table of names", error);
    if (read_needed(self, error) != 0 || read_copied(self, &values, error) != 0)
        return -1;
    return read_versions(self, &values, error);
}

ipc_elf_file_t *ipc_elf_file_new(const char *path, size_t max_size, ipc_error_t *error)
{
    ipc_elf_file_t *self = ipc_xalloc(sizeof *self);
    set_name(self, path);
    Elf64_Ehdr header;
    if (open_file(self, path, error) != 0 || read_header(self, &header, error) != 0 ||
        read_segments(self, &header, error) != 0 ||
        read_bytes(self, &header, max_size, error) != 0 || read_dynamic(self, error) != 0)
        ipc_elf_file_destroy(&self);
    return self;
}

void ipc_elf_file_destroy(ipc_elf_file_t **self_p)
{
    ipc_elf_file_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0)
        close(self->fd);
    free(self->bytes);
    free(self->segments);
    free(self->needed.items);
    free(self->copied.items);
    free(self->versions.items);
    free(self);
    *self_p = NULL;
}

bool ipc_elf_file_has_name(const ipc_elf_file_t *self, const char *name)
{
    // With its zero. Before it none need stand: linkers store a name that ends another one
    // only once.
    return self->strings &&
           memmem(self->strings, self->strings_size, name, strlen(name) + 1);
}

//  Adds a name to a list in a text; false when the list is full.
static bool list_name(char *text, size_t size, size_t shown, const char *name)
{
    size_t length = strlen(text);
    bool full =
        shown == THREAD_NAMES_SHOWN || size - length < strlen(name) + sizeof ", , …";
    snprintf(text + length, size - length, "%s%s", shown ? ", " : "", full ? "…" : name);
    return !full;
}

static void list_thread_names(const Elf64_Sym *symbols, size_t count, const char *names,
                              size_t names_size, char *text, size_t size)
{
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        const Elf64_Sym *symbol = &symbols[i];
        if (ELF64_ST_TYPE(symbol->st_info) != STT_TLS || symbol->st_shndx == SHN_UNDEF ||
            symbol->st_name >= names_size || !names[symbol->st_name])
            continue;
        if (names[symbol->st_name] == '$') // on Arm: where data begins
            continue;
        if (!list_name(text, size, shown++, names + symbol->st_name))
            return;
    }
}

void ipc_elf_file_thread_names(const ipc_elf_file_t *self, char *text, size_t size)
{
    text[0] = 0;
    Elf64_Ehdr header;
    memcpy(&header, self->bytes, sizeof header);
    if (header.e_shentsize != sizeof(Elf64_Shdr))
        return;
    Elf64_Shdr *sections =
        read_new(self, header.e_shoff, header.e_shnum * sizeof *sections);
    const Elf64_Shdr *table = NULL;
    for (size_t i = 0; sections && i < header.e_shnum; i++)
        if (sections[i].sh_type == SHT_SYMTAB && sections[i].sh_link < header.e_shnum)
            table = &sections[i];
    Elf64_Sym *symbols = NULL;
    char *names = NULL;
    if (table) {
        const Elf64_Shdr *strings = &sections[table->sh_link];
        symbols = read_new(self, table->sh_offset, table->sh_size);
        names = read_new(self, strings->sh_offset, strings->sh_size);
        if (symbols && names && names[strings->sh_size - 1] == 0)
            list_thread_names(symbols, table->sh_size / sizeof *symbols, names,
                              strings->sh_size, text, size);
    }
    free(names);
    free(symbols);
    free(sections);
}
