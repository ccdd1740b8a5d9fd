//  What ipheat makes of its command line: sweeps, jobs, legs, names of files, the line of its
//  progress. Without a cluster.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"
#include "tools/ipheat_job.h"
#include "tools/ipheat_names.h"
#include "tools/progress.h"

enum { ARGUMENTS_MAX = 24 };

//  Reads a command line of words that blanks separate.
static void read_options(ipheat_options_t *options, char *line)
{
    char *words[ARGUMENTS_MAX] = {"ipheat"}, *rest = NULL;
    int count = 1, exit_code = -1;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    ck_assert(ipheat_options_read(options, count, words, &exit_code));
}

static double number_of(ipheat_options_t *options, size_t job, ipheat_key_t key)
{
    ipheat_settings_t settings;
    ck_assert_int_eq(ipheat_options_job(options, job, &settings, NULL), 0);
    return settings.at[key].number;
}

START_TEST(ranges_reach_both_ends_in_equal_steps_or_ratios)
{
    ipheat_axis_t axis;
    ck_assert_int_eq(ipheat_axis_read(&axis, "alpha=0.1:0.5:5", NULL), 0);
    static const char *const equal[] = {"0.1", "0.2", "0.3", "0.4", "0.5"};
    ck_assert_uint_eq(axis.count, 5);
    for (size_t i = 0; i < 5; i++) ck_assert_str_eq(axis.values[i], equal[i]);
    ipheat_axis_clear(&axis);
    ck_assert_int_eq(ipheat_axis_read(&axis, "alpha=log:0.01:100:5", NULL), 0);
    static const char *const ratios[] = {"0.01", "0.1", "1", "10", "100"};
    for (size_t i = 0; i < 5; i++) ck_assert_str_eq(axis.values[i], ratios[i]);
    ipheat_axis_clear(&axis);
    ck_assert_int_eq(ipheat_axis_read(&axis, "n=64:256:4", NULL), 0);
    ck_assert_str_eq(axis.values[1], "128");
    ipheat_axis_clear(&axis);
    ck_assert_int_eq(ipheat_axis_read(&axis, "t=5:9:1", NULL), 0);
    ck_assert_uint_eq(axis.count, 1);
    ck_assert_str_eq(axis.values[0], "5");
    ipheat_axis_clear(&axis);
}
END_TEST

START_TEST(odd_sweeps_are_refused_in_a_sentence)
{
    static const char *const odd[][2] = {
        {"beta=1:2:3", "beta"},
        {"alpha", "such as alpha=0.1:2:20"},
        {"alpha=1:2", "such as"},
        {"alpha=1:2:x", "such as"},
        {"alpha= 1:2:3", "such as"},
        {"alpha=1:2:1.5", "1 to 1024"},
        {"alpha=1:2:0", "1 to 1024"},
        {"alpha=1:2:1025", "1 to 1024"},
        {"alpha=log:0:1:3", "ratios"},
        {"alpha=log:-1:1:3", "ratios"},
        {"alpha=nan:1:3", "such as"},
        {"boundary=fixed,", "missing"},
        {"boundary=", "missing"},
        {"alpha=1,,2", "missing"},
        {"method=fd,cn", "--method fd,cn"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        ipheat_axis_t axis;
        ipc_error_t error;
        ck_assert_msg(ipheat_axis_read(&axis, odd[i][0], &error) == -1, "%s", odd[i][0]);
        ck_assert_msg(strstr(error.text, odd[i][1]) != NULL, "%s: %s", odd[i][0],
                      error.text);
    }
}
END_TEST

START_TEST(several_sweeps_are_all_combinations_and_the_last_runs_fastest)
{
    ipheat_options_t options;
    char line[] = "--sweep alpha=1,2,3 --sweep n=32,64 --method fd,cn --t 7";
    read_options(&options, line);
    ck_assert_uint_eq(ipheat_options_jobs(&options), 12);
    for (size_t i = 0; i < 12; i++) {
        ipheat_settings_t settings;
        ck_assert_int_eq(ipheat_options_job(&options, i, &settings, NULL), 0);
        ck_assert_double_eq(settings.at[IPHEAT_ALPHA].number, 1 + (double) (i / 4));
        ck_assert_double_eq(settings.at[IPHEAT_N].number, i / 2 % 2 == 0 ? 32 : 64);
        ck_assert(ipheat_settings_is(&settings, IPHEAT_METHOD, i % 2 == 0 ? "fd" : "cn"));
        ck_assert_double_eq(settings.at[IPHEAT_T].number, 7);
    }
    ipheat_options_clear(&options);
}
END_TEST

START_TEST(what_nobody_said_has_its_default)
{
    ipheat_options_t options;
    char line[] = "";
    read_options(&options, line);
    ck_assert_uint_eq(ipheat_options_jobs(&options), 2); // both methods
    ck_assert_double_eq(number_of(&options, 0, IPHEAT_N), 1024);
    ck_assert_double_eq(number_of(&options, 0, IPHEAT_T), 100);
    ipheat_options_clear(&options);
    char swept[] = "--sweep steps=0,10 --shape 20x30";
    ipheat_settings_t settings;
    size_t shape[3];
    read_options(&options, swept);
    ck_assert_int_eq(ipheat_options_job(&options, 3, &settings, NULL), 0);
    ck_assert_ptr_null(settings.at[IPHEAT_T].text);
    ck_assert_ptr_null(settings.at[IPHEAT_N].text);
    ck_assert_int_eq(ipheat_settings_shape(&settings, shape), 2);
    ck_assert_uint_eq(shape[1], 30);
    ck_assert_double_eq(ipheat_settings_time(&settings), 1); // 10 steps of 0.1
    ipheat_options_clear(&options);
}
END_TEST

//  The legs of a job sum up to all of it, whatever the frames; and those of two methods are
//  at the same times when one of them takes steps.
START_TEST(legs_lead_from_frame_to_frame_to_the_end)
{
    ipheat_options_t options;
    char line[] = "--method fd,fft --t 10 --dt 0.1 --frames 8 --out a.gif";
    read_options(&options, line);
    int64_t steps = 0;
    double t = 0;
    for (size_t frame = 0; frame < 8; frame++) {
        ipheat_job_t fd = {.frame = frame}, fft = {.frame = frame};
        ck_assert_int_eq(ipheat_options_job(&options, 0, &fd.settings, NULL), 0);
        ck_assert_int_eq(ipheat_options_job(&options, 1, &fft.settings, NULL), 0);
        const ipheat_leg_t stepped = ipheat_job_leg(&fd, &options, NULL);
        const ipheat_leg_t timed = ipheat_job_leg(&fft, &options, NULL);
        ck_assert_int_eq(stepped.extent, IPHEAT_FOR_STEPS);
        ck_assert_int_eq(timed.extent, IPHEAT_FOR_TIME);
        steps += stepped.steps;
        t += timed.t;
        ck_assert_double_eq_tol((double) steps * 0.1, t, 1e-12);
        ck_assert_double_eq_tol(ipheat_job_instant(&fd, &options, frame), t, 1e-12);
    }
    ck_assert_int_eq(steps, 100);
    ipheat_options_clear(&options);
}
END_TEST

//  Of the steps of all legs together the first ones are damped.
START_TEST(damped_steps_are_those_of_the_first_legs)
{
    static const int64_t wanted[] = {3, 3, 2, 1, 0, 0};
    ipheat_options_t options;
    char line[] = "--method fd,cn --t 5 --dt 1 --damped 3 --frames 6 --out a.gif";
    read_options(&options, line);
    for (size_t frame = 0; frame < 6; frame++) {
        for (size_t i = 0; i < 2; i++) {
            ipheat_call_t call;
            ipheat_job_t job = {.frame = frame};
            ck_assert_int_eq(ipheat_options_job(&options, i, &job.settings, NULL), 0);
            const ipheat_leg_t leg = ipheat_job_leg(&job, &options, NULL);
            ipheat_settings_call(&job.settings, &leg, &call);
            const ipc_value_t damped = ipc_value_get(ipc_value_from_dict(call.items, call.count), "damped");
            ck_assert_int_eq(ipc_value_i64(damped), i == 1 ? wanted[frame] : 0);
        }
    }
    ipheat_options_clear(&options);
}
END_TEST

START_TEST(a_job_without_an_animation_is_solved_at_once)
{
    ipheat_options_t options;
    ipheat_job_t job = {0};
    char line[] = "--method fft --out a.png";
    read_options(&options, line);
    ck_assert_int_eq(ipheat_options_job(&options, 0, &job.settings, NULL), 0);
    ck_assert_int_eq(ipheat_job_leg(&job, &options, NULL).extent, IPHEAT_WHOLE);
    ipheat_options_clear(&options);
}
END_TEST

//  Where methods side by side have other edges, a difference of the two is also one of those.
START_TEST(captions_tell_edges_that_differ)
{
    static const struct {
        char line[64], first[64], second[64];
    } cases[] = {
        {"--n 9", "finite differences (fixed edges)", "spectral (periodic edges)"},
        {"--n 9 --boundary fixed", "finite differences", "spectral"},
        {"--n 9 --method fd,cn", "finite differences", "Crank-Nicolson"},
        {"--n 9 --method fft --sweep alpha=1,2", "\u03b1 = 1", "\u03b1 = 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ipheat_options_t options;
        char line[64], text[64];
        memcpy(line, cases[i].line, sizeof line);
        read_options(&options, line);
        for (size_t k = 0; k < 2; k++) {
            ipheat_job_t job = {0};
            ck_assert_int_eq(ipheat_options_job(&options, k, &job.settings, NULL), 0);
            ipheat_job_caption(&job, &options, text, sizeof text);
            ck_assert_str_eq(text, k == 0 ? cases[i].first : cases[i].second);
        }
        ipheat_options_clear(&options);
    }
}
END_TEST

START_TEST(names_are_filled_with_what_jobs_are)
{
    ipheat_options_t options;
    ipheat_settings_t settings;
    ipc_error_t error;
    char line[] = "--sweep alpha=log:0.1:10:3 --method cn";
    read_options(&options, line);
    ck_assert_int_eq(ipheat_options_job(&options, 1, &settings, NULL), 0);
    char *name =
        ipheat_name_fill("out/{job}-{alpha}-{method}.npy", &settings, 1, 300, &error);
    ck_assert_str_eq(name, "out/002-1-cn.npy");
    free(name);
    ck_assert_ptr_null(ipheat_name_fill("{beta}.npy", &settings, 1, 3, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "{beta}"));
    ck_assert_ptr_null(ipheat_name_fill("{lx}.npy", &settings, 1, 3, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "--lx"));
    ck_assert_ptr_null(ipheat_name_fill("{alpha.npy", &settings, 1, 3, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "brace"));
    ipheat_options_clear(&options);
}
END_TEST

//  Points of named states are where heat.solve has them: a wave is one of its own.
START_TEST(a_wave_vanishes_at_fixed_edges)
{
    ipheat_options_t options;
    ipheat_settings_t settings;
    ipc_error_t error;
    char line[] = "--initial wave --boundary fixed --shape 9 --method fft --dtype float32";
    read_options(&options, line);
    ck_assert_int_eq(ipheat_options_job(&options, 0, &settings, NULL), 0);
    ipc_array_t *wave = ipheat_settings_state(&settings, &error);
    ck_assert_ptr_nonnull(wave);
    const float *u = ipc_array_f32(wave);
    ck_assert_float_eq_tol(u[0], 0, 1e-6);
    ck_assert_float_eq_tol(u[2], 1, 1e-6);
    ck_assert_float_eq_tol(u[8], 0, 1e-6);
    ipc_array_destroy(&wave);
    ipheat_options_clear(&options);
}
END_TEST

//  Where a pixel of a picture is: half a distance before the first point to half a one behind the last.
START_TEST(edges_of_a_picture_are_those_of_its_domain)
{
    static const struct {
        char line[64];
        double first, last;
    } cases[] = {
        {"--n 11 --method fd", -0.5, 10.5},
        {"--n 11 --method fd --lx 20", -1, 21},
        {"--n 10 --method fft --lx 20", -1, 19},
        {"--n 10 --boundary insulated --lx 20", 0, 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ipheat_options_t options;
        ipheat_settings_t settings;
        char line[64];
        double first, last;
        memcpy(line, cases[i].line, sizeof line);
        read_options(&options, line);
        ck_assert_int_eq(ipheat_options_job(&options, 0, &settings, NULL), 0);
        ck_assert_int_eq(ipheat_settings_edges(&settings, 0, &first, &last), i > 0);
        ck_assert_double_eq_tol(first, cases[i].first, 1e-12);
        ck_assert_double_eq_tol(last, cases[i].last, 1e-12);
        ipheat_options_clear(&options);
    }
}
END_TEST

//  A field of three dimensions is its middle plane.
START_TEST(a_plane_is_told_by_where_it_is)
{
    static const struct {
        char line[64], text[32];
    } cases[] = {
        {"--n 11 --method fd", ""},
        {"--shape 9x5x7 --method fd", "z / \u0394z = 4"},
        {"--shape 9x5x7 --method fd --lz 2", "z = 1"},
        {"--shape 10x5x7 --method fft --lz 2", "z = 1"},
        {"--shape 10x5x7 --boundary insulated --lz 2", "z = 1.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ipheat_options_t options;
        ipheat_settings_t settings;
        char line[64], text[32];
        memcpy(line, cases[i].line, sizeof line);
        read_options(&options, line);
        ck_assert_int_eq(ipheat_options_job(&options, 0, &settings, NULL), 0);
        ck_assert_str_eq(ipheat_plane_text(&settings, text, sizeof text), cases[i].text);
        ipheat_options_clear(&options);
    }
}
END_TEST

START_TEST(the_line_of_progress_fits_the_terminal)
{
    char text[512];
    progress_t progress = {.noun = "jobs", .total = 20, .done = 5, .failed = 1};
    progress_format(&progress, 3, 64, text, sizeof text);
    ck_assert_str_eq(text, "[\u2588\u2588\u2588\u00b7\u00b7\u00b7\u00b7\u00b7\u00b7\u00b7\u00b7"
                           "\u00b7\u00b7\u00b7\u00b7]  5/20 jobs  3.0 s  about 9.0 s left  1 failed");
    progress.done = 10;
    progress.skipped = 5; // what failed says nothing of the pace
    progress_format(&progress, 3, 64, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "about 6.0 s left"));
    progress.done = 20;
    progress_format(&progress, 700, 80, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "20/20 jobs  12 min"));
    progress = (progress_t){.noun = "frames", .total = 1000, .done = 123};
    for (size_t columns = 0; columns < 100; columns++) {
        progress_format(&progress, 59, columns, text, sizeof text);
        size_t width = 0;
        for (const char *at = text; *at; at++) width += (*at & 0xc0) != 0x80;
        ck_assert_uint_lt(width, columns > 0 ? columns : 1);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("ipheat");
    tcase_add_test(tests, ranges_reach_both_ends_in_equal_steps_or_ratios);
    tcase_add_test(tests, odd_sweeps_are_refused_in_a_sentence);
    tcase_add_test(tests, several_sweeps_are_all_combinations_and_the_last_runs_fastest);
    tcase_add_test(tests, what_nobody_said_has_its_default);
    tcase_add_test(tests, legs_lead_from_frame_to_frame_to_the_end);
    tcase_add_test(tests, damped_steps_are_those_of_the_first_legs);
    tcase_add_test(tests, a_job_without_an_animation_is_solved_at_once);
    tcase_add_test(tests, captions_tell_edges_that_differ);
    tcase_add_test(tests, names_are_filled_with_what_jobs_are);
    tcase_add_test(tests, a_wave_vanishes_at_fixed_edges);
    tcase_add_test(tests, edges_of_a_picture_are_those_of_its_domain);
    tcase_add_test(tests, a_plane_is_told_by_where_it_is);
    tcase_add_test(tests, the_line_of_progress_fits_the_terminal);
    return run_suite("ipheat", tests);
}
