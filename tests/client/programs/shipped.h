//  What a shared library offers: an ordinary function, and one that applies its own remote
//  function.
#ifndef SHIPPED_H
#define SHIPPED_H

#include <ipclient.h>

double shipped_scale(double x);
ipc_result_t *shipped_apply(ipc_view_t *view, double x);

#endif
