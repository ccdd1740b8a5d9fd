#include "engine/linker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/spare.h"

//  What a command of the compiler's says, given, whatever it ends with; NULL if it cannot be run.
static char *ask(const compiler_t *self, const words_t *command)
{
    char path[FILE_PATH], name[64];
    snprintf(name, sizeof name, "linker.%d", (int) getpid());
    compiler_join(path, self->prelude, name);
    char *said = compiler_run(command, self->prelude, path, -1, NULL) >= 0 ? compiler_read(path) : NULL;
    unlink(path);
    return said;
}

//  The program that the compiler calls "ld".
static void add_program(const compiler_t *self, words_t *arguments)
{
    words_t command = {0};
    words_add_all(&command, (const char *const[]){self->program, "-print-prog-name=ld", NULL});
    char *said = ask(self, &command);
    words_add(arguments, "%.*s", said ? (int) strcspn(said, "\n") : 0, said ? said : "");
    free(said);
    words_free(&command);
}

//  The unit comes last, behind the libraries, and archives are searched again then: what else is in the C library, and
//  the compiler's own. No library is left out because nothing has needed it before.
static bool add_word(const char *word, words_t *arguments)
{
    static const char *const ends[] = {"--start-group", "-l:libc_nonshared.a", "-lgcc",
                                       SPARE_LINK,      "--end-group",         NULL};
    bool is_end = strcmp(word, "-lgcc") == 0;
    if (is_end)
        words_add_all(arguments, ends);
    else if (strncmp(word, "-plugin-opt=", 12) != 0 && strcmp(word, "--as-needed") != 0)
        words_add(arguments, "%s", word);
    return is_end;
}

//  Of the words of a line, those that link. False: it is no such line.
static bool read_words(const compiler_t *self, const words_t *said, words_t *arguments)
{
    const char *slash = strrchr(said->texts[0], '/');
    size_t units = 0, ends = 0;
    if (strcmp(slash ? slash + 1 : said->texts[0], "collect2") == 0) // gcc's, which only calls the linker
        add_program(self, arguments);
    else
        words_add(arguments, "%s", said->texts[0]);
    for (size_t i = 1; i < said->count; i++) {
        bool is_unit = strcmp(said->texts[i], "unit.o") == 0, is_plugin = strcmp(said->texts[i], "-plugin") == 0;
        units += is_unit;
        i += is_plugin;                // with its file
        if (!is_unit && !is_plugin)
            ends += add_word(said->texts[i], arguments);
    }
    return units == 1 && ends == 1 && arguments->texts[0][0];
}

//  The commands stand in lines that begin with a blank; the last that makes unit.so is the linker's.
static bool read_command(const compiler_t *self, char *said, words_t *arguments)
{
    const char *found = NULL;
    for (char *line; (line = strsep(&said, "\n"));)
        if (line[0] == ' ' && strstr(line, "unit.so"))
            found = line;
    words_t words = {0};
    words_add_line(&words, found);
    bool fine = words.count > 0 && read_words(self, &words, arguments);
    words_free(&words);
    return fine;
}

//  As one that a shell's process becomes.
static char *write_line(const words_t *arguments)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("exec", out);
    for (size_t i = 0; i < arguments->count; i++) {
        fputs(" '", out);
        for (const char *c = arguments->texts[i]; *c; c++) fputs(*c == '\'' ? "'\\''" : (char[]){*c, 0}, out);
        fputs("'", out);
    }
    fputs("\n", out);
    fclose(out);
    return text;
}

static void name_file(const compiler_t *self, char path[FILE_PATH])
{
    compiler_join(path, self->prelude, "linker");
}

void linker_find(const compiler_t *self, const words_t *link)
{
    char path[FILE_PATH], made[FILE_PATH + 32];
    name_file(self, path);
    if (access(path, F_OK) == 0)
        return;
    words_t command = {0}, arguments = {0};
    words_add_all(&command, (const char *const *) link->texts);
    words_add(&command, "-###");
    compiler_write(compiler_join(made, self->prelude, "unit.o"), "", NULL); // clang leaves out what is not there
    char *said = ask(self, &command), *line = NULL;
    if (said && read_command(self, said, &arguments))
        line = write_line(&arguments);
    snprintf(made, sizeof made, "%s.%d", path, (int) getpid());
    if (compiler_write(made, line ? line : "", NULL) || rename(made, path))
        unlink(made);
    words_free(&arguments);
    words_free(&command);
    free(line);
    free(said);
}

const char *linker_file(const compiler_t *self, char path[FILE_PATH])
{
    struct stat status;
    name_file(self, path);
    return stat(path, &status) == 0 && status.st_size > 0 ? path : NULL;
}
