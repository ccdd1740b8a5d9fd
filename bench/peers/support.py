"""What the peers' measurements share: processes, their memory, times, and the figures' names."""
import os
import subprocess
import sys
import time
from pathlib import Path

ENGINES = 4
ARRAY_BYTES = 64 << 20
REPEATS = 5  # of what moves arrays, after a first time that is not counted

#  Every figure, in the order of the table: its name in the programs' output, its words, its unit.
FIGURES = (
    ("start", "start of a cluster, 4 engines, to ready", "s"),
    ("call_p50", "synchronous empty call, p50", "s"),
    ("call_p99", "  p99", "s"),
    ("calls", "empty tasks, called one by one, then awaited", "/s"),
    ("map", "empty tasks, a map, each item a task", "/s"),
    ("push", "64 MiB to each of 4 engines (push, broadcast)", "s"),
    ("scatter", "64 MiB dealt to 4 engines (scatter)", "s"),
    ("gather", "64 MiB collected from 4 engines (gather)", "s"),
    ("controller", "controller, idle, PSS", "B"),
    ("engine", "one engine, idle, PSS", "B"),
    ("pingpong", "8 bytes there and back between two ranks, p50", "s"),
    ("heat_fd", "finite differences, 1024 x 1024, 1,000 steps", "s"),
    ("heat_fft", "spectral, 1024 x 1024, there and back", "s"),
    ("matvec", "matrix x vector, n = 2048, float64", "s"),
    ("points", "points counted for pi", "/s"),
    ("load", "load of the machine before", ""),
)


class PeerError(Exception):
    """Why a peer gives no figures, in words."""


def median(values):
    return percentile(values, 50)


def percentile(values, percent):
    """Nearest rank, as in bench/bench.c."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def timed(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


def later_times(action, count=REPEATS):
    """Seconds of each run after a first one, which pays for what is made once."""
    action()
    return [timed(action) for _ in range(count)]


def call_figures(call, count):
    call()
    times = [timed(call) for _ in range(count)]
    return {"call_p50": percentile(times, 50), "call_p99": percentile(times, 99)}


def await_true(condition, what, seconds=30, pause=0.002):
    """Polls what can only be asked; the pause is the error of the time found."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise PeerError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def start(arguments, log, **options):
    """Starts a program whose words go to the log. `run` ends it if nobody else does."""
    with open(log, "ab") as words:
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=words, stderr=words, **options)


def reason_in(text):
    """The line that says most: the first that tells of an error, else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" -=*")] or ["without a word"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])


def output_of(arguments, seconds=60, **options):
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="replace", timeout=seconds, check=False, **options)
    except subprocess.TimeoutExpired:
        raise PeerError(f"{arguments[0]} took more than {seconds} s") from None
    except OSError as problem:
        raise PeerError(f"{arguments[0]}: {problem}") from None
    if done.returncode:
        raise PeerError(f"{arguments[0]} exits with {done.returncode}: {reason_in(done.stderr or done.stdout)}")
    return done.stdout


def figures_in(text):
    """The lines "name number" that the C programs print."""
    return {name: float(value) for name, value in (line.split() for line in text.splitlines() if line)}


def compile_program(compiler, source, libraries, directory):
    """Compiles one of the C programs that lie beside this file."""
    here = Path(__file__).resolve().parent
    program = Path(directory) / source.removesuffix(".c")
    output_of([compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-I", str(here.parents[1]), "-o",
               str(program), str(here / source), str(here / "figures.c"), *libraries])
    return str(program)


def parents():
    """The parent of each process, by /proc."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            pass  # it has ended
    return found


def family_of(pid):
    """All descendants."""
    above = parents()
    family, wanted = [], {pid}
    while wanted:
        wanted = {child for child, parent in above.items() if parent in wanted}
        family += sorted(wanted)
    return family


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def pss(pids):
    """Bytes of these processes together, each shared page counted in parts."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def search_path(program):
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"]:
        if os.access(os.path.join(folder, program), os.X_OK):
            return os.path.join(folder, program)
    raise PeerError(f"there is no program {program}")


def system_python():
    """Debian's packages are for its own interpreter, whatever stands first in the PATH."""
    return "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
