//  Pictures: the PNG that is written has the size and the colours that were asked for. Runs
//  in a folder of its own, with cairo only.
#include "tools/picture.h"

#include <cairo.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

START_TEST(a_picture_shows_both_ends_of_each_range)
{
    char folder[] = "/tmp/ipc-test.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/two.png", folder);
    ipc_array_t *array = new_step();
    field_t field;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panels[] = {
        {"state", field, NULL, COLOURS_STATE, 0, 1},
        {"none", field, &field, COLOURS_DIFFERENCE, 0, 0},
    };
    ipc_error_t error;
    ck_assert_int_eq(picture_check(path, &error), 0);
    ck_assert_int_eq(
        picture_write(path, &(picture_t){"two", panels, 2, 2, PICTURE_SIZE}, &error), 0);

    cairo_surface_t *image = cairo_image_surface_create_from_png(path);
    ck_assert_int_eq(cairo_surface_status(image), CAIRO_STATUS_SUCCESS);
    ck_assert_int_gt(cairo_image_surface_get_width(image), 2 * PICTURE_SIZE);
    ck_assert_int_gt(cairo_image_surface_get_height(image), PICTURE_SIZE);
    ck_assert(has_colour(image, colours_at(COLOURS_STATE, 0)));
    ck_assert(has_colour(image, colours_at(COLOURS_STATE, 1)));
    ck_assert(has_colour(image, colours_at(COLOURS_DIFFERENCE, 0.5)));
    cairo_surface_destroy(image);
    ipc_array_destroy(&array);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(a_bad_path_is_refused_before_the_work)
{
    ipc_error_t error;
    ck_assert_int_eq(picture_check("heat.gif", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_int_eq(picture_check("/nowhere/heat.png", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/heat.png"));
}
END_TEST

//  A disk that is full is told as such.
START_TEST(a_picture_that_cannot_be_written_says_why)
{
    ipc_array_t *array = new_step();
    field_t field;
    ipc_error_t error;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    picture_panel_t panel = {"state", field, NULL, COLOURS_STATE, 0, 1};
    picture_t picture = {NULL, &panel, 1, 1, PICTURE_SIZE_SMALL};
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
    Suite *suite = suite_create("picture");
    TCase *tests = tcase_create("picture");
    tcase_add_test(tests, a_picture_shows_both_ends_of_each_range);
    tcase_add_test(tests, a_bad_path_is_refused_before_the_work);
    tcase_add_test(tests, a_picture_that_cannot_be_written_says_why);
    tcase_set_timeout(tests, 30);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
