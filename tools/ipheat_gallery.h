//  ipheat_gallery_t: what jobs look like, frame by frame, kept in the pixels that pictures
//  have; and the pictures of them.
#ifndef IPC_TOOLS_IPHEAT_GALLERY_H
#define IPC_TOOLS_IPHEAT_GALLERY_H

#include "tools/ipheat_job.h"

typedef struct ipheat_gallery ipheat_gallery_t;

//      options    borrowed for the life of self
ipheat_gallery_t *ipheat_gallery_new(const ipheat_options_t *options);
void ipheat_gallery_destroy(ipheat_gallery_t **self_p);

//  Keeps what a frame of a job shows, of which the field and its range are there. 0, or -1
//  with *error: MEMORY.
int ipheat_gallery_take(ipheat_gallery_t *self, const ipheat_job_t *job, size_t frame,
                        ipc_error_t *error);

//  Writes a PNG of the last frame, or a GIF of all, as the path ends. A failed job has an
//  empty panel; of one combination of settings alone the first two methods' difference is
//  shown besides. 0, or -1 with *error.
//      jobs       borrowed; count jobs, one of which at least is done
int ipheat_gallery_draw(ipheat_gallery_t *self, const ipheat_job_t *jobs, size_t count,
                        const char *path, ipc_error_t *error);

#endif
