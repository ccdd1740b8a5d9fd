//  Peers: found by route, written to in one frame a turn, watched by pidfd.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/frame.h"
#include "controller/recovery.h"

static size_t bucket_of(const void *socket, const void *route, size_t size)
{
    uint64_t hash = 14695981039346656037u ^ (uintptr_t) socket; // FNV-1a
    for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *) route)[i]) * 1099511628211u;
    return (hash ^ hash >> 32) % PEER_BUCKETS;
}

peer_t *peer_find(controller_t *self, void *socket, const void *route, size_t size)
{
    peer_t *peer = self->buckets[bucket_of(socket, route, size)];
    while (peer && (peer->socket != socket || peer->route_size != size || memcmp(peer->route, route, size)))
        peer = peer->next;
    return peer;
}

peer_t *peer_new(controller_t *self, void *socket, const void *route, size_t size)
{
    peer_t *peer = ipc_xalloc(sizeof *peer);
    peer->controller = self;
    peer->number = ++self->peer_number;
    peer->socket = socket;
    peer->route_size = size < ROUTE_MAX ? size : ROUTE_MAX;
    memcpy(peer->route, route, peer->route_size);
    peer->pidfd = -1;
    peer_t **bucket = &self->buckets[bucket_of(socket, route, size)];
    peer->next = *bucket;
    *bucket = peer;
    return peer;
}

static void peer_free(peer_t *peer)
{
    ipc_writer_destroy(&peer->out);
    dependencies_destroy(&peer->dependencies);
    terms_free(&peer->terms);
    ipc_writer_destroy(&peer->unseen);
    ipc_writer_destroy(&peer->safe);
    ipc_ranges_free(&peer->missing);
    free(peer->functions);
    free(peer->known);
    free(peer);
}

scheduler_span_t *peer_span(const peer_t *engine, uint64_t id)
{
    controller_t *controller = engine->controller;
    const engine_entry_t *entry = &controller->entries[engine->engine];
    return scheduler_span(controller->scheduler, entry_span(entry, id), engine->engine);
}

static peer_t **owner_bucket(controller_t *self, uint64_t owner)
{
    return &self->owners[(owner ^ owner >> 32) % PEER_BUCKETS];
}

void peer_own(peer_t *peer, uint64_t owner)
{
    peer_t **bucket = owner_bucket(peer->controller, owner);
    peer->owner = owner;
    peer->next_owner = *bucket;
    *bucket = peer;
}

void peer_disown(peer_t *peer)
{
    peer_t **at = owner_bucket(peer->controller, peer->owner);
    while (*at && *at != peer) at = &(*at)->next_owner;
    if (*at)
        *at = peer->next_owner;
}

peer_t *peer_of_owner(controller_t *self, uint64_t owner)
{
    peer_t *peer = *owner_bucket(self, owner);
    while (peer && peer->owner != owner) peer = peer->next_owner;
    return peer;
}

//  The files of an owner that is gone which nobody holds: what it kept for reuse, and what it had not sent yet.
static void remove_unheld(controller_t *self, uint64_t owner)
{
    enum { OWNER_DIGITS = 16 };
    DIR *directory = opendir(self->client_file.shm);
    if (!directory)
        return;
    for (struct dirent *file; (file = readdir(directory));) {
        char *end = NULL;
        ipc_object_t object = {.owner = strtoull(file->d_name, &end, 16)};
        if (end != file->d_name + OWNER_DIGITS || *end != '-' || object.owner != owner)
            continue;
        object.number = strtoull(end + 1, NULL, 16);
        if (!objects_is_held(self->objects, object))
            unlinkat(dirfd(directory), file->d_name, 0);
    }
    closedir(directory);
}

void peer_drop(controller_t *self, peer_t *peer)
{
    peer_unwatch(peer);
    peer_disown(peer);
    if (self->recovery)
        recovery_forget(self->recovery, peer);
    if (peer->kind == PEER_CLIENT)
        client_gone(self, peer);
    if (peer->kind == PEER_ENGINE)
        engine_gone(self, peer);
    objects_forget(self->objects, peer->number);
    if (peer->kind != PEER_NEW)
        remove_unheld(self, peer->owner);
    for (size_t i = 0; peer->listed && i < self->dirty_count; i++)
        if (self->dirty[i] == peer)
            self->dirty[i] = NULL;
    for (size_t i = 0; i < self->pending_count; i++)
        if (self->pending[i].peer == peer)
            self->pending[i].peer = NULL;
    peer_t **at = &self->buckets[bucket_of(peer->socket, peer->route, peer->route_size)];
    while (*at != peer) at = &(*at)->next;
    *at = peer->next;
    peer_free(peer);
}

void peers_free(controller_t *self)
{
    for (size_t i = 0; i < PEER_BUCKETS; i++)
        while (self->buckets[i]) {
            peer_t *peer = self->buckets[i];
            self->buckets[i] = peer->next;
            peer_unwatch(peer);
            peer_free(peer);
        }
}

//  False when the peer is not there any more.
static bool peer_flush(peer_t *peer)
{
    if (peer->out.size == 0)
        return true;
    if (TEMP_FAILURE_RETRY(zmq_send(peer->socket, peer->route, peer->route_size, ZMQ_SNDMORE | ZMQ_DONTWAIT)) < 0) {
        ipc_writer_clear(&peer->out);
        return errno != EHOSTUNREACH;
    }
    ipc_frame_send(&peer->out, peer->socket);
    return true;
}

//  A client that reads nothing, as one that is stopped, must not make this process hold results without limit.
static void count_unread(peer_t *peer)
{
    uint64_t unread = peer->told_bytes - peer->taken_bytes;
    bool paused = peer->paused ? unread > UNREAD_LIMIT / 2 : unread > UNREAD_LIMIT;
    if (paused != peer->paused)
        scheduler_client_pause(peer->controller->scheduler, peer->client, paused);
    peer->paused = paused;
}

void peer_takes(peer_t *peer, uint64_t bytes)
{
    if (bytes > peer->told_bytes || bytes < peer->taken_bytes)
        return;
    peer->taken_bytes = bytes;
    count_unread(peer);
}

void peer_send(peer_t *peer, const ipc_msg_t *msg)
{
    controller_t *self = peer->controller;
    if (msg->type == IPC_MSG_RESULT && msg->result.failed)
        engines_tell_first(self, peer); // it may say that one is lost
    if (msg->type == IPC_MSG_RESULT && peer->dependencies) {
        dependencies_note(peer->dependencies, msg);
        self->decided = self->decided || dependencies_has_next(peer->dependencies);
    }
    if (msg->type == IPC_MSG_RESULT) {
        peer->results++;
        peer->told_bytes += msg->result.body.size;
        count_unread(peer);
    }
    ipc_msg_pack(msg, &peer->out);
    if (!peer->listed) {
        if (self->dirty_count == self->dirty_room) {
            self->dirty_room = self->dirty_room ? 2 * self->dirty_room : 64;
            self->dirty = ipc_xrealloc(self->dirty, self->dirty_room * sizeof self->dirty[0]);
        }
        self->dirty[self->dirty_count++] = peer;
        peer->listed = true;
    }
    if (peer->out.size >= FRAME_FULL)
        peer_flush(peer);
}

void peer_fail(peer_t *peer, uint64_t job, uint64_t count, int code, const char *text)
{
    peer_fail_some(peer, job, 0, count, code, text);
}

void peer_fail_some(peer_t *peer, uint64_t job, uint64_t first, uint64_t count, int code, const char *text)
{
    ipc_writer_t body = {0};
    ipc_failure_t failure = {.code = (uint32_t) code, .kind = ipc_bytes_of(ipc_code_kind(code)),
                             .text = ipc_bytes_of(text)};
    ipc_failure_pack(&failure, &body);
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_RESULT,
                                 .result = {.failed = 1,
                                            .engine = SCHEDULER_NO_ENGINE,
                                            .job = job,
                                            .first = first,
                                            .count = count,
                                            .body = {body.data, body.size}}});
    ipc_writer_destroy(&body);
}

void peers_flush(controller_t *self)
{
    // A peer that is found gone is dropped, which may give other peers something to say.
    for (size_t i = 0; i < self->dirty_count; i++) {
        peer_t *peer = self->dirty[i];
        self->dirty[i] = NULL;
        if (!peer)
            continue;
        peer->listed = false;
        if (!peer_flush(peer))
            peer_drop(self, peer);
    }
    self->dirty_count = 0;
}

void peer_refuse(peer_t *peer, int code, const char *text)
{
    fprintf(stderr, "warning: peer %u (pid %d) is refused: %s\n", peer->number, peer->pid, text);
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_REFUSED,
                                 .refused = {.code = (uint32_t) code, .text = ipc_bytes_of(text)}});
}

void peer_expel(controller_t *self, peer_t *peer, int code, const char *text)
{
    peer_refuse(peer, code, text);
    peer_dismiss(self, peer);
}

void peer_dismiss(controller_t *self, peer_t *peer)
{
    peer_flush(peer); // whether it is there or not
    peer_drop(self, peer);
}

void parcel_release(parcel_t *parcel)
{
    if (--parcel->references > 0)
        return;
    zmq_msg_close(&parcel->frame);
    free(parcel);
}

int64_t monotonic_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}
