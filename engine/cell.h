//  cell_t: a piece of executed source, cut into what lasts (directives, types, variables, functions) and what runs
//  (statements, initialisers, a last expression). It knows C's tokens and brackets, no types: the compiler says what
//  is wrong. Pure: no files, no sockets.
#ifndef IPC_ENGINE_CELL_H
#define IPC_ENGINE_CELL_H

#include <stdbool.h>
#include <stddef.h>

typedef enum cell_kind {
    CELL_DIRECTIVE,    // #include, #define, #pragma, … or all from an #if to its #endif
    CELL_TYPE,         // typedef, struct, union, enum
    CELL_VARIABLE,     // one declarator, of those that a declaration has
    CELL_PROTOTYPE,    // likewise, of what is defined elsewhere
    CELL_FUNCTION,     // with its body
    CELL_STATEMENT,
    CELL_VALUE         // the last one: an expression without a semicolon
} cell_kind_t;

//  A part of the source, lent by it.
typedef struct cell_span {
    const char *at;
    size_t size;
} cell_span_t;

typedef struct cell_item {
    cell_kind_t kind;
    cell_span_t text;                  // all of it, without the semicolon; of a function up to its body
    cell_span_t name;                  // "a", "scaled", "N", "struct P", "<math.h>"; may be empty
    cell_span_t base;                  // of declarators: what stands before the first, "double"
    const char *made;                  // what is to stand there instead, "static ipc_of_p"; of a type the name that it
                                       //   is to get; or NULL
    cell_span_t declarator;            // "v[]", "*p"; "scaled(double x)"
    cell_span_t attributes;            // behind it
    cell_span_t packing;               // of types: "1" below "#pragma pack(1)"; or empty
    cell_span_t parameters;            // of functions: inside the parentheses
    cell_span_t body;                  // of functions
    cell_span_t init;                  // of variables: behind "="; or empty
    size_t elements;                   // of an initialiser in braces: its members
    int dimensions;                    // brackets behind the name
    bool is_unsized;                   // the first of them are empty
    bool is_pointer;                   // a star stands before the name
    bool is_nested;                    // the name is in parentheses: "(*f)(void)"
    bool is_automatic;                 // its type is that of its initialiser
    bool is_plain;                     // its initialiser has no variables and calls in it
    bool is_counted;                   // nor macros or designators: its members can be counted
    bool is_expression;                // of statements
    bool is_number;                    // the words of the base are those of numbers
} cell_item_t;

typedef struct cell {
    cell_item_t *items;
    size_t count, room;
    char **made;                       // names and bases that are not in the source
    size_t made_count;
} cell_t;

//  What is wrong with a cell's text itself, and where.
typedef struct cell_fault {
    const char *text;                  // static
    size_t line, column;               // from 1
} cell_fault_t;

//  What a name has been declared as before the cell: "a * b" is a product if a is a variable, else it declares b.
//  CELL_STATEMENT: nothing that is known.
typedef cell_kind_t cell_kind_fn(void *context, cell_span_t name);

//  Cuts a cell. 0, or -1 with *fault.
//      source       borrowed for the life of the cell
//      self         written: cell_free() it, also after a failure
int cell_split(cell_t *self, const char *source, cell_kind_fn *kind_of, void *context, cell_fault_t *fault);
void cell_free(cell_t *self);

//  The first literal of a type in a text, "(int[]){1, 2}", and what stands in its braces; false: there is none.
bool cell_literal(cell_span_t text, cell_span_t *literal, cell_span_t *inside);

//  Whether a type's text has a bit-field of that name.
bool cell_has_bit_field(cell_span_t text, cell_span_t name);

//  Calls back for each identifier of a text, keywords too, not those in strings and comments.
typedef void cell_word_fn(void *context, cell_span_t word);
void cell_words(cell_span_t text, cell_word_fn *found, void *context);

//  The line and column, in characters from 1, of a place in the source.
void cell_place(const char *source, const char *at, size_t *line, size_t *column);

//  Whether a span is this text; a copy of it, free() it.
bool cell_span_is(cell_span_t self, const char *text);
bool cell_span_equal(cell_span_t self, cell_span_t other);
char *cell_span_text(cell_span_t self);

#endif
