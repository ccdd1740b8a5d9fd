//  What the tests of modules share: a module as an engine loads it.
//      KERNEL_MODULE   of the environment: the path of the module
#ifndef MODULE_SUPPORT_H
#define MODULE_SUPPORT_H

#include <check.h>
#include <stdbool.h>

#include "engine/ipmodule.h"

//  Calls a function of the module, which is loaded and initialised first.
ipc_value_t module_call(const char *function, ipc_value_t keywords);

//  Asks in a process of its own: tests are forks, and a process that has opened a CUDA device has none in its forks.
bool module_ask_apart(bool (*question)(void));

//  Whether the module finds a CUDA device beside the processor.
bool module_has_cuda(void);

//  Runs the tests of a case as a suite; gives the exit code.
int module_run_tests(const char *name, const TTest *const *tests, size_t count);

#endif
