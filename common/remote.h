//  What a remote function is made of: IPC_REMOTE, IPC_IMPORT, and what such a function may call. Both
//  ipclient.h and ipmodule.h include this file.
#ifndef IPC_COMMON_REMOTE_H
#define IPC_COMMON_REMOTE_H

#include <stdarg.h>
#include <stdint.h>

#include "common/value.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    IPC_ABI = 1,                   // changes when ipc_remote_t, ipc_runtime_t or ipc_value_t do
    IPC_MAX_PARAMETERS = 8,
    IPC_REMOTE_MAGIC = 0x49504352  // "IPCR"
};

//  What an engine (or, outside a task, the process itself) does for a remote function. One table, so that
//  an image works with whichever copy of libipclient it was linked with. Add at the end only.
typedef struct ipc_runtime {
    uint32_t abi;
    uint32_t size;
    int64_t (*engine_id)(void);
    ipc_value_t (*ns_get)(const char *name);
    void (*ns_set)(const char *name, ipc_value_t value);
    bool (*ns_has)(const char *name);
    __attribute__((noreturn)) void (*raise)(const char *kind, const char *format, va_list arguments);
    ipc_value_t (*give)(ipc_value_t value);
    void *(*task_alloc)(size_t size);
    void (*own_array)(ipc_array_t *array); // the array goes with the task
    void (*publish)(const char *name, ipc_value_t value);
    void (*device_failed)(const char *why);                   // ipmodule.h
    void (*ns_keep)(const char *name, ipc_array_t *array);    // the same
} ipc_runtime_t;

//  The parameter and result types a remote function may have.
typedef enum ipc_type {
    IPC_TYPE_VOID, IPC_TYPE_BOOL, IPC_TYPE_CHAR,
    IPC_TYPE_I8, IPC_TYPE_I16, IPC_TYPE_I32, IPC_TYPE_I64,
    IPC_TYPE_U8, IPC_TYPE_U16, IPC_TYPE_U32, IPC_TYPE_U64,
    IPC_TYPE_F32, IPC_TYPE_F64, IPC_TYPE_C64, IPC_TYPE_C128,
    IPC_TYPE_STR, IPC_TYPE_ARRAY, IPC_TYPE_ARRAY_MUT, IPC_TYPE_VALUE,
    IPC_TYPE_COUNT
} ipc_type_t;

//  A remote function's descriptor: IPC_REMOTE and IPC_IMPORT write one for each function.
typedef struct ipc_remote {
    uint32_t magic;
    uint32_t abi;
    const char *name;
    const char *file;
    int32_t line;
    uint8_t result;                            // ipc_type_t
    uint8_t count;                             // of parameters
    uint8_t parameters[IPC_MAX_PARAMETERS];    // ipc_type_t
    uint8_t reserved[6];
    void (*call)(const ipc_value_t *arguments, ipc_value_t *result); // arguments converted to the types
    const ipc_runtime_t **runtime;             // the image's pointer, which the engine sets
} ipc_remote_t;

//  The image's pointer to the runtime: one for each executable or shared library.
__attribute__((weak, visibility("hidden"))) const ipc_runtime_t *ipc_runtime_slot;

//  The process's own runtime: engine id -1, a namespace of its own, ipc_raise() prints and aborts.
const ipc_runtime_t *ipc_runtime_local(void);

//  Sets the pointer of the object that holds this copy of the library: an engine calls it in a shared
//  libipclient that came along with an image.
void ipc_runtime_install(const ipc_runtime_t *runtime);

static inline const ipc_runtime_t *ipc_runtime(void)
{
    return ipc_runtime_slot ? ipc_runtime_slot : ipc_runtime_local();
}

//  The id of the engine that runs the function, -1 outside a task.
static inline int64_t ipc_engine_id(void)
{
    return ipc_runtime()->engine_id();
}

//  The value of a name in the engine's namespace, lent until the name changes; a missing one raises
//  NameError. An array is the engine's own, so changes stay. A name may lead into a value, here and below: see
//  ipc_pull(); the row of an array that begins at no multiple of 64 bytes is a copy.
static inline ipc_value_t ipc_ns_get(const char *name)
{
    return ipc_runtime()->ns_get(name);
}

static inline bool ipc_ns_has(const char *name)
{
    return ipc_runtime()->ns_has(name);
}

//  Ends the task with an error of this kind and sentence; nothing after it runs. On the task's own thread.
__attribute__((noreturn, format(printf, 2, 3))) static inline void ipc_raise(const char *kind,
                                                                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ipc_runtime()->raise(kind, format, arguments);
}

#define IPC_REFUSAL_KIND "UnmetDependency" // of errors that mean: not on this engine

//  Refuses to run the task here, for a reason in words: it goes to another engine, never to this one again, and none
//  of its retries is used up. When all engines that may run it have refused it, it ends with ImpossibleDependency. To
//  be called before the function has done anything: nothing after it runs. On the task's own thread.
__attribute__((noreturn, format(printf, 1, 2))) static inline void ipc_refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ipc_runtime()->raise(IPC_REFUSAL_KIND, format, arguments);
}

//  Memory of the task's, aligned to 64 bytes, not cleared; freed when its reply has been sent.
static inline void *ipc_task_alloc(size_t size)
{
    return ipc_runtime()->task_alloc(size);
}

//  A string in the task's memory.
__attribute__((format(printf, 1, 2))) const char *ipc_text(const char *format, ...);

#ifdef __cplusplus
}
#else

//  Copies a value, with all that it holds, into the task's memory, so that it can be returned.
#define ipc_give(value) (ipc_runtime()->give(IPC_VALUE(value)))

//  Shows a value to the client while the task runs (ipc_result_published()): it is on its way within a millisecond;
//  of values published faster than that only the latest of each name. At most 1 MiB, and 16 names of up to 63
//  bytes in a task. On the task's own thread; outside a task nothing happens.
#define ipc_publish(name, value) (ipc_runtime()->publish((name), IPC_VALUE(value)))

//  Binds a name in the engine's namespace to a copy of the value.
#define ipc_ns_set(name, value) (ipc_runtime()->ns_set((name), IPC_VALUE(value)))

//  Each way of reading an argument and of writing a result, one for each C type.
static inline _Bool ipc_take_bool(const ipc_value_t *v) { return !!v->as.boolean; }
static inline char ipc_take_char(const ipc_value_t *v) { return (char) v->as.i64; }
static inline int8_t ipc_take_i8(const ipc_value_t *v) { return (int8_t)v->as.i64; }
static inline int16_t ipc_take_i16(const ipc_value_t *v) { return (int16_t)v->as.i64; }
static inline int32_t ipc_take_i32(const ipc_value_t *v) { return (int32_t)v->as.i64; }
static inline long ipc_take_long(const ipc_value_t *v) { return (long)v->as.i64; }
static inline long long ipc_take_llong(const ipc_value_t *v) { return (long long)v->as.i64; }
static inline uint8_t ipc_take_u8(const ipc_value_t *v) { return (uint8_t)v->as.u64; }
static inline uint16_t ipc_take_u16(const ipc_value_t *v) { return (uint16_t)v->as.u64; }
static inline uint32_t ipc_take_u32(const ipc_value_t *v) { return (uint32_t)v->as.u64; }
static inline unsigned long ipc_take_ulong(const ipc_value_t *v) { return (unsigned long)v->as.u64; }
static inline unsigned long long ipc_take_ullong(const ipc_value_t *v) { return (unsigned long long)v->as.u64; }
static inline float ipc_take_f32(const ipc_value_t *v) { return (float)v->as.f64; }
static inline double ipc_take_f64(const ipc_value_t *v) { return v->as.f64; }
static inline float _Complex ipc_take_c64(const ipc_value_t *v)
{
    union { float parts[2]; float _Complex whole; } z = {{(float) v->as.c128[0], (float) v->as.c128[1]}};
    return z.whole;
}
static inline double _Complex ipc_take_c128(const ipc_value_t *v)
{
    union { double parts[2]; double _Complex whole; } z = {{v->as.c128[0], v->as.c128[1]}};
    return z.whole;
}
static inline const char *ipc_take_str(const ipc_value_t *v) { return v->as.string; }
static inline const ipc_array_t *ipc_take_array(const ipc_value_t *v) { return v->as.array; }
static inline ipc_array_t *ipc_take_array_mut(const ipc_value_t *v) { return (ipc_array_t *) (uintptr_t) v->as.array; }
static inline ipc_value_t ipc_take_value(const ipc_value_t *v) { return *v; }

//  For a parameter or result type as it stands in a declaration: its ipc_type_t, its reader. A type that
//  is not in the list is refused by the compiler.
#define IPC_TYPE_OF(P)                                                                        \
    _Generic((void (*)(P)) 0,                                                                 \
        void (*)(void): IPC_TYPE_VOID,                                                        \
        void (*)(_Bool): IPC_TYPE_BOOL,                                                       \
        void (*)(char): IPC_TYPE_CHAR,                                                        \
        void (*)(signed char): IPC_TYPE_I8,                                                   \
        void (*)(short): IPC_TYPE_I16,                                                        \
        void (*)(int): IPC_TYPE_I32,                                                          \
        void (*)(long): IPC_TYPE_I64,                                                         \
        void (*)(long long): IPC_TYPE_I64,                                                    \
        void (*)(unsigned char): IPC_TYPE_U8,                                                 \
        void (*)(unsigned short): IPC_TYPE_U16,                                               \
        void (*)(unsigned): IPC_TYPE_U32,                                                     \
        void (*)(unsigned long): IPC_TYPE_U64,                                                \
        void (*)(unsigned long long): IPC_TYPE_U64,                                           \
        void (*)(float): IPC_TYPE_F32,                                                        \
        void (*)(double): IPC_TYPE_F64,                                                       \
        void (*)(float _Complex): IPC_TYPE_C64,                                               \
        void (*)(double _Complex): IPC_TYPE_C128,                                             \
        void (*)(const char *): IPC_TYPE_STR,                                                 \
        void (*)(const ipc_array_t *): IPC_TYPE_ARRAY,                                        \
        void (*)(ipc_array_t *): IPC_TYPE_ARRAY_MUT,                                          \
        void (*)(ipc_value_t): IPC_TYPE_VALUE)                                                

#define IPC_TAKE(P, i)                                                                        \
    _Generic((void (*)(P)) 0,                                                                 \
        void (*)(_Bool): ipc_take_bool,                                                       \
        void (*)(char): ipc_take_char,                                                        \
        void (*)(signed char): ipc_take_i8,                                                   \
        void (*)(short): ipc_take_i16,                                                        \
        void (*)(int): ipc_take_i32,                                                          \
        void (*)(long): ipc_take_long,                                                        \
        void (*)(long long): ipc_take_llong,                                                  \
        void (*)(unsigned char): ipc_take_u8,                                                 \
        void (*)(unsigned short): ipc_take_u16,                                               \
        void (*)(unsigned): ipc_take_u32,                                                     \
        void (*)(unsigned long): ipc_take_ulong,                                              \
        void (*)(unsigned long long): ipc_take_ullong,                                        \
        void (*)(float): ipc_take_f32,                                                        \
        void (*)(double): ipc_take_f64,                                                       \
        void (*)(float _Complex): ipc_take_c64,                                               \
        void (*)(double _Complex): ipc_take_c128,                                             \
        void (*)(const char *): ipc_take_str,                                                 \
        void (*)(const ipc_array_t *): ipc_take_array,                                        \
        void (*)(ipc_array_t *): ipc_take_array_mut,                                          \
        void (*)(ipc_value_t): ipc_take_value)(&arguments[i])                                 

#define IPC_RESULT_OF(R)                                                                      \
    _Generic((R (*)(void)) 0,                                                                 \
        void (*)(void): IPC_TYPE_VOID,                                                        \
        _Bool (*)(void): IPC_TYPE_BOOL,                                                       \
        char (*)(void): IPC_TYPE_CHAR,                                                        \
        signed char (*)(void): IPC_TYPE_I8,                                                   \
        short (*)(void): IPC_TYPE_I16,                                                        \
        int (*)(void): IPC_TYPE_I32,                                                          \
        long (*)(void): IPC_TYPE_I64,                                                         \
        long long (*)(void): IPC_TYPE_I64,                                                    \
        unsigned char (*)(void): IPC_TYPE_U8,                                                 \
        unsigned short (*)(void): IPC_TYPE_U16,                                               \
        unsigned (*)(void): IPC_TYPE_U32,                                                     \
        unsigned long (*)(void): IPC_TYPE_U64,                                                \
        unsigned long long (*)(void): IPC_TYPE_U64,                                           \
        float (*)(void): IPC_TYPE_F32,                                                        \
        double (*)(void): IPC_TYPE_F64,                                                       \
        float _Complex (*)(void): IPC_TYPE_C64,                                               \
        double _Complex (*)(void): IPC_TYPE_C128,                                             \
        const char *(*)(void): IPC_TYPE_STR,                                                  \
        const ipc_array_t *(*)(void): IPC_TYPE_ARRAY,                                         \
        ipc_array_t *(*)(void): IPC_TYPE_ARRAY_MUT,                                           \
        ipc_value_t (*)(void): IPC_TYPE_VALUE)                                                

//  IPC_IF_VOID(type, then, otherwise): how the preprocessor tells void from all else. Pasted behind
//  IPC_PROBE_, the first token of void alone becomes two arguments.
#define IPC_PROBE_void ~, ~
#define IPC_CHOOSE_0(then, otherwise) then
#define IPC_CHOOSE_1(then, otherwise) otherwise
#define IPC_THIRD_(a, b, c, ...) c
#define IPC_THIRD(...) IPC_THIRD_(__VA_ARGS__, 0, 1, ~)
#define IPC_IF_VOID(T, then, otherwise)                                                       \
    IPC_CAT(IPC_CHOOSE_, IPC_THIRD(IPC_CAT(IPC_PROBE_, T)))(then, otherwise)
#define IPC_FIRST_(a, ...) a
#define IPC_FIRST(...) IPC_FIRST_(__VA_ARGS__, ~)

//  The arguments of a call of a function with these parameters, taken out of arguments[].
#define IPC_TAKE_1(a) IPC_TAKE(a, 0)
#define IPC_TAKE_2(a, b) IPC_TAKE(a, 0), IPC_TAKE(b, 1)
#define IPC_TAKE_3(a, b, c) IPC_TAKE(a, 0), IPC_TAKE(b, 1), IPC_TAKE(c, 2)
#define IPC_TAKE_4(a, b, c, d) IPC_TAKE(a, 0), IPC_TAKE(b, 1), IPC_TAKE(c, 2), IPC_TAKE(d, 3)
#define IPC_TAKE_5(a, b, c, d, e) IPC_TAKE(a, 0), IPC_TAKE(b, 1), IPC_TAKE(c, 2), IPC_TAKE(d, 3), IPC_TAKE(e, 4)
#define IPC_TAKE_6(a, b, c, d, e, f) IPC_TAKE(a, 0), IPC_TAKE(b, 1), IPC_TAKE(c, 2), IPC_TAKE(d, 3), IPC_TAKE(e, 4), IPC_TAKE(f, 5)
#define IPC_TAKE_7(a, b, c, d, e, f, g) IPC_TAKE(a, 0), IPC_TAKE(b, 1), IPC_TAKE(c, 2), IPC_TAKE(d, 3), IPC_TAKE(e, 4), IPC_TAKE(f, 5), IPC_TAKE(g, 6)
#define IPC_TAKE_8(a, b, c, d, e, f, g, h) IPC_TAKE(a, 0), IPC_TAKE(b, 1), IPC_TAKE(c, 2), IPC_TAKE(d, 3), IPC_TAKE(e, 4), IPC_TAKE(f, 5), IPC_TAKE(g, 6), IPC_TAKE(h, 7)
#define IPC_TAKE_NONE(...)
#define IPC_TAKE_ALL(...) IPC_CAT(IPC_TAKE_, IPC_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define IPC_TAKE_LIST(...)                                                                    \
    IPC_IF_VOID(IPC_FIRST(__VA_ARGS__), IPC_TAKE_NONE, IPC_TAKE_ALL)(__VA_ARGS__)
#define IPC_COUNT_LIST(...)                                                                   \
    IPC_IF_VOID(IPC_FIRST(__VA_ARGS__), 0, IPC_COUNT(__VA_ARGS__))
#define IPC_TYPE_LIST(...) IPC_EACH(IPC_TYPE_OF, __VA_ARGS__)

#define IPC_CALL_VOID(N, P)                                                                   \
    N(IPC_TAKE_LIST P);                                                                       \
    *result = ipc_none()
#define IPC_CALL_VALUE(N, P) *result = IPC_VALUE(N(IPC_TAKE_LIST P))

//  Describes a function that is defined elsewhere, in this program or in a library, so that views can run
//  it: its prototype must be visible. In every .c file that applies it.
#define IPC_IMPORT(R, N, P)                                                                   \
    static void ipc_call_##N(const ipc_value_t *arguments, ipc_value_t *result)               \
    {                                                                                         \
        (void) arguments;                                                                     \
        IPC_IF_VOID(R, IPC_CALL_VOID, IPC_CALL_VALUE)(N, P);                                  \
    }                                                                                         \
    __attribute__((unused)) static const ipc_remote_t ipc_remote_##N = {                      \
        .magic = IPC_REMOTE_MAGIC,                                                            \
        .abi = IPC_ABI,                                                                       \
        .name = #N,                                                                           \
        .file = __FILE__,                                                                     \
        .line = __LINE__,                                                                     \
        .result = IPC_RESULT_OF(R),                                                           \
        .count = IPC_COUNT_LIST P,                                                            \
        .parameters = {IPC_TYPE_LIST P},                                                      \
        .call = ipc_call_##N,                                                                 \
        .runtime = &ipc_runtime_slot}

//  IPC_REMOTE(type, name, (parameters)) { body } defines an ordinary function, callable locally, and
//  describes it so that views can run it on engines. Up to 8 parameters. Parameters and results: integers,
//  bool, float, double, both complex types, const char *, const ipc_array_t *, ipc_array_t *,
//  ipc_value_t, void. What it returns must outlive it: ipc_give(), ipc_text(), ipc_task_alloc().
#define IPC_REMOTE(R, N, P)                                                                   \
    R N P;                                                                                    \
    IPC_IMPORT(R, N, P);                                                                      \
    R N P

#endif
#endif
