//  Pictures: the PNG that is written has the size and the colours that were asked for. Runs
//  in a folder of its own, with cairo only.
#include "tests/tools/place.h"
#include "tools/picture.h"

#include <cairo.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"

enum { ROWS = 30, COLUMNS = 20 };

static ipc_array_t *new_step(void)
{
    ipc_array_t *array = ipc_array_new(IPC_F64, 2, (size_t[]){ROWS, COLUMNS}, NULL);
    ck_assert_ptr_nonnull(array);
    for (size_t i = ROWS / 2 * COLUMNS; i < ROWS * COLUMNS; i++)
        ipc_array_f64(array)[i] = 1;
    return array;
}

//  Whether some pixel of the picture has exactly this colour.
static bool has_colour(cairo_surface_t *image, uint32_t colour)
{
    int width = cairo_image_surface_get_width(image);
    int height = cairo_image_surface_get_height(image);
    const unsigned char *data = cairo_image_surface_get_data(image);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, data + y * cairo_image_surface_get_stride(image) + 4 * x, 4);
            if ((pixel & 0xffffff) == colour)
                return true;
        }
    return false;
}

static uint32_t pixel_at(cairo_surface_t *image, int x, int y)
{
    uint32_t pixel;
    const unsigned char *row =
        cairo_image_surface_get_data(image) + y * cairo_image_surface_get_stride(image);
    memcpy(&pixel, row + 4 * x, sizeof pixel);
    return pixel & 0xffffff;
}

//  The first place, row by row, that has this colour and all of the size x size pixels from there on too.
static bool find_block(cairo_surface_t *image, uint32_t colour, int size, int *left,
                       int *top)
{
    const int width = cairo_image_surface_get_width(image);
    const int height = cairo_image_surface_get_height(image);
    for (*top = 0; *top + size <= height; ++*top)
        for (*left = 0; *left + size <= width; ++*left) {
            int same = 0;
            while (same < size * size &&
                   pixel_at(image, *left + same % size, *top + same / size) == colour)
                same++;
            if (same == size * size)
                return true;
        }
    return false;
}

static place_t place; // one for each test, which has its own process
static char *const path = place.path;

static void make_folder(void)
{
    place_make(&place, "picture");
}

static void remove_folder(void)
{
    place_remove(&place);
}

//  Ends the name of the file.
static void name_file(const char *end)
{
    char name[32];
    snprintf(name, sizeof name, "picture%s", end);
    place_name(&place, name);
}

static picture_panel_t panel_of(const field_t *field, colours_t colours, double low,
                                double high)
{
    return (picture_panel_t){.title = "state",
                             .field = *field,
                             .colours = colours,
                             .low = low,
                             .high = high,
                             .right = (double) field->columns,
                             .bottom = (double) field->rows};
}

static picture_t picture_of(const picture_panel_t *panels, size_t count, size_t size)
{
    return (picture_t){.title = "two",
                       .x = "x",
                       .y = "y",
                       .u = "u",
                       .panels = panels,
                       .count = count,
                       .columns = count,
                       .size = size};
}

static cairo_surface_t *read_png(void)
{
    cairo_surface_t *image = cairo_image_surface_create_from_png(path);
    ck_assert_int_eq(cairo_surface_status(image), CAIRO_STATUS_SUCCESS);
    return image;
}

START_TEST(a_picture_shows_both_ends_of_each_range)
{
    ipc_array_t *array = new_step();
    field_t field;
    ipc_error_t error;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panels[] = {panel_of(&field, COLOURS_VIRIDIS, 0, 1),
                                panel_of(&field, COLOURS_RDBU, 0, 0)};
    panels[1].minus = &field;
    name_file(".png");
    ck_assert_int_eq(picture_check(path, &error), 0);
    picture_t picture = picture_of(panels, 2, PICTURE_SIZE);
    ck_assert_int_eq(picture_write(path, &picture, &error), 0);

    cairo_surface_t *image = read_png();
    ck_assert_int_gt(cairo_image_surface_get_width(image),
                     2 * PICTURE_SIZE * COLUMNS / ROWS);
    ck_assert_int_gt(cairo_image_surface_get_height(image), PICTURE_SIZE);
    ck_assert(has_colour(image, colours_at(COLOURS_VIRIDIS, 0)));
    ck_assert(has_colour(image, colours_at(COLOURS_VIRIDIS, 1)));
    ck_assert(has_colour(image, colours_at(COLOURS_RDBU, 0.5)));
    cairo_surface_destroy(image);
    ipc_array_destroy(&array);
}
END_TEST

//  The lower half of the step is 1, the upper 0: in the picture, too, and as wide and high as its domain.
START_TEST(each_part_of_a_field_is_where_it_belongs)
{
    ipc_array_t *array = new_step();
    field_t field;
    int left = 0, top = 0, left1 = 0, middle = 0;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panel = panel_of(&field, COLOURS_INFERNO, 0, 1);
    panel.right = 2 * panel.bottom; // twice as wide as it is high
    name_file(".png");
    picture_t picture = picture_of(&panel, 1, PICTURE_SIZE);
    ck_assert_int_eq(picture_write(path, &picture, NULL), 0);
    cairo_surface_t *image = read_png();
    const uint32_t zero = colours_at(COLOURS_INFERNO, 0),
                   one = colours_at(COLOURS_INFERNO, 1);
    ck_assert(find_block(image, zero, 100, &left, &top));
    ck_assert(find_block(image, one, 100, &left1, &middle));
    ck_assert_int_eq(left, left1);
    ck_assert_int_eq(middle - top,
                     PICTURE_SIZE / 4); // half of the height, which is half of the width
    ck_assert_uint_eq(pixel_at(image, left + PICTURE_SIZE - 1, top), zero);
    ck_assert_uint_eq(pixel_at(image, left + PICTURE_SIZE - 1, top + PICTURE_SIZE / 2 - 1),
                      one);
    ck_assert_uint_eq(pixel_at(image, left, middle - 1), zero);
    cairo_surface_destroy(image);
    ipc_array_destroy(&array);
}
END_TEST

//  Three panels of which one has failed: two fields, one bar, which shows both ends once.
START_TEST(a_sheet_has_one_bar_and_an_empty_place)
{
    ipc_array_t *array = new_step();
    field_t field;
    int left = 0, top = 0;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panels[] = {panel_of(&field, COLOURS_VIRIDIS, 0, 2),
                                panel_of(&field, COLOURS_VIRIDIS, 0, 2),
                                panel_of(&field, COLOURS_VIRIDIS, 0, 2)};
    panels[1].field = (field_t){0};
    name_file(".png");
    picture_t picture = picture_of(panels, 3, PICTURE_SIZE_SMALL);
    picture.shared = true;
    ck_assert_int_eq(picture_write(path, &picture, NULL), 0);
    cairo_surface_t *image = read_png();
    ck_assert(
        has_colour(image, colours_at(COLOURS_VIRIDIS, 0.5))); // the ones, of a range to 2
    ck_assert(find_block(image, colours_at(COLOURS_VIRIDIS, 0.5), 60, &left, &top));
    ck_assert(find_block(image, 0xffffff, 60, &left, &top));
    int ends = 0; // columns of pixels in which the top of the bar, the colour of 2, is
    for (int x = 0; x < cairo_image_surface_get_width(image); x++) {
        bool found = false;
        for (int y = 0; y < cairo_image_surface_get_height(image); y++)
            found = found ||
                    pixel_at(image, x, y) == colours_at(COLOURS_VIRIDIS, 1 - 0.5 / 190);
        ends += found;
    }
    ck_assert_int_eq(ends, 15);
    cairo_surface_destroy(image);
    ipc_array_destroy(&array);
}
END_TEST

//  Draws two panels side by side with one colour bar, and finds the place of the first.
static cairo_surface_t *draw_pair(picture_panel_t panels[2], int size, int *left, int *top)
{
    name_file(".png");
    picture_t picture = picture_of(panels, 2, size);
    picture.shared = true;
    ck_assert_int_eq(picture_write(path, &picture, NULL), 0);
    cairo_surface_t *image = read_png();
    ck_assert(find_block(image, colours_at(COLOURS_VIRIDIS, 0), 40, left, top));
    return image;
}

//  Whether some row of pixels, from first on, has a colour between two columns.
static bool is_inked(cairo_surface_t *image, int left, int right, int first, int end)
{
    for (int y = first; y < end; y++)
        for (int x = left; x < right; x++)
            if (pixel_at(image, x, y) != 0xffffff)
                return true;
    return false;
}

//  Titles that are wider than their panels do not run into one another: between two there is white.
START_TEST(long_titles_of_panels_keep_apart)
{
    static const char *const titles[] = {"insulated edges, square",
                                         "finite differences, \u03b1 = 0.4642, \u0394t = 0.05"};
    enum { SIZE = 100, BETWEEN = 30, ABOVE = 30 };
    ipc_array_t *array = new_step();
    field_t field;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    for (int i = 0; i < 2; i++) {
        picture_panel_t panels[] = {panel_of(&field, COLOURS_VIRIDIS, 0, 1), panel_of(&field, COLOURS_VIRIDIS, 0, 1)};
        int left = 0, top = 0;
        for (int k = 0; k < 2; k++) {
            panels[k].title = titles[i];
            panels[k].right = panels[k].bottom; // as wide as it is high
        }
        cairo_surface_t *image = draw_pair(panels, SIZE, &left, &top);
        const int middle = left + SIZE + BETWEEN / 2;
        ck_assert(!is_inked(image, middle - 2, middle + 2, top - ABOVE, top - 2));
        ck_assert(is_inked(image, left, left + SIZE, top - ABOVE, top - 2));
        cairo_surface_destroy(image);
    }
    ipc_array_destroy(&array);
}
END_TEST

//  The last number of an axis and the first of that beside it are two numbers.
START_TEST(numbers_of_axes_keep_apart)
{
    enum { SIZE = 200, BETWEEN = 30, BELOW = 26 };
    ipc_array_t *array = new_step();
    field_t field;
    int left = 0, top = 0;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panels[] = {panel_of(&field, COLOURS_VIRIDIS, 0, 1), panel_of(&field, COLOURS_VIRIDIS, 0, 1)};
    for (int k = 0; k < 2; k++) panels[k].right = panels[k].bottom = 1;
    cairo_surface_t *image = draw_pair(panels, SIZE, &left, &top);
    const int middle = left + SIZE + BETWEEN / 2, below = top + SIZE + 2;
    ck_assert(!is_inked(image, middle - 3, middle + 3, below, below + BELOW));
    ck_assert(is_inked(image, middle - BETWEEN, middle, below, below + BELOW));
    ck_assert(is_inked(image, middle, middle + BETWEEN, below, below + BELOW));
    cairo_surface_destroy(image);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(one_row_is_a_curve)
{
    ipc_array_t *array = ipc_array_new(IPC_F64, 1, (size_t[]){8}, NULL);
    for (int i = 0; i < 8; i++) ipc_array_f64(array)[i] = i % 2;
    field_t field;
    int left, top;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panel = panel_of(&field, COLOURS_VIRIDIS, 0, 1);
    picture_t picture = picture_of(&panel, 1, PICTURE_SIZE);
    name_file(".png");
    ck_assert_int_eq(picture_write(path, &picture, NULL), 0);
    cairo_surface_t *image = read_png();
    ck_assert(has_colour(image, colours_at(COLOURS_VIRIDIS, 0.4)));
    ck_assert(!find_block(image, colours_at(COLOURS_VIRIDIS, 0), 8, &left,
                          &top)); // no field, no bar
    cairo_surface_destroy(image);
    ipc_array_destroy(&array);
}
END_TEST

//  What is drawn in greys is read again: 0 is black, 1 white.
START_TEST(a_png_is_read_as_numbers)
{
    ipc_array_t *array = new_step();
    field_t field;
    ipc_error_t error;
    double low, high;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panel = panel_of(&field, COLOURS_GREY, 0, 1);
    picture_t picture = picture_of(&panel, 1, PICTURE_SIZE);
    name_file(".png");
    ck_assert_int_eq(picture_write(path, &picture, NULL), 0);
    ipc_array_t *read = picture_read(path, &error);
    ck_assert_ptr_nonnull(read);
    ck_assert_int_eq(field_of_array(&field, read, NULL), 0);
    field_range(&field, &low, &high);
    ck_assert_double_eq(low, 0);
    ck_assert_double_eq_tol(high, 1, 1e-12);
    ck_assert_uint_gt(field.rows, PICTURE_SIZE);
    ck_assert_ptr_null(picture_read("/dev/null", &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_ptr_null(picture_read("/nowhere/a.png", &error));
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ipc_array_destroy(&read);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(a_bad_path_is_refused_before_the_work)
{
    ipc_error_t error;
    ck_assert_int_eq(picture_check("heat.jpg", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_int_eq(picture_check("/nowhere/heat.png", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/heat.png"));
}
END_TEST

//  A disk that is full is told as such, and leaves no half of a file.
START_TEST(a_picture_that_cannot_be_written_says_why)
{
    ipc_array_t *array = new_step();
    field_t field;
    ipc_error_t error;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panel = panel_of(&field, COLOURS_VIRIDIS, 0, 1);
    picture_t picture = picture_of(&panel, 1, PICTURE_SIZE_SMALL);
    ck_assert_int_eq(picture_write("/dev/full", &picture, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "No space left"));
    picture.count = 0;
    ck_assert_int_eq(picture_write("/dev/null", &picture, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ipc_array_destroy(&array);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("picture");
    tcase_add_test(tests, a_picture_shows_both_ends_of_each_range);
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, each_part_of_a_field_is_where_it_belongs);
    tcase_add_test(tests, a_sheet_has_one_bar_and_an_empty_place);
    tcase_add_test(tests, long_titles_of_panels_keep_apart);
    tcase_add_test(tests, numbers_of_axes_keep_apart);
    tcase_add_test(tests, one_row_is_a_curve);
    tcase_add_test(tests, a_png_is_read_as_numbers);
    tcase_add_test(tests, a_bad_path_is_refused_before_the_work);
    tcase_add_test(tests, a_picture_that_cannot_be_written_says_why);
    tcase_set_timeout(tests, 30);
    return run_suite("picture", tests);
}
