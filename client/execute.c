//  Source that engines compile and run.
#include <string.h>

#include "client/draft.h"
#include "client/views.h"
#include "common/fail.h"

static int send_cell(draft_t *self, const char *source, uint64_t number)
{
    draft_target_engines(self);
    bool cuda = number > 0 && self->options.cuda; // an include is of C
    self->function = function_of_kind(self->client, cuda ? IPC_FUNCTION_CUDA : IPC_FUNCTION_EXECUTE);
    return draft_argument(self, ipc_value_from_str(source)) || draft_argument(self, ipc_value_from_u64(number)) ||
           draft_argument(self, ipc_value_from_u64(self->client->uuid + self->client->next_job));
}

ipc_result_t *ipc_view_execute(ipc_view_t *view, const ipc_call_t *call, const char *source)
{
    draft_t draft;
    draft_begin(&draft, view, call, "execute");
    draft.cell = ++draft.client->cells;
    if (!draft_need_direct(&draft, "a cell"))
        send_cell(&draft, source, draft.cell);
    return draft_end(&draft, draft_shape(&draft));
}

//  "<complex.h>" or "\"mine.h\"", and nothing behind it.
static bool is_header(const char *header)
{
    size_t size = strlen(header);
    const char *ends = size > 2 && header[0] == '<' ? ">" : "\"";
    return size > 2 && (header[0] == '<' || header[0] == '"') && strcspn(header + 1, ends) == size - 2 &&
           !strchr(header, '\n');
}

ipc_result_t *ipc_view_include(ipc_view_t *view, const ipc_call_t *call, const char *header)
{
    enum { HEADER_MAX = 1024 };
    char source[HEADER_MAX + 16];
    draft_t draft;
    draft_begin(&draft, view, call, "include");
    if (!draft_need_direct(&draft, header)) {
        if (!is_header(header) || strlen(header) > HEADER_MAX) {
            ipc_fail(&draft.error, IPC_E_ARGUMENT,
                     "the argument header of an include is written as in C, \"<complex.h>\", not '%.100s'", header);
        } else {
            snprintf(source, sizeof source, "#include %s\n", header);
            send_cell(&draft, source, 0);
        }
    }
    return draft_end(&draft, draft_shape(&draft));
}
