//  What a client program includes: the whole public interface of libipclient. See docs/ and examples/.
#ifndef IPC_IPCLIENT_H
#define IPC_IPCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "client/client.h"
#include "client/cluster.h"
#include "client/control.h"
#include "client/cuda.h"
#include "client/history.h"
#include "client/imap.h"
#include "client/result.h"
#include "client/stream.h"
#include "client/view.h"
#include "common/array.h"
#include "common/error.h"
#include "common/remote.h"
#include "common/value.h"

#endif
