//  Colour maps: their ends, their middle, what is outside, and that lightness goes one way.
#include "tools/colours.h"

#include <check.h>
#include <math.h>

#include "tests/common/run_suite.h"

//  How light a colour looks (Rec. 709 weights, on the stored values).
static double lightness(uint32_t colour)
{
    return 0.2126 * (colour >> 16) + 0.7152 * (colour >> 8 & 0xff) +
           0.0722 * (colour & 0xff);
}

START_TEST(ends_are_the_published_colours)
{
    ck_assert_uint_eq(colours_at(COLOURS_VIRIDIS, 0), 0x440154);
    ck_assert_uint_eq(colours_at(COLOURS_VIRIDIS, 1), 0xfde725);
    ck_assert_uint_eq(colours_at(COLOURS_RDBU, 0), 0x053061);
    ck_assert_uint_eq(colours_at(COLOURS_RDBU, 0.5), 0xf7f7f7);
    ck_assert_uint_eq(colours_at(COLOURS_RDBU, 1), 0x67001f);
}
END_TEST

START_TEST(what_is_outside_gets_the_nearest_end)
{
    for (colours_t map = 0; map < COLOURS_COUNT; map++) {
        ck_assert_uint_eq(colours_at(map, -INFINITY), colours_at(map, 0));
        ck_assert_uint_eq(colours_at(map, 1e9), colours_at(map, 1));
        ck_assert_uint_eq(colours_at(map, NAN), 0x9a9a9a);
    }
}
END_TEST

START_TEST(a_state_gets_lighter_all_the_way)
{
    for (colours_t map = COLOURS_VIRIDIS; map <= COLOURS_GREY; map++)
        for (int i = 0; i < 64; i++)
            ck_assert_double_lt(lightness(colours_at(map, i / 64.0)),
                                lightness(colours_at(map, (i + 1) / 64.0)));
}
END_TEST

START_TEST(a_difference_is_lightest_where_there_is_none)
{
    for (colours_t map = COLOURS_RDBU; map <= COLOURS_COOLWARM; map++)
        for (int i = 1; i <= 50; i++) {
            double x = i / 100.0, before = (i - 1) / 100.0;
            ck_assert_double_lt(lightness(colours_at(map, 0.5 - x)),
                                lightness(colours_at(map, 0.5 - before)));
            ck_assert_double_lt(lightness(colours_at(map, 0.5 + x)),
                                lightness(colours_at(map, 0.5 + before)));
        }
}
END_TEST

START_TEST(maps_are_found_by_name)
{
    colours_t map = COLOURS_COUNT;
    ck_assert(colours_find(&map, "viridis") && map == COLOURS_VIRIDIS);
    ck_assert(colours_find(&map, "coolwarm") && map == COLOURS_COOLWARM);
    ck_assert(!colours_find(&map, "jet") && map == COLOURS_COOLWARM);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("colours");
    tcase_add_test(tests, ends_are_the_published_colours);
    tcase_add_test(tests, what_is_outside_gets_the_nearest_end);
    tcase_add_test(tests, a_state_gets_lighter_all_the_way);
    tcase_add_test(tests, a_difference_is_lightest_where_there_is_none);
    tcase_add_test(tests, maps_are_found_by_name);
    return run_suite("colours", tests);
}
