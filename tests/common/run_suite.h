//  run_suite(): how the main() of each test program ends.
#ifndef TESTS_COMMON_RUN_SUITE_H
#define TESTS_COMMON_RUN_SUITE_H

#include <check.h>

//  Runs the tests as a suite, in which they are the only case. Gives main()'s exit code: 1 if one failed, else 0.
//  CK_VERBOSITY of the environment says how much is printed.
//      name    borrowed; of the suite, which Check prints
//      tests   freed with the suite
int run_suite(const char *name, TCase *tests);

#endif
