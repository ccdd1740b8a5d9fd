//  random_options_t: the keywords of random.uniform, random.normal and random.pi, read,
//  checked and completed.
#ifndef RANDOM_OPTIONS_H
#define RANDOM_OPTIONS_H

#include "kernels/common/arrays.h"

enum { RANDOM_DEFAULT_SAMPLES = 1000000 };

typedef enum random_function { RANDOM_UNIFORM, RANDOM_NORMAL, RANDOM_PI } random_function_t;

typedef struct random_options {
    int ndim; // 0: a single number is wanted, and no array
    size_t shape[IPC_MAX_DIMENSIONS];
    uint64_t count;    // numbers, or points
    ipc_dtype_t dtype; // IPC_F64 or IPC_F32
    double low, high;
    double mean, sigma;
    uint64_t seed, stream;
    uint64_t first;   // place of the first number, or point, in the stream
    kernel_place_t place;
    int threads;      // 0: as many as are free
    const char *keep; // lent by the keywords; NULL: return the result
} random_options_t;

//  Reads the keywords of a function. A keyword that is none has its default.
//
//      n         integer         a 1-D array of so many numbers
//      shape     integers        an array of that shape, of 1 to 8 dimensions; with neither:
//                                a single number
//      dtype     "float64"       or "float32", of the array
//      low       0               random.uniform: the numbers are at least low and
//      high      1               below high
//      mean      0               random.normal
//      sigma     1               random.normal: the standard deviation
//      samples   1,000,000       random.pi: points in the square
//      seed      0               from 0 to 2^64 - 1
//      stream    engine's id     from 0 to 2^64 - 1; the default outside of an engine is 0.
//                                Balanced tasks should say which stream is theirs
//      first     0               how many numbers, or points, of the stream to leave out
//      device    "auto"          "cpu" or "cuda"; "auto" is the processor
//      threads   those free      random numbers do not depend on it
//      keep      return it       a name: keep the result under it on the engine; where device
//                                is "cuda", on the device
//
//  0, or -1 with *error, of which the kind is TypeError, ValueError, NameError (an unknown
//  keyword), MemoryError or DeviceError.
//      keywords   borrowed as long as self is used; a dictionary, or none
int random_options_read(random_options_t *self, random_function_t function,
                        ipc_value_t keywords, ipc_error_t *error);

#endif
