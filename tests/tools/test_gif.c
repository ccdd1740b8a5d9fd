//  Animations: the GIF that is written has the frames, the colours and the times that were
//  asked for. With cairo and giflib only.
#include <check.h>
#include <gif_lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/common/run_suite.h"
#include "tests/tools/place.h"
#include "tools/picture.h"
#include "tools/picture_draw.h"

enum { SIDE = 19, FRAMES = 5, FPS = 10 };

static place_t place; // one for each test, which has its own process
static char *const path = place.path;

static void make_folder(void)
{
    place_make(&place, "a.gif");
}

static void remove_folder(void)
{
    place_remove(&place);
}

//  A film in which all is 0, but for the first i + 1 rows, which are 1, in frame i.
typedef struct film {
    double numbers[SIDE * SIDE];
    picture_panel_t panels[2];
    picture_t picture;
} film_t;

static void make_film(film_t *self, size_t panels)
{
    *self = (film_t){.picture = {.title = "film",
                                 .x = "x",
                                 .y = "y",
                                 .u = "u",
                                 .panels = self->panels,
                                 .count = panels,
                                 .columns = panels,
                                 .size = PICTURE_SIZE_SMALL}};
    for (size_t i = 0; i < panels; i++)
        self->panels[i] =
            (picture_panel_t){.title = "panel",
                              .field = {NULL, self->numbers, SIDE, SIDE},
                              .colours = i == 0 ? COLOURS_VIRIDIS : COLOURS_RDBU,
                              .high = 1,
                              .right = SIDE,
                              .bottom = SIDE};
}

static const picture_t *frame_of(void *context, size_t i)
{
    film_t *self = context;
    for (size_t k = 0; k < SIDE * SIDE; k++) self->numbers[k] = k / SIDE <= i;
    return &self->picture;
}

//  Paints frame i of the file over the screen, as viewers do.
static void paint(GifFileType *gif, int i, uint32_t *screen)
{
    const GifImageDesc *at = &gif->SavedImages[i].ImageDesc;
    GraphicsControlBlock control;
    ck_assert_int_eq(DGifSavedExtensionToGCB(gif, i, &control), GIF_OK);
    ck_assert_int_le(at->Left + at->Width, gif->SWidth);
    ck_assert_int_le(at->Top + at->Height, gif->SHeight);
    for (int y = 0; y < at->Height; y++)
        for (int x = 0; x < at->Width; x++) {
            const int index = gif->SavedImages[i].RasterBits[y * at->Width + x];
            if (index == control.TransparentColor)
                continue;
            const GifColorType *colour = &gif->SColorMap->Colors[index];
            screen[(y + at->Top) * gif->SWidth + x + at->Left] =
                (uint32_t) colour->Red << 16 | (uint32_t) colour->Green << 8 | colour->Blue;
        }
}

static size_t count_colour(const GifFileType *gif, const uint32_t *screen, uint32_t colour)
{
    size_t count = 0;
    for (int i = 0; i < gif->SWidth * gif->SHeight; i++) count += screen[i] == colour;
    return count;
}

static GifFileType *read_gif(void)
{
    int code = 0;
    GifFileType *gif = DGifOpenFileName(path, &code);
    ck_assert_ptr_nonnull(gif);
    ck_assert_int_eq(DGifSlurp(gif), GIF_OK);
    return gif;
}

//  The ones of frame i take (i + 1) / SIDE of the field's pixels, in exactly the map's colour.
START_TEST(each_frame_shows_its_state)
{
    film_t film;
    make_film(&film, 1);
    ck_assert_int_eq(picture_animate(path, frame_of, &film, FRAMES, FPS, NULL), 0);
    GifFileType *gif = read_gif();
    ck_assert_int_eq(gif->ImageCount, FRAMES);
    uint32_t *screen = calloc((size_t) (gif->SWidth * gif->SHeight), sizeof *screen);
    const size_t row = PICTURE_SIZE_SMALL * PICTURE_SIZE_SMALL / SIDE;
    size_t bar = 0;
    for (int i = 0; i < FRAMES; i++) {
        paint(gif, i, screen);
        const size_t ones = count_colour(gif, screen, colours_at(COLOURS_VIRIDIS, 1));
        if (i == 0)
            bar = ones - row;
        ck_assert_uint_eq(ones, bar + (size_t) (i + 1) * row);
    }
    ck_assert_uint_lt(bar, 100); // of the colour bar, whose end has that colour too
    ck_assert_int_lt(gif->SavedImages[1].ImageDesc.Height, 20); // what changed, no more
    free(screen);
    DGifCloseFile(gif, NULL);
}
END_TEST

START_TEST(frames_are_shown_for_their_time)
{
    film_t film;
    make_film(&film, 1);
    ck_assert_int_eq(picture_animate(path, frame_of, &film, FRAMES, FPS, NULL), 0);
    GifFileType *gif = read_gif();
    for (int i = 0; i < FRAMES; i++) {
        GraphicsControlBlock control;
        ck_assert_int_eq(DGifSavedExtensionToGCB(gif, i, &control), GIF_OK);
        ck_assert_int_eq(control.DelayTime, i + 1 < FRAMES ? 100 / FPS : 100);
        ck_assert_int_eq(control.DisposalMode, DISPOSE_DO_NOT);
    }
    DGifCloseFile(gif, NULL);
}
END_TEST

//  A diverging map beside the other finds its place in the palette: none of its colours is
//  further away than a level. 8 of 255: the steepest channel of a map changes by 690 from end
//  to end, if all of it were so steep, in 96 levels.
START_TEST(two_maps_share_a_palette)
{
    film_t film;
    canvas_t canvas;
    make_film(&film, 2);
    ck_assert_int_eq(picture_animate(path, frame_of, &film, 2, FPS, NULL), 0);
    GifFileType *gif = read_gif();
    uint32_t *screen = calloc((size_t) (gif->SWidth * gif->SHeight), sizeof *screen);
    paint(gif, 0, screen);
    ck_assert_int_eq(canvas_draw(&canvas, frame_of(&film, 0), 0, NULL), 0);
    const unsigned char *wanted = cairo_image_surface_get_data(canvas.surface);
    int most = 0;
    for (int i = 0; i < 4 * gif->SWidth * gif->SHeight; i++) {
        const int y = i / 4 / gif->SWidth, x = i / 4 % gif->SWidth, shift = 8 * (i % 4);
        uint32_t pixel;
        memcpy(&pixel, wanted + y * cairo_image_surface_get_stride(canvas.surface) + 4 * x,
               4);
        if (shift == 24)
            continue;
        const int distance =
            abs((int) (pixel >> shift & 0xff) - (int) (screen[i / 4] >> shift & 0xff));
        most = distance > most ? distance : most;
    }
    ck_assert_int_le(most, 8);
    canvas_clear(&canvas);
    free(screen);
    DGifCloseFile(gif, NULL);
}
END_TEST

START_TEST(what_cannot_be_written_says_why)
{
    film_t film;
    ipc_error_t error;
    make_film(&film, 1);
    ck_assert_int_eq(picture_animate("/dev/full", frame_of, &film, FRAMES, FPS, &error),
                     -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_msg(strstr(error.text, "No space left") != NULL, "%s", error.text);
    ck_assert_int_eq(picture_animate("/nowhere/a.gif", frame_of, &film, 2, FPS, &error),
                     -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    film.picture.count = 0;
    ck_assert_int_eq(picture_animate(path, frame_of, &film, 2, FPS, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_int_ne(access(path, F_OK), 0); // what was begun is gone
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("gif");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, each_frame_shows_its_state);
    tcase_add_test(tests, frames_are_shown_for_their_time);
    tcase_add_test(tests, two_maps_share_a_palette);
    tcase_add_test(tests, what_cannot_be_written_says_why);
    tcase_set_timeout(tests, 30);
    return run_suite("gif", tests);
}
