//  ipcluster tasks --sql in a build without SQLite.
#include "common/fail.h"
#include "tools/ipcluster.h"

int show_sql(const ipc_history_t *history, const char *sql, bool as_json, ipc_error_t *error)
{
    (void) history;
    (void) sql;
    (void) as_json;
    return ipc_fail(error, IPC_E_ARGUMENT, "--sql is missing: this program was built without SQLite (libsqlite3-dev)");
}
