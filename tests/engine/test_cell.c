//  How cells are cut, and the units that they become.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cell.h"
#include "tests/common/run_suite.h"

//  A cell, and its items: "D" a directive, "T" a type, "V" a variable, "P" a prototype, "F" a function, "S" a
//  statement, "E" the last expression; each but statements with its name.
typedef struct sample {
    const char *source, *items;
} sample_t;

static const sample_t samples[] = {
    {"", ""},
    {" \n\t// nothing\n/* at all */ ;;", ""},
    // expressions and statements
    {"1 + 1", "E"},
    {"1 + 1;", "S"},
    {"a * b", "E"},
    {"known * b;", "S"},
    {"f(x)", "E"},
    {"f(x);", "S"},
    {"x = 3", "E"},
    {"x = 3; y", "S E"},
    {"x += 2, y--;", "S"},
    {"*p = 4;", "S"},
    {"(*p).x", "E"},
    {"p->x[3] = 1;", "S"},
    {"sizeof x", "E"},
    {"sizeof(int)", "E"},
    {"-x", "E"},
    {"!x ? 'a' : ';'", "E"},
    {"\"a;b{\"", "E"},
    {"\"two\" \"parts\"", "E"},
    {"(struct P){1, 2}", "E"},
    {"(int) x", "E"},
    {"x // its value\n", "E"},
    {"x; // no value", "S"},
    {"printf(\"%d;\\n\", x);", "S"},
    {"puts(\"a\"); puts(\"b\");", "S S"},
    {"if (x) y = 1;", "S"},
    {"if (x) y = 1; else y = 2;", "S"},
    {"if (x) { y = 1; } else if (z) { y = 2; } else y = 3; w", "S E"},
    {"if (x) for (;;) if (y) z(); else w(); v();", "S S"},
    {"for (int i = 0; i < 3; i++) { f(i); }", "S"},
    {"for (int i = 0; i < 3; i++) f(i); g", "S E"},
    {"while (x--) ;", "S"},
    {"do x++; while (x < 3); x", "S E"},
    {"do { x++; } while (x < 3); x", "S E"},
    {"switch (x) { case 1: f(); break; default: g(); }", "S"},
    {"{ int x = 1; f(x); }", "S"},
    {"again: x++; if (x < 3) goto again;", "S S"},
    {"return;", "S"},
    {"asm volatile(\"nop\");", "S"},
    {"_Static_assert(sizeof(int) == 4, \"size\");", "S"},
    {"#pragma omp parallel for\nfor (;;) f();", "S S"},
    {"x\n#define N 3\n;", "S"},
    // variables
    {"int a;", "V:a"},
    {"int a", "V:a"},
    {"double b = a * 2;", "V:b"},
    {"int a = 1, *b, c[3], d[] = {1, 2};", "V:a V:b V:c V:d"},
    {"const char *s = \"a, b\";", "V:s"},
    {"unsigned long long x = 1ULL << 40;", "V:x"},
    {"static int a = 1;", "V:a"},
    {"size_t n = f(1, 2);", "V:n"},
    {"size_t n", "V:n"},
    {"FILE *file = fopen(\"x\", \"r\");", "V:file"},
    {"T *p;", "V:p"},
    {"T *p, *q;", "V:p V:q"},
    {"T **p = 0;", "V:p"},
    {"T *const p = q;", "V:p"},
    {"int a = 2; a * b;", "V:a S"},
    {"double complex z = 1 + 2 * I;", "V:z"},
    {"bool yes = true, no = false;", "V:yes V:no"},
    {"int m[2][3] = {{1, 2, 3}, {4, 5, 6}};", "V:m"},
    {"int (*f)(int) = g;", "V:f"},
    {"int (*table[2])(int) = {g, h};", "V:table"},
    {"struct P p = {1, 2};", "V:p"},
    {"struct P *p = &q;", "V:p"},
    {"enum color c = RED;", "V:c"},
    {"__typeof__(a) b = a;", "V:b"},
    {"typeof(a + 1) b;", "V:b"},
    {"__attribute__((aligned(64))) double v[4];", "V:v"},
    {"_Alignas(64) double v[4];", "V:v"},
    {"double v[4] __attribute__((aligned(64)));", "V:v"},
    {"int a = ({ int t = 1; t + 1; });", "V:a"},
    {"char c = ',', d = ';';", "V:c V:d"},
    {"extern int outside;", "P:outside"},
    {"int x = 1; x", "V:x E"},
    {"int x = 1; x++; int y = x; y", "V:x S V:y E"},
    // types
    {"struct P { int x, y; };", "T:struct P"},
    {"struct P { int x; } p;", "T:struct P V:p"},
    {"struct P { struct { int a; } in; int v[3]; } p = {{1}}, *q;", "T:struct P V:p V:q"},
    {"union U { int i; float f; };", "T:union U"},
    {"enum color { RED, GREEN };", "T:enum color"},
    {"enum { A = 1, B };", "T:enum { A = 1, B }"},
    {"typedef double real;", "T:real"},
    {"typedef struct { int x; } point;", "T:point"},
    {"typedef struct point { int x; } point;", "T:struct point T:point"},
    {"typedef double (*fn)(double);", "T:fn"},
    {"typedef double row[3];", "T:row"},
    {"struct P;", "T:"},
    {"typedef int T; T x = 3; T *y = &x;", "T:T V:x V:y"},
    {"typedef int one, *two, three[3];", "T:one T:two T:three"},
    {"typedef struct { int x; } one, *two;", "T:ipc_of_one T:one T:two"},
    {"struct { int x; } p, q;", "T:ipc_of_p V:p V:q"},
    {"static const struct { int x; } table[] = {{1}};", "T:ipc_of_table V:table"},
    {"struct __attribute__((packed)) P { int x; };", "T:struct P"},
    {"struct P { int x; } __attribute__((packed));", "T:struct P"},
    {"known_type (*p) = q;", "V:p"},
    {"known_type (*p)[3];", "V:p"},
    {"known_type *p", "V:p"},
    {"size_t (*f)(int);", "V:f"},
    {"FILE *(*f)(int);", "V:f"},
    {"known (*p);", "S"},
    {"f(*p)", "E"},
    // functions
    {"int f(void) { return 1; }", "F:f"},
    {"double scaled(double x) { return a * x; }", "F:scaled"},
    {"static inline int f(int a, int b)\n{\n    return a + b;\n}\nf(1, 2)", "F:f E"},
    {"char *f(char *s) { return s; }", "F:f"},
    {"struct P f(struct P p) { return p; }", "F:f"},
    {"T f(T x) { return x; }", "F:f"},
    {"T *f(T *x) { return x; }", "F:f"},
    {"int f(int);", "P:f"},
    {"double erf(double), gamma(double);", "P:erf P:gamma"},
    {"int f(int (*g)(int), int v[3]) { return g(v[0]); }", "F:f"},
    {"void f(void) {} void g(void) { f(); } g();", "F:f F:g S"},
    {"__attribute__((noinline)) int f(void) { return 1; }", "F:f"},
    {"int f(const char *format, ...) { return 0; }", "F:f"},
    {"int (*pick(int k))(int) { return k ? f : g; }", "F:pick"},
    {"[[nodiscard]] int f(void) { return 1; }", "F:f"},
    // directives
    {"#include <math.h>", "D:<math.h>"},
    {"#include <math.h>\nsqrt(2)", "D:<math.h> E"},
    {"#define N 3\nint v[N];", "D:N V:v"},
    {"#define SQUARE(x) ((x) * (x))\nSQUARE(3)", "D:SQUARE E"},
    {"#define LONG one \\\n  two\nint x;", "D:LONG V:x"},
    {"  #  define N 4", "D:N"},
    {"#undef N", "D:N"},
    {"#define GLOB \"/*\"\nint a; /* */", "D:GLOB V:a"},
    {"#define A 1 // see /*\nint a;", "D:A V:a"},
    {"#error don't\nint a;", "D:don't V:a"},
    {"#pragma GCC optimize(\"O3\")\nint a;", "D: V:a"},
    {"#pragma pack(1)\nstruct P { int a; };", "T:struct P"},
    {"// goes on \\\n int a;\nint b;", "V:b"},
    {"R\"x(a\"\n)x\"", "E"},
    {"each(i, 3) { f(i); } x", "S E"},
    {"#ifdef A\nint a;\n#else\nint b;\n#endif\nint c;", "D: V:c"},
    {"#if 1\n#if 0\n#endif\nint a;\n#endif\n1", "D: E"},
    {"// #define N 3\nx", "E"},
    {"\"#define N\"", "E"},
    // together
    {"#include <math.h>\ndouble a = sqrt(2);\ndouble scaled(double x) { return a * x; }", "D:<math.h> V:a F:scaled"},
    {"int n = 0; for (int i = 0; i < 3; i++) n += i; n", "V:n S E"},
};

static cell_kind_t kind_of(void *context, cell_span_t name)
{
    (void) context;
    return cell_span_is(name, "known") ? CELL_VARIABLE : cell_span_is(name, "known_type") ? CELL_TYPE : CELL_STATEMENT;
}

static void describe(const cell_t *cell, char *text, size_t size)
{
    static const char letters[] = "DTVPFSE";
    size_t at = 0;
    text[0] = 0;
    for (size_t i = 0; i < cell->count; i++) {
        const cell_item_t *item = &cell->items[i];
        bool named = item->kind < CELL_STATEMENT;
        at += (size_t) snprintf(text + at, size - at, "%s%c%s%.*s", i > 0 ? " " : "", letters[item->kind], named ? ":" : "",
                                named ? (int) item->name.size : 0, item->name.at ? item->name.at : "");
    }
}

START_TEST(each_cell_is_cut_into_its_items)
{
    const sample_t *sample = &samples[_i];
    char found[512];
    cell_t cell;
    cell_fault_t fault = {0};
    int rc = cell_split(&cell, sample->source, kind_of, NULL, &fault);
    ck_assert_msg(rc == 0, "%s: %zu:%zu: %s", sample->source, fault.line, fault.column, fault.text);
    describe(&cell, found, sizeof found);
    ck_assert_msg(strcmp(found, sample->items) == 0, "%s: %s, not %s", sample->source, found, sample->items);
    cell_free(&cell);
}
END_TEST

//  What is no C at all is refused with its place, or left to the compiler; never is it read beyond its end.
START_TEST(every_cut_cell_is_refused_or_cut)
{
    const char *source = samples[_i].source;
    for (size_t size = 0; size < strlen(source); size++) {
        char *part = strndup(source, size);
        cell_t cell;
        cell_fault_t fault = {0};
        if (cell_split(&cell, part, kind_of, NULL, &fault))
            ck_assert_msg(fault.text && fault.line > 0 && fault.column > 0 && fault.column <= size + 1, "%s", part);
        cell_free(&cell);
        free(part);
    }
}
END_TEST

typedef struct refusal {
    const char *source, *text;
    size_t line, column;
} refusal_t;

static const refusal_t refusals[] = {
    {"f(1;", "this bracket is not closed", 1, 2},
    {"int x;\n  f(1));", "this bracket closes none", 2, 7},
    {"{ f(1]; }", "this bracket closes none", 1, 6},
    {"puts(\"a);", "this string does not end", 1, 6},
    {"char c = 'a;", "this character does not end", 1, 10},
    {"x; /* y", "this comment does not end", 1, 4},
    {"\n#if 1\nint x;", "this #if has no #endif", 2, 1},
    {"int a;\n static thread_local int x;",
     "a variable that lasts cannot be of one thread: declare it in a function, static", 2, 9},
    {"__auto_type x;", "a variable without a type needs an initialiser that tells it", 1, 13},
    {"int 3;", "a name was expected here", 1, 5},
};

START_TEST(what_cannot_be_cut_is_refused_with_its_place)
{
    const refusal_t *refusal = &refusals[_i];
    cell_t cell;
    cell_fault_t fault = {0};
    ck_assert_int_eq(cell_split(&cell, refusal->source, kind_of, NULL, &fault), -1);
    ck_assert_str_eq(fault.text, refusal->text);
    ck_assert_uint_eq(fault.line, refusal->line);
    ck_assert_uint_eq(fault.column, refusal->column);
    cell_free(&cell);
}
END_TEST

START_TEST(declarators_tell_their_parts)
{
    cell_t cell;
    cell_fault_t fault;
    ck_assert_int_eq(cell_split(&cell, "static const double *p = &x, v[][3] = {{1}, {2, 3},}, (*f)(int);", kind_of, NULL,
                                &fault), 0);
    ck_assert_uint_eq(cell.count, 3);
    const cell_item_t *p = &cell.items[0], *v = &cell.items[1], *f = &cell.items[2];
    ck_assert(cell_span_is(p->base, "static const double") && cell_span_is(p->init, "&x") && p->is_pointer);
    ck_assert(cell_span_is(v->declarator, "v[][3]") && v->dimensions == 2 && v->is_unsized && v->elements == 2);
    ck_assert(f->is_nested && f->init.size == 0);
    cell_free(&cell);
    ck_assert_int_eq(cell_split(&cell, "int *f(int a, char *b) { return 0; }", kind_of, NULL, &fault), 0);
    ck_assert(cell_span_is(cell.items[0].parameters, "int a, char *b"));
    ck_assert(cell_span_is(cell.items[0].body, "{ return 0; }"));
    ck_assert(cell_span_is(cell.items[0].declarator, "*f(int a, char *b)"));
    cell_free(&cell);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("cell");
    tcase_add_loop_test(tests, each_cell_is_cut_into_its_items, 0, sizeof samples / sizeof samples[0]);
    tcase_add_loop_test(tests, every_cut_cell_is_refused_or_cut, 0, sizeof samples / sizeof samples[0]);
    tcase_add_loop_test(tests, what_cannot_be_cut_is_refused_with_its_place, 0, sizeof refusals / sizeof refusals[0]);
    tcase_add_test(tests, declarators_tell_their_parts);
    return run_suite("cell", tests);
}
