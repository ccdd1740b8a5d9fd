//  Spans: their states, and the lists they stand in (not for users of the scheduler).
#ifndef IPC_CONTROLLER_SPAN_H
#define IPC_CONTROLLER_SPAN_H

#include "controller/scheduler.h"

typedef enum span_event { SPAN_WAITS, SPAN_GOES, SPAN_ENDS, SPAN_EVENTS } span_event_t;

//  Changes the state by the table in span.c, which alone assigns it. False: the event means nothing now.
bool span_advance(scheduler_span_t *span, span_event_t event);

//  A list of spans through their next and previous.
typedef struct span_list {
    scheduler_span_t *first, *last;
} span_list_t;

void list_append(span_list_t *list, scheduler_span_t *span);
void list_prepend(span_list_t *list, scheduler_span_t *span);
void list_remove(span_list_t *list, scheduler_span_t *span);

#endif
