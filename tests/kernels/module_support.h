//  What the tests of modules share: a module as an engine loads it.
//      KERNEL_MODULE   of the environment: the path of the module
#ifndef MODULE_SUPPORT_H
#define MODULE_SUPPORT_H

#include <check.h>

#include "engine/ipmodule.h"

//  Calls a function of the module, which is loaded and initialised first.
ipc_value_t module_call(const char *function, ipc_value_t keywords);

//  Runs the tests of a case as a suite; gives the exit code.
int module_run_tests(const char *name, const TTest *const *tests, size_t count);

#endif
