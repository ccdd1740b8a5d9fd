#include "controller/span.h"

//  From, event, to.
// clang-format off
static const struct { span_state_t from; span_event_t event; span_state_t to; } span_table[] = {
    { SPAN_FREE,   SPAN_WAITS, SPAN_QUEUED }, // made, or given back by an engine
    { SPAN_QUEUED, SPAN_GOES,  SPAN_SENT   },
    { SPAN_SENT,   SPAN_WAITS, SPAN_QUEUED }, // its engine died before it started
    { SPAN_SENT,   SPAN_ENDS,  SPAN_FREE   }, // every item has a result or is elsewhere
    { SPAN_QUEUED, SPAN_ENDS,  SPAN_FREE   }, // its client left, its engine is gone
};
// clang-format on

bool span_advance(scheduler_span_t *span, span_event_t event)
{
    for (size_t i = 0; i < sizeof span_table / sizeof span_table[0]; i++)
        if (span_table[i].from == (span_state_t) span->state && span_table[i].event == event) {
            span->state = span_table[i].to;
            return true;
        }
    return false;
}

void list_remove(span_list_t *list, scheduler_span_t *span)
{
    *(span->previous ? &span->previous->next : &list->first) = span->next;
    *(span->next ? &span->next->previous : &list->last) = span->previous;
    span->next = span->previous = NULL;
}

void list_append(span_list_t *list, scheduler_span_t *span)
{
    span->previous = list->last;
    span->next = NULL;
    *(list->last ? &list->last->next : &list->first) = span;
    list->last = span;
}

void list_prepend(span_list_t *list, scheduler_span_t *span)
{
    span->next = list->first;
    span->previous = NULL;
    *(list->first ? &list->first->previous : &list->last) = span;
    list->first = span;
}
