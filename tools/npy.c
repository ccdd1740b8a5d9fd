#include "tools/npy.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fail.h"
#include "tools/file.h"

enum {
    PREFIX_SIZE = 8, // magic and version
    MAGIC_SIZE = 6,
    HEADER_MAX = 65536, // of a plain array it has some 100 bytes
    ALIGNMENT = 64,     // at a multiple of which the numbers begin
    TYPE_SIZE = 16      // bytes of a dtype's text
};
static const char magic[] = "\x93NUMPY";

typedef struct npy_type {
    char text[4]; // behind the byte order
    ipc_dtype_t dtype;
    size_t unit; // bytes of what the byte order swaps
} npy_type_t;

// clang-format off
static const npy_type_t types[] = {
    {"b1", IPC_BOOL, 1}, {"i1", IPC_I8, 1},  {"i2", IPC_I16, 2}, {"i4", IPC_I32, 4}, {"i8", IPC_I64, 8},
    {"u1", IPC_U8, 1},   {"u2", IPC_U16, 2}, {"u4", IPC_U32, 4}, {"u8", IPC_U64, 8},
    {"f4", IPC_F32, 4},  {"f8", IPC_F64, 8}, {"c8", IPC_C64, 4}, {"c16", IPC_C128, 8},
};
// clang-format on
enum { TYPES = sizeof types / sizeof types[0] };

typedef struct header {
    const npy_type_t *type;
    bool swapped; // of the other byte order than this machine's
    bool fortran; // the first index runs fastest
    int ndim;
    size_t shape[IPC_MAX_DIMENSIONS];
} header_t;

//  A file under way: its name is in every error.
typedef struct npy_file {
    FILE *stream;
    const char *path;
    ipc_error_t *error;
} npy_file_t;

static int refuse(const npy_file_t *self, const char *reason)
{
    return ipc_fail(self->error, IPC_E_ARGUMENT, "%s cannot be read as .npy: %s",
                    self->path, reason);
}

static int read_bytes(npy_file_t *self, void *bytes, size_t size, const char *what)
{
    errno = 0;
    if (fread(bytes, 1, size, self->stream) == size)
        return 0;
    if (ferror(self->stream))
        return ipc_fail(self->error, IPC_E_SYSTEM, "%s cannot be read: %s", self->path,
                        strerror(errno));
    char reason[64];
    snprintf(reason, sizeof reason, "it ends within its %s", what);
    return refuse(self, reason);
}

//  --- The header: a Python dictionary of three entries ------------------------------------

static void skip_blanks(const char **at)
{
    while (**at == ' ' || **at == '\t' || **at == '\n') ++*at;
}

//  Goes over a character, with blanks before it; false when there is another.
static bool skip(const char **at, char character)
{
    skip_blanks(at);
    if (**at != character)
        return false;
    ++*at;
    return true;
}

//  Reads a string without escapes, shorter than TYPE_SIZE.
static bool read_string(const char **at, char text[TYPE_SIZE])
{
    skip_blanks(at);
    const char quote = **at;
    if (quote != '\'' && quote != '"')
        return false;
    const char *begin = *at + 1, *end = strchr(begin, quote);
    if (!end || end - begin >= TYPE_SIZE || memchr(begin, '\\', (size_t) (end - begin)))
        return false;
    snprintf(text, TYPE_SIZE, "%.*s", (int) (end - begin), begin);
    *at = end + 1;
    return true;
}

static bool read_length(const char **at, size_t *length)
{
    skip_blanks(at);
    if (!isdigit((unsigned char) **at))
        return false;
    char *end = NULL;
    errno = 0;
    *length = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0;
}

//  Reads (), (3,) or (3, 4).
static bool read_shape(const char **at, header_t *header)
{
    header->ndim = 0;
    if (!skip(at, '('))
        return false;
    while (!skip(at, ')')) {
        if (header->ndim == IPC_MAX_DIMENSIONS ||
            !read_length(at, &header->shape[header->ndim++]))
            return false;
        const bool comma = skip(at, ',');
        skip_blanks(at);
        if (!comma && (**at != ')' || header->ndim == 1)) // (3) is a number in brackets
            return false;
    }
    return true;
}

static bool is_little(void)
{
    return *(const char *) &(const int16_t){1} == 1;
}

//  Reads what is written as '<f8'. A dtype that is none of ours leaves type NULL.
static bool read_type(const char **at, header_t *header, char text[TYPE_SIZE])
{
    if (!read_string(at, text) || !strchr("<>|=", text[0]) || !text[0])
        return false;
    header->swapped = text[0] == (is_little() ? '>' : '<');
    header->type = NULL;
    for (size_t i = 0; i < TYPES; i++)
        if (strcmp(types[i].text, text + 1) == 0 && (text[0] != '|' || types[i].unit == 1))
            header->type = &types[i];
    return true;
}

static bool read_order(const char **at, header_t *header)
{
    skip_blanks(at);
    header->fortran = strncmp(*at, "True", 4) == 0;
    if (!header->fortran && strncmp(*at, "False", 5) != 0)
        return false;
    *at += header->fortran ? 4 : 5;
    return true;
}

//  Reads one entry; *seen has a bit for each of the three, of which none may come twice.
static bool read_entry(const char **at, header_t *header, char text[TYPE_SIZE],
                       unsigned *seen)
{
    char key[TYPE_SIZE];
    if (!read_string(at, key) || !skip(at, ':'))
        return false;
    const unsigned bit = strcmp(key, "descr") == 0           ? 1
                         : strcmp(key, "fortran_order") == 0 ? 2
                         : strcmp(key, "shape") == 0         ? 4
                                                             : 0;
    if (!bit || *seen & bit)
        return false;
    *seen |= bit;
    return bit == 1   ? read_type(at, header, text)
           : bit == 2 ? read_order(at, header)
                      : read_shape(at, header);
}

static int parse_header(const npy_file_t *self, const char *at, header_t *header)
{
    char text[TYPE_SIZE] = "";
    unsigned seen = 0;
    bool sound = skip(&at, '{');
    while (sound && !skip(&at, '}')) {
        sound = read_entry(&at, header, text, &seen);
        const bool comma = sound && skip(&at, ',');
        skip_blanks(&at);
        sound = sound && (comma || *at == '}');
    }
    skip_blanks(&at);
    if (!sound || *at || seen != 7)
        return refuse(self, "its header is not that of one plain array");
    if (header->type)
        return 0;
    return ipc_fail(self->error, IPC_E_ARGUMENT,
                    "%s holds numbers of the dtype '%s', which is not read: convert it "
                    "with astype(\"float64\")",
                    self->path, text);
}

static int read_header(npy_file_t *self, header_t *header)
{
    unsigned char prefix[PREFIX_SIZE], length[4] = {0};
    if (read_bytes(self, prefix, sizeof prefix, "header"))
        return -1;
    if (memcmp(prefix, magic, MAGIC_SIZE) != 0)
        return refuse(self, "it does not begin as such a file does");
    const unsigned version = prefix[MAGIC_SIZE];
    if (version < 1 || version > 3 || prefix[MAGIC_SIZE + 1] != 0)
        return refuse(self, "its version is none of 1.0, 2.0 and 3.0");
    if (read_bytes(self, length, version == 1 ? 2 : 4, "header"))
        return -1;
    const size_t size = (size_t) length[0] | (size_t) length[1] << 8 |
                        (size_t) length[2] << 16 | (size_t) length[3] << 24;
    if (size > HEADER_MAX)
        return refuse(self, "its header is longer than that of a plain array");
    char *text = ipc_xalloc(size + 1);
    const int status = read_bytes(self, text, size, "header") ? -1
                       : memchr(text, 0, size) ? refuse(self, "its header is no text")
                                               : parse_header(self, text, header);
    free(text);
    return status;
}

//  --- The numbers -------------------------------------------------------------------------

static void swap_bytes(unsigned char *bytes, size_t size, size_t unit)
{
    for (size_t first = 0; first < size; first += unit)
        for (size_t i = 0; i < unit / 2; i++) {
            const unsigned char byte = bytes[first + i];
            bytes[first + i] = bytes[first + unit - 1 - i];
            bytes[first + unit - 1 - i] = byte;
        }
}

//  Brings elements of which the first index runs fastest into C order.
static void reorder(const header_t *header, const unsigned char *from, size_t count,
                    unsigned char *to)
{
    const size_t size = ipc_dtype_size(header->type->dtype);
    size_t index[IPC_MAX_DIMENSIONS] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t place = 0;
        for (int k = 0; k < header->ndim; k++) place = place * header->shape[k] + index[k];
        memcpy(to + place * size, from + i * size, size);
        for (int k = 0; k < header->ndim && ++index[k] == header->shape[k]; k++)
            index[k] = 0;
    }
}

static int read_numbers(npy_file_t *self, const header_t *header, ipc_array_t *array)
{
    const size_t size = ipc_array_size(array);
    unsigned char *data = ipc_array_data(array);
    unsigned char *raw = header->fortran && header->ndim > 1 ? malloc(size) : data;
    if (!raw)
        return ipc_fail(self->error, IPC_E_MEMORY, "no memory for %s", self->path);
    int status = read_bytes(self, raw, size, "numbers");
    if (status == 0 && fgetc(self->stream) != EOF)
        status = refuse(self, "something stands behind its numbers");
    if (status == 0 && header->swapped)
        swap_bytes(raw, size, header->type->unit);
    if (status == 0 && raw != data)
        reorder(header, raw, ipc_array_count(array), data);
    for (size_t i = 0; status == 0 && header->type->dtype == IPC_BOOL && i < size; i++)
        if (data[i] > 1)
            status = refuse(self, "one of its booleans is neither 0 nor 1");
    if (raw != data)
        free(raw);
    return status;
}

//  Refuses a header that promises more than a file has, before memory is asked for.
static int check_size(npy_file_t *self, const header_t *header)
{
    size_t size = ipc_dtype_size(header->type->dtype);
    for (int k = 0; k < header->ndim; k++)
        if (header->shape[k] == 0)
            return refuse(self, "it holds no numbers");
        else if (__builtin_mul_overflow(size, header->shape[k], &size))
            return refuse(self, "its shape is larger than any memory");
    struct stat file;
    if (fstat(fileno(self->stream), &file) == 0 && S_ISREG(file.st_mode) &&
        (size_t) file.st_size < size)
        return refuse(self, "it ends within its numbers");
    if (header->ndim == 0)
        return refuse(self, "it holds a single number, not an array");
    return 0;
}

static ipc_array_t *read_stream(npy_file_t *self)
{
    header_t header = {0};
    if (read_header(self, &header) || check_size(self, &header))
        return NULL;
    ipc_array_t *array =
        ipc_array_new(header.type->dtype, header.ndim, header.shape, self->error);
    if (array && read_numbers(self, &header, array))
        ipc_array_destroy(&array);
    return array;
}

ipc_array_t *npy_read(const char *path, ipc_error_t *error)
{
    npy_file_t file = {fopen(path, "rb"), path, error};
    if (!file.stream) {
        ipc_fail(error, IPC_E_SYSTEM, "%s cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    ipc_array_t *array = read_stream(&file);
    fclose(file.stream);
    return array;
}

//  Writes "(3, 4)" into the header, as Python does.
static size_t format_shape(char *text, size_t size, const ipc_array_t *array)
{
    const int ndim = ipc_array_ndim(array);
    size_t length = (size_t) snprintf(text, size, "(");
    for (int k = 0; k < ndim; k++)
        length +=
            (size_t) snprintf(text + length, size - length, "%s%zu%s", k > 0 ? ", " : "",
                              ipc_array_shape(array)[k], ndim == 1 ? "," : "");
    return length + (size_t) snprintf(text + length, size - length, ")");
}

//  Writes all that comes before the numbers; gives its size.
static size_t format_header(unsigned char *bytes, size_t size, const ipc_array_t *array)
{
    char shape[256], text[512];
    const npy_type_t *type = types;
    while (type->dtype != ipc_array_dtype(array)) type++;
    format_shape(shape, sizeof shape, array);
    const char order = type->unit == 1 ? '|' : is_little() ? '<' : '>';
    const int length = snprintf(text, sizeof text,
                                "{'descr': '%c%s', 'fortran_order': False, 'shape': %s, }",
                                order, type->text, shape);
    const size_t before = PREFIX_SIZE + 2;
    const size_t whole =
        (before + (size_t) length + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(bytes, ' ', size);
    memcpy(bytes, magic, MAGIC_SIZE);
    bytes[MAGIC_SIZE] = 1;
    bytes[MAGIC_SIZE + 1] = 0;
    bytes[PREFIX_SIZE] = (unsigned char) ((whole - before) & 0xff);
    bytes[PREFIX_SIZE + 1] = (unsigned char) ((whole - before) >> 8);
    memcpy(bytes + before, text, (size_t) length);
    bytes[whole - 1] = '\n';
    return whole;
}

int npy_write(const char *path, const ipc_array_t *array, ipc_error_t *error)
{
    unsigned char header[1024];
    const size_t length = format_header(header, sizeof header, array);
    FILE *stream = fopen(path, "wb");
    if (!stream)
        return ipc_fail(error, IPC_E_SYSTEM, "%s cannot be written: %s", path,
                        strerror(errno));
    errno = 0;
    bool written = fwrite(header, 1, length, stream) == length &&
                   fwrite(ipc_array_data(array), 1, ipc_array_size(array), stream) ==
                       ipc_array_size(array);
    const int first = errno;
    if (fclose(stream) == 0 && written)
        return 0;
    return file_spoilt(path, strerror(first ? first : errno), error);
}
