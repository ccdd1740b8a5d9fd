#!/usr/bin/env python3
"""ipheat beside a cluster of two engines (tests/with_cluster): what it solves, writes and shows.

    e2e_ipheat.py CAIRO GIF [NAME...]      whether there are cairo and giflib; those tests alone

IPC_LONG_TESTS=1 in the environment: the long ones, too.
"""
import ast
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile

from terminal import Terminal, is_there, run_tests

IPHEAT = os.path.join(os.environ["BUILD_ROOT"], "tools", "ipheat")
CAIRO, GIF = (word == "true" for word in sys.argv[1:3])


def ipheat(*arguments, status=0):
    """Runs it in the current folder; what it wrote to stdout and to stderr."""
    done = subprocess.run([IPHEAT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                          check=False)
    assert done.returncode == status, f"{arguments} gave {done.returncode}: {done.stderr}"
    return done.stdout, done.stderr


def jobs(*arguments, status=0):
    """Its jobs, as the summary has them."""
    return json.loads(ipheat("--json", *arguments, status=status)[0])["jobs"]


def read_npy(path):
    """The shape and the numbers of a file, by what the format's description says."""
    with open(path, "rb") as file:
        assert file.read(8) == b"\x93NUMPY\x01\x00", path
        header = ast.literal_eval(file.read(struct.unpack("<H", file.read(2))[0]).decode())
        assert not header["fortran_order"] and file.tell() % 64 == 0, header
        kind = {"<f8": "d", "<f4": "f"}[header["descr"]]
        numbers = struct.unpack(f"<{math.prod(header['shape'])}{kind}", file.read())
    return header["shape"], numbers


def close(got, wanted, tolerance):
    assert abs(got - wanted) <= tolerance, f"got {got} instead of {wanted}"


def a_sweep_solves_each_combination():
    """A wave of the domain decays by exp(-2 alpha (2 pi)^2 t), whatever happens at the edges."""
    done = jobs("--n", "32", "--lx", "1", "--ly", "1", "--initial", "wave", "--method", "fft",
                "--laplacian", "continuous", "--t", "0.01", "--sweep", "alpha=0.5,1", "--sweep", "boundary=fixed,periodic,insulated")
    start = jobs("--n", "32", "--lx", "1", "--ly", "1", "--initial", "wave", "--method", "fft", "--t", "0",
                 "--sweep", "boundary=fixed,periodic,insulated")
    assert [(job["alpha"], job["boundary"]) for job in done] == [
        (alpha, edges) for alpha in (0.5, 1) for edges in ("fixed", "periodic", "insulated")]
    for i, job in enumerate(done):
        assert job["state"] == "done" and job["device"] == "cpu" and job["engine"] in (0, 1), job
        close(job["highest"], start[i % 3]["highest"] * math.exp(-8 * math.pi ** 2 * job["alpha"] * 0.01), 1e-12)


def insulated_edges_keep_the_heat():
    for job in jobs("--n", "48", "--boundary", "insulated", "--method", "all", "--t", "50", "--initial", "half"):
        close(job["mean"], 0.5, 1e-12)
        assert job["method"] == "fd" or 0 < job["difference"] < 0.05, job


def arrays_go_out_and_come_in():
    """Half of the time, and then the other half from the file, is all of it."""
    ipheat("--n", "40", "--method", "fft", "--t", "8", "-o", "whole.npy", "--quiet")
    ipheat("--n", "40", "--method", "fft", "--t", "4", "-o", "half.npy", "--quiet")
    out, _ = ipheat("--initial", "half.npy", "--method", "fft", "--t", "4", "-o", "again.npy")
    assert out.endswith("wrote again.npy\n"), out
    (shape, whole), (_, again) = read_npy("whole.npy"), read_npy("again.npy")
    assert shape == (40, 40) and max(whole) > 0.4
    close(max(abs(a - b) for a, b in zip(whole, again)), 0, 1e-12)


def three_dimensions_are_told_of_as_a_whole():
    """Not only the plane in the middle, which a picture shows."""
    done = jobs("--shape", "8x10x12", "--initial", "gauss", "--t", "3", "--sweep", "dtype=float64,float32",
                "--out", "{dtype}-{method}.npy")
    for first, second in (done[:2], done[2:]):
        (shape, fd), (_, fft) = (read_npy(job["files"][0]) for job in (first, second))
        assert shape == (8, 10, 12), shape
        for name, wanted in (("lowest", min(fd)), ("highest", max(fd)), ("mean", math.fsum(fd) / len(fd))):
            close(first[name], wanted, 1e-14)
        close(second["difference"], max(abs(a - b) for a, b in zip(fd, fft)), 1e-14)


def files_are_named_after_their_jobs():
    done = jobs("--shape", "12x20", "--dtype", "float32", "--sweep", "alpha=0.5:1:2", "--method", "fd,cn",
                "-o", "{job}-{alpha}-{method}.npy", "--t", "3")
    assert [job["files"] for job in done] == [["1-0.5-fd.npy"], ["2-0.5-cn.npy"], ["3-1-fd.npy"], ["4-1-cn.npy"]]
    for job in done:
        shape, numbers = read_npy(job["files"][0])
        assert shape == (12, 20)
        close(sum(numbers) / 240, job["mean"], 1e-6)


def a_source_and_a_varying_alpha_come_from_files():
    """What gains 1 everywhere in a unit of time, with no way out, gains t."""
    ipheat("--n", "16", "--method", "fd", "--initial", "half", "--steps", "0", "-o", "alpha.npy", "--quiet")
    shape, numbers = read_npy("alpha.npy")
    with open("alpha.npy", "rb") as file:
        header = file.read(128)
    with open("ones.npy", "wb") as file:
        file.write(header + struct.pack(f"<{len(numbers)}d", *[1.0] * len(numbers)))
    job, = jobs("--initial", "alpha.npy", "--alpha", "alpha.npy", "--source", "ones.npy", "--boundary", "insulated",
                "--t", "5")
    close(job["mean"], 0.5 + 5, 1e-9)
    assert job["alpha"] == "alpha.npy" and job["method"] == "fd", job  # the only method that takes it, without asking


def a_failed_job_leaves_the_others():
    done = jobs("--n", "32", "--method", "fd", "--t", "3", "--sweep", "dt=0.1,0.3,0.2", "-o", "u-{job}.npy", status=1)
    assert [job["state"] for job in done] == ["done", "failed", "done"], done
    assert "1/4" in done[1]["error"] and sorted(os.listdir()) == ["u-1.npy", "u-3.npy"], done
    _, said = ipheat("--n", "32", "--method", "fd", "--t", "3", "--sweep", "dt=0.1,0.3,0.2", status=1)
    assert said.startswith("ipheat: 1 of 3 jobs failed:\n  \u0394t = 0.3: ") and said.count("\n") == 2, said


def nothing_is_said_when_nothing_is_wanted():
    assert ipheat("--n", "16", "--t", "1", "--quiet") == ("", "")
    _, said = ipheat("--n", "16", "--t", "1")  # no terminal: no progress
    assert said == "", said


def an_animation_ends_where_one_solve_does():
    for method in ("fd", "fft", "cn"):
        common = ("--n", "24", "--method", method, "--t", "9", "--initial", "disc", "--alpha", "0.7", "--quiet")
        ipheat(*common, "-o", "whole.npy")
        ipheat(*common, "-o", "legs.npy", "-o", "legs.gif", "--frames", "7")
        (_, whole), (_, legs) = read_npy("whole.npy"), read_npy("legs.npy")
        close(max(abs(a - b) for a, b in zip(whole, legs)), 0, 1e-13)
        with open("legs.gif", "rb") as file:
            picture = file.read()
        assert picture[:6] == b"GIF89a" and picture.count(b"\x21\xf9\x04") == 7, method


def a_picture_shows_what_was_solved():
    """Half of a field of 420 x 420 points, each of a pixel, is 1: the middle grey of a range from 0 to 2. The picture
    is read again by ipheat, as a state."""
    ipheat("--n", "420", "--initial", "half", "--steps", "0", "--method", "fd", "--colour-map", "grey",
           "--range", "0:2", "-o", "half.png", "--quiet")
    ipheat("--initial", "half.png", "--steps", "0", "--method", "fd", "-o", "half.npy", "--quiet")
    (rows, columns), numbers = read_npy("half.npy")
    grey = [sum(abs(number - 0.5) < 0.003 for number in numbers[row * columns:(row + 1) * columns])
            for row in range(rows)]
    lines = [row for row in range(rows) if grey[row] >= 210]
    assert len(lines) == 420 and lines[-1] - lines[0] == 419, (len(lines), lines[0], lines[-1])


def a_sheet_shows_all_jobs():
    """The brightest pixel that belongs to each panel is darker, the longer it took."""
    ipheat("--n", "64", "--sweep", "t=0,40,160,640", "--method", "fft", "--colour-map", "grey", "-o", "sheet.png",
           "--initial", "square", "--title", "", "--quiet")
    ipheat("--initial", "sheet.png", "--steps", "0", "--method", "fd", "-o", "sheet.npy", "--quiet")
    (rows, columns), numbers = read_npy("sheet.npy")
    black = [x for x in range(columns) if numbers[rows // 2 * columns + x] < 0.2]
    assert columns > 4 * 420 and black[0] < 100, (columns, black[:3])  # four large panels side by side
    middles = [numbers[(rows // 2 - 20) * columns + 74 + panel * (420 + 16) + 210] for panel in range(4)]
    close(middles[0], 1, 1e-12)
    assert middles == sorted(middles, reverse=True) and middles[3] < 0.5, middles


def a_terminal_shows_progress_and_keeps_the_table():
    arguments = ["--n", "32", "--method", "fd", "--sweep", "steps=10,20,1000000000", "-o", "u-{steps}.npy"]
    with Terminal([IPHEAT, *arguments], columns=100, folder=os.getcwd()) as terminal:
        lines = terminal.wait(lambda lines: len(lines) == 4 and "2/3 jobs" in lines[-1],
                              "the table's head, two lines, and a bar of progress")
        assert lines[-1].startswith("["), lines
        assert [line.split()[0] for line in lines[:3]] == ["steps", "10", "20"], lines
        terminal.press("C-c")
        assert terminal.wait_end() == 130
        lines = terminal.wait(lambda lines: any("its jobs are aborted" in line for line in lines), "that it ended")
        assert not any("3 jobs" in line for line in lines), lines
    assert sorted(os.listdir()) == ["u-10.npy", "u-20.npy"]
    assert jobs("--n", "32", "--method", "fd", "--t", "1")[0]["state"] == "done"  # the engine is free again


def ctrl_c_leaves_what_is_finished_of_an_animation():
    arguments = ["--n", "32", "--method", "fd", "--sweep", "steps=10,1000000000", "--dt", "0.2", "--frames", "3",
                 "-o", "{steps}.gif"]
    with Terminal([IPHEAT, *arguments], columns=100, folder=os.getcwd()) as terminal:
        terminal.wait(lambda lines: "4/6 frames" in lines[-1], "a bar of progress")
        terminal.press("C-c")
        assert terminal.wait_end() == 130
    assert os.listdir() == ["10.gif"]


ALWAYS = [
    a_sweep_solves_each_combination, insulated_edges_keep_the_heat, arrays_go_out_and_come_in,
    files_are_named_after_their_jobs, a_source_and_a_varying_alpha_come_from_files, a_failed_job_leaves_the_others,
    three_dimensions_are_told_of_as_a_whole, nothing_is_said_when_nothing_is_wanted,
]
WITH_CAIRO = [a_picture_shows_what_was_solved, a_sheet_shows_all_jobs]
WITH_GIF = [an_animation_ends_where_one_solve_does]
WITH_TMUX = [a_terminal_shows_progress_and_keeps_the_table]
LONG = [ctrl_c_leaves_what_is_finished_of_an_animation] if os.environ.get("IPC_LONG_TESTS") else []


def in_a_folder(test):
    """The same test, in an empty folder of its own."""
    def inner():
        before, folder = os.getcwd(), tempfile.mkdtemp(prefix="ipc-test.", dir="/tmp")
        os.chdir(folder)
        try:
            test()
        finally:
            os.chdir(before)
            shutil.rmtree(folder)
    inner.__name__ = test.__name__
    return inner


if __name__ == "__main__":
    tests = ALWAYS + CAIRO * WITH_CAIRO + GIF * WITH_GIF + is_there() * (WITH_TMUX + GIF * LONG)
    sys.exit(run_tests(in_a_folder(test) for test in tests if not sys.argv[3:] or test.__name__ in sys.argv[3:]))
