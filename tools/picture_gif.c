//  Animations as GIF. A picture has few colours: those of its maps, of which a GIF takes
//  some hundred each, and the greys of its letters; so one palette holds for all frames, and
//  a frame has only the rectangle that changed.
#include <errno.h>
#include <gif_lib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/file.h"
#include "tools/picture_draw.h"

enum {
    PALETTE_SIZE = 256,
    CLEAR = PALETTE_SIZE - 1, // lets what is shown stay
    GREYS = 48,
    LEVELS_MAX = 96,      // of a map: more are not seen, and make the file larger
    CACHE_SIZE = 1 << 12, // of colours that were looked up
    LAST_FRAME_CS = 100   // it stays for a second, before all begins anew
};

typedef struct palette {
    uint32_t colour[PALETTE_SIZE]; // 0x00rrggbb
    size_t count;
    int levels;                  // of each map
    uint32_t cached[CACHE_SIZE]; // colour + 1, 0: free
    unsigned char index[CACHE_SIZE];
} palette_t;

typedef struct animation {
    FILE *stream;
    GifFileType *gif;
    palette_t palette;
    int width, height;
    unsigned char *shown, *next; // indices of the frame that is shown, of the next one
    bool begun;
} animation_t;

static void add_map(palette_t *self, colours_t map)
{
    const canvas_t canvas = {.levels = self->levels};
    for (int i = 0; i < self->levels; i++)
        self->colour[self->count++] = draw_shade(&canvas, map, (i + 0.5) / self->levels);
}

static void fill_palette(palette_t *self, const picture_t *picture)
{
    bool used[COLOURS_COUNT] = {false};
    int maps = 0;
    for (size_t i = 0; i < picture->count; i++) {
        maps += !used[picture->panels[i].colours];
        used[picture->panels[i].colours] = true;
    }
    self->levels = (CLEAR - GREYS) / (maps > 0 ? maps : 1);
    self->levels = self->levels < LEVELS_MAX ? self->levels : LEVELS_MAX;
    for (uint32_t i = 0; i < GREYS; i++)
        self->colour[self->count++] = i * 255 / (GREYS - 1) * 0x010101;
    for (colours_t map = 0; map < COLOURS_COUNT; map++)
        if (used[map])
            add_map(self, map);
}

static int channel_distance(uint32_t a, uint32_t b, int shift)
{
    int distance = (int) (a >> shift & 0xff) - (int) (b >> shift & 0xff);
    return distance * distance;
}

static unsigned char nearest(const palette_t *self, uint32_t colour)
{
    size_t best = 0;
    int least = INT32_MAX;
    for (size_t i = 0; i < self->count && least > 0; i++) {
        const uint32_t other = self->colour[i];
        int distance = channel_distance(colour, other, 16) +
                       channel_distance(colour, other, 8) +
                       channel_distance(colour, other, 0);
        if (distance < least)
            least = distance, best = i;
    }
    return (unsigned char) best;
}

static unsigned char index_of(palette_t *self, uint32_t colour)
{
    const size_t place = (colour * 2654435761u) >> 20;
    if (self->cached[place] != colour + 1) {
        self->cached[place] = colour + 1;
        self->index[place] = nearest(self, colour);
    }
    return self->index[place];
}

//  --- The file ----------------------------------------------------------------------------

static int write_bytes(GifFileType *gif, const GifByteType *bytes, int size)
{
    return (int) fwrite(bytes, 1, (size_t) size, gif->UserData);
}

static int put_repetition(GifFileType *gif)
{
    static const unsigned char forever[] = {1, 0, 0};
    return EGifPutExtensionLeader(gif, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
           EGifPutExtensionBlock(gif, 11, "NETSCAPE2.0") == GIF_OK &&
           EGifPutExtensionBlock(gif, sizeof forever, forever) == GIF_OK &&
           EGifPutExtensionTrailer(gif) == GIF_OK;
}

static bool begin(animation_t *self, const canvas_t *canvas)
{
    int code = 0;
    self->width = cairo_image_surface_get_width(canvas->surface);
    self->height = cairo_image_surface_get_height(canvas->surface);
    self->shown = ipc_xalloc((size_t) self->width * (size_t) self->height);
    self->next = ipc_xalloc((size_t) self->width * (size_t) self->height);
    self->gif = EGifOpen(self->stream, write_bytes, &code);
    ColorMapObject *map = GifMakeMapObject(PALETTE_SIZE, NULL);
    if (!self->gif || !map)
        return false;
    for (size_t i = 0; i < self->palette.count; i++) {
        const uint32_t colour = self->palette.colour[i];
        map->Colors[i] =
            (GifColorType){colour >> 16 & 0xff, colour >> 8 & 0xff, colour & 0xff};
    }
    EGifSetGifVersion(self->gif, true);
    bool put =
        EGifPutScreenDesc(self->gif, self->width, self->height, 8, 0, map) == GIF_OK &&
        put_repetition(self->gif);
    GifFreeMapObject(map);
    return put;
}

static void take_pixels(animation_t *self, const canvas_t *canvas)
{
    const unsigned char *pixels = cairo_image_surface_get_data(canvas->surface);
    const int stride = cairo_image_surface_get_stride(canvas->surface);
    for (int y = 0; y < self->height; y++)
        for (int x = 0; x < self->width; x++) {
            uint32_t pixel;
            memcpy(&pixel, pixels + y * stride + x * 4, sizeof pixel);
            self->next[y * self->width + x] = index_of(&self->palette, pixel & 0xffffff);
        }
}

typedef struct rectangle {
    int left, top, right, bottom;
} rectangle_t;

//  Writes the rectangle that differs from what is shown: all of it at first; one pixel if
//  nothing. True when most of it is as it was.
static bool find_change(const animation_t *self, rectangle_t *at)
{
    int changed = 0;
    *at = (rectangle_t){0, 0, self->width, self->height};
    if (!self->begun)
        return false;
    *at = (rectangle_t){self->width, self->height, 0, 0};
    for (int y = 0; y < self->height; y++)
        for (int x = 0; x < self->width; x++) {
            if (self->shown[y * self->width + x] == self->next[y * self->width + x])
                continue;
            changed++;
            at->left = x < at->left ? x : at->left;
            at->right = x >= at->right ? x + 1 : at->right;
            at->top = y < at->top ? y : at->top;
            at->bottom = y + 1;
        }
    if (changed == 0)
        *at = (rectangle_t){0, 0, 1, 1};
    return changed * 2 < (at->right - at->left) * (at->bottom - at->top);
}

static bool put_pixels(animation_t *self, rectangle_t at, bool clear, unsigned char *line)
{
    const int width = at.right - at.left;
    for (int y = at.top; y < at.bottom; y++) {
        const int first = y * self->width + at.left;
        for (int x = 0; x < width; x++) {
            const unsigned char index = self->next[first + x];
            line[x] = clear && self->shown[first + x] == index ? CLEAR : index;
        }
        if (EGifPutLine(self->gif, line, width) != GIF_OK)
            return false;
    }
    return true;
}

//  Where most of a frame stays as it is, its pixels are clear: long runs, which take no room.
static bool put_frame(animation_t *self, int delay_cs)
{
    rectangle_t at;
    const bool clear = find_change(self, &at);
    GraphicsControlBlock control = {.DisposalMode = DISPOSE_DO_NOT,
                                    .DelayTime = delay_cs,
                                    .TransparentColor =
                                        clear ? CLEAR : NO_TRANSPARENT_COLOR};
    GifByteType extension[4];
    const size_t size = EGifGCBToExtension(&control, extension);
    unsigned char *line = ipc_xalloc((size_t) self->width);
    const bool put = EGifPutExtension(self->gif, GRAPHICS_EXT_FUNC_CODE, (int) size,
                                      extension) == GIF_OK &&
                     EGifPutImageDesc(self->gif, at.left, at.top, at.right - at.left,
                                      at.bottom - at.top, false, NULL) == GIF_OK &&
                     put_pixels(self, at, clear, line);
    free(line);
    unsigned char *shown = self->shown;
    self->shown = self->next;
    self->next = shown;
    self->begun = true;
    return put;
}

//  Draws one frame and writes it. 0, or -1 with *error, of which a text that is empty stands
//  for the file's.
static int add_frame(animation_t *self, const picture_t *picture, int delay_cs,
                     ipc_error_t *error)
{
    canvas_t canvas;
    if (!self->begun)
        fill_palette(&self->palette, picture);
    if (canvas_draw(&canvas, picture, self->palette.levels, error))
        return -1;
    bool written = self->begun || begin(self, &canvas);
    if (written) {
        take_pixels(self, &canvas);
        written = put_frame(self, delay_cs);
    }
    canvas_clear(&canvas);
    return written ? 0 : ipc_fail(error, IPC_E_SYSTEM, "%s", "");
}

//  Closes what is open; false when the file is not whole.
static bool end(animation_t *self)
{
    int code = 0;
    bool whole = self->gif && EGifCloseFile(self->gif, &code) == GIF_OK;
    free(self->shown);
    free(self->next);
    return fclose(self->stream) == 0 && whole;
}

int picture_check_gif(const char *path, ipc_error_t *error)
{
    (void) path, (void) error;
    return 0;
}

int picture_animate(const char *path, picture_frame_fn *frame, void *context, size_t count,
                    int fps, ipc_error_t *error)
{
    FILE *stream = fopen(path, "wb");
    if (!stream)
        return ipc_fail(error, IPC_E_SYSTEM, "%s cannot be written: %s", path,
                        strerror(errno));
    animation_t *self = ipc_xalloc(sizeof *self);
    self->stream = stream;
    ipc_error_t reason = {.text = ""};
    int status = 0;
    errno = 0;
    for (size_t i = 0; i < count && status == 0; i++)
        status = add_frame(self, frame(context, i),
                           i + 1 < count ? 100 / fps : LAST_FRAME_CS, &reason);
    const bool whole = end(self);
    free(self);
    if (status == 0 && whole)
        return 0;
    file_spoilt(path, errno ? strerror(errno) : "giflib could not", error);
    return reason.text[0] ? ipc_fail(error, reason.code, "%s", reason.text) : -1;
}
