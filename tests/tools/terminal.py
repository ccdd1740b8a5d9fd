"""A program in a real terminal, tmux: keys go in, and what is on the screen is read.

Nothing waits for a time: what the program writes also comes through a pipe, and each piece of it is the event
after which the screen is looked at again.
"""
import contextlib
import os
import select
import shlex
import shutil
import subprocess
import tempfile
import time

PATIENCE_SECONDS = 30


def is_there():
    return shutil.which("tmux") is not None


def process_of(pid):
    """A descriptor that becomes readable when the process ends; None: it has."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


class Late(Exception):
    """The screen did not become what it should."""


# Runs the command and writes its exit code, 128 and the signal if one ended it: of a process that ends while it is
# busy, tmux does not always tell. Keys for signals are for the command alone.
SHELL = 'trap : INT QUIT; "$@"; echo $? >"$0"'


class Terminal:
    """One program in a window of its own, on a tmux server of its own.

    wanted: what it shows when it has begun; folder: where it runs, instead of one of its own
    """

    def __init__(self, command, columns=80, rows=24, environment=None, wanted=None, folder=None):
        self.directory = tempfile.mkdtemp(prefix="ipc-test.", dir="/tmp")
        self.socket = os.path.join(self.directory, "tmux")
        self.status = os.path.join(self.directory, "status")
        pipe = os.path.join(self.directory, "output")
        os.mkfifo(pipe)
        self.output = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        variables = {"LC_ALL": "C.UTF-8", **(environment or {})}
        words = ["env", "-u", "NO_COLOR", *(f"{name}={value}" for name, value in variables.items()),
                 "sh", "-c", SHELL, self.status, *command]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "-c", folder or self.directory, "exec " + shlex.join(words), ";",
                  "set-option", "-g", "remain-on-exit", "on", ";",
                  "set-option", "-g", "status", "off", ";",
                  "set-option", "-s", "escape-time", "0", ";",
                  "pipe-pane", "exec cat >" + shlex.quote(pipe))
        # Processes that end when the terminal is closed.
        pids = self.tmux("display-message", "-p", "#{pid} #{pane_pid}").split()
        self.processes = [process for pid in pids if (process := process_of(int(pid))) is not None]
        if wanted:
            self.wait_first(wanted)

    def wait_first(self, wanted):
        """Waits for what is to be there from the beginning; without it the terminal is closed."""
        try:
            self.wait(wanted)
        except BaseException:
            self.close()
            raise

    def tmux(self, *words, text=None):
        return subprocess.run(["tmux", "-u", "-S", self.socket, *words], input=text, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_SECONDS).stdout

    def type(self, text):
        """Types characters, as they are."""
        self.tmux("send-keys", "-l", "--", text[:-1] + "\\;" if text.endswith(";") else text)

    def press(self, *keys):
        """Presses keys by tmux's names of them: Enter, Up, C-c, M-b."""
        self.tmux("send-keys", *keys)

    def paste(self, text):
        """Pastes a text as a terminal does: with marks if the program asked for them."""
        self.tmux("load-buffer", "-b", "pasted", "-", text=text)
        self.tmux("paste-buffer", "-p", "-d", "-b", "pasted")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self, colours=False):
        """The lines on the screen, without the empty ones at its end; colours: with their sequences."""
        text = self.tmux("capture-pane", "-p", *(["-e"] if colours else []))
        return [line.rstrip() for line in text.rstrip("\n").split("\n")]

    def cursor(self):
        """The cursor's row and column."""
        row, column = self.tmux("display-message", "-p", "#{cursor_y} #{cursor_x}").split()
        return int(row), int(column)

    def wait(self, wanted, what=None):
        """Waits until wanted(screen), or until a line of the screen is wanted; gives the screen."""
        holds = wanted if callable(wanted) else lambda lines: wanted in lines
        what = what or getattr(wanted, "what", wanted)
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            lines = self.screen()
            if holds(lines):
                return lines
            if not select.select([self.output], [], [], max(0, end - time.monotonic()))[0]:
                raise Late(f"the screen did not show {what!r}, but:\n" + "\n".join(lines))
            if not os.read(self.output, 65536):  # the program has ended
                lines = self.screen()
                if holds(lines):
                    return lines
                raise Late(f"the program ended, and did not show {what!r}, but:\n" + "\n".join(lines))

    def wait_cursor(self, row, column):
        self.wait(lambda _: self.cursor() == (row, column), f"the cursor in row {row}, column {column}")

    def wait_end(self):
        """Waits until the program has ended; gives its exit code, or 128 and the signal that ended it."""
        if len(self.processes) == 2 and not select.select([self.processes[1]], [], [], PATIENCE_SECONDS)[0]:
            raise Late("the program did not end, but shows:\n" + "\n".join(self.screen()))
        with open(self.status) as file:
            return int(file.read())

    def close(self):
        """Closes the terminal, and waits until its processes have ended."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.tmux("kill-server")
        for process in self.processes:
            select.select([process], [], [], PATIENCE_SECONDS)
            os.close(process)
        os.close(self.output)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run_tests(tests):
    """Runs functions named after what they show; the exit code."""
    failed = 0
    for test in tests:
        try:
            test()
            print(f"ok: {test.__name__}", flush=True)
        except (AssertionError, Late, subprocess.SubprocessError) as problem:
            failed += 1
            print(f"FAILED: {test.__name__}: {problem}", flush=True)
    return 1 if failed else 0
