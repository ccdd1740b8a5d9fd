#!/usr/bin/env python3
"""ipx as a person meets it: in a real terminal, beside a cluster of four engines (tests/with_cluster).

    ipx_tmux.py [NAME...]       those tests alone
"""
import os
import re
import sys
import tempfile

from terminal import Terminal, is_there, run_tests

IPX = os.path.join(os.environ["BUILD_ROOT"], "tools", "ipx")
PROMPT = re.compile(r"(In|px) \[\d+\]:$")


def is_prompted(lines):
    return bool(PROMPT.match(lines[-1]))


class Shell(Terminal):
    """ipx with a history of its own."""

    def __init__(self, state=None, environment=None):
        self.state = None if state else tempfile.TemporaryDirectory(prefix="ipx-state.", dir="/tmp")
        super().__init__([IPX], columns=100, rows=40, wanted=is_prompted,
                         environment={"XDG_STATE_HOME": state or self.state.name, **(environment or {})})

    def prompted(self):
        """Waits until the shell asks for the next input; gives the screen."""
        return self.wait(is_prompted)

    def run(self, text):
        """Types an input; gives the lines that came of it, once there is a prompt again."""
        before = len(self.prompted())
        for line in text.split("\n"):
            self.type(line)
            self.press("Enter")
        if text.startswith("%%"):
            self.press("Enter")
        rows = before + text.count("\n") + text.startswith("%%")
        lines = self.wait(lambda lines: len(lines) > rows and is_prompted(lines), "the next prompt")
        return lines[rows:-1]

    def close(self):
        super().close()
        if self.state:
            self.state.cleanup()


def four(template):
    return [template.replace("#", str(i)) for i in range(4)]


def same(got, wanted):
    assert got == wanted, f"got {got} instead of {wanted}"


def lines_run_here_and_on_the_engines():
    with Shell() as shell:
        same(shell.run("double a = 1.5;"), [])
        same(shell.run("a * 2"), ["Out[2]: 3"])
        lines = shell.run('%px printf("I am %d\\n", (int) ipc_engine_id());')
        same(sorted(lines), four("[stdout:#] I am #"))  # as they come
        same(shell.run("%push a"), [])
        same(shell.run("%px a + ipc_engine_id()"), [f"Out[{i}:2]: {1.5 + i:g}" for i in range(4)])


def functions_and_cells_have_lines():
    with Shell() as shell:
        same(shell.run("double square(double x)\n{\nreturn x * x;\n}"), [])
        same(shell.run("square(3)"), ["Out[2]: 9"])
        same(shell.run("%%px -t 0,1\nint twice(int x)\n{\nreturn 2 * x;\n}\ntwice(ipc_engine_id())"),
             ["Out[0:1]: 0", "Out[1:1]: 2"])


def names_of_engines_are_completed():
    with Shell() as shell:
        shell.run("%px double temperature = 21.5;")
        shell.type("%px temper")
        shell.press("Tab")
        shell.wait(lambda lines: lines[-1].endswith(": %px temperature"), "the name of the engines")
        shell.press("Enter")
        shell.wait("Out[0:2]: 21.5")
        shell.prompted()
        shell.type("%pxr")
        shell.press("Tab")
        shell.wait(lambda lines: lines[-1].endswith(": %pxresult"), "the magic")


def autopx_sends_what_follows():
    with Shell() as shell:
        shell.run("%autopx")
        shell.wait(lambda lines: lines[-1] == "px [1]:", "its prompt")
        same(shell.run("ipc_engine_id() + 10"), four("Out[#:1]: 1#"))
        shell.run("%autopx")
        shell.wait(lambda lines: lines[-1] == "In [1]:", "the prompt of before")


def ctrl_c_stops_the_engines_and_the_shell_goes_on():
    with Shell() as shell:
        shell.type('%px puts("begun"); fflush(stdout); for (;;);')
        shell.press("Enter")
        shell.wait("[stdout:3] begun")
        shell.press("C-c")
        shell.wait(lambda lines: any("Interrupted" in line for line in lines), "an error that says so")
        same(shell.run("%px 1 + 1"), four("Out[#:2]: 2"))


def ctrl_c_drops_a_line():
    with Shell() as shell:
        shell.type("int x = (")
        shell.press("Enter")
        shell.wait("   ...:")
        shell.press("C-c")
        shell.wait(lambda lines: lines[-1] == "In [1]:" and lines[-2].endswith("^C"), "a new prompt")
        same(shell.run("1 + 1"), ["Out[1]: 2"])


def errors_point_at_the_place():
    with Shell() as shell:
        lines = shell.run("double b = undeclared;")
        assert any("undeclared" in line for line in lines) and any("^" in line for line in lines), lines


def inputs_are_remembered():
    with tempfile.TemporaryDirectory(prefix="ipx-state.", dir="/tmp") as state:
        with Shell(state) as shell:
            shell.run("int n = 3;")
            shell.run("%%px -t 0\nint m = 4;\nm")
        with Shell(state) as shell:
            shell.press("Up")
            shell.wait(lambda lines: lines[-2:] == ["   ...: int m = 4;", "   ...: m"], "the whole cell")
            shell.press("C-c")
            shell.prompted()
            shell.press("C-r")
            shell.type("int n")
            shell.wait("(search 'int n'): int n = 3;")
            shell.press("Enter")
            shell.prompted()
            same(shell.run("n"), ["Out[2]: 3"])


def what_is_pasted_runs_once():
    with Shell() as shell:
        shell.paste("int i = 0;\ni += 1;\ni\n")
        shell.wait("   ...: i")
        shell.press("Enter")
        shell.wait("Out[1]: 1")


def colours_are_those_that_are_wanted():
    with Shell() as shell:
        shell.type("return")
        shell.wait(lambda _: any("\033[35m" in line for line in shell.screen(colours=True)), "a keyword's colour")
    with Shell(environment={"NO_COLOR": "1"}) as shell:
        shell.run("%px int x = 2;")
        assert not any("\033" in line for line in shell.screen(colours=True)), shell.screen(colours=True)


def ctrl_d_ends_it():
    with Shell() as shell:
        shell.press("C-d")
        same(shell.wait_end(), 0)


TESTS = [
    lines_run_here_and_on_the_engines, functions_and_cells_have_lines, names_of_engines_are_completed,
    autopx_sends_what_follows, ctrl_c_stops_the_engines_and_the_shell_goes_on, ctrl_c_drops_a_line,
    errors_point_at_the_place, inputs_are_remembered, what_is_pasted_runs_once, colours_are_those_that_are_wanted,
    ctrl_d_ends_it,
]

if __name__ == "__main__":
    if not is_there():
        print("skipped: there is no tmux")
        sys.exit(77)
    sys.exit(run_tests(test for test in TESTS if not sys.argv[1:] or test.__name__ in sys.argv[1:]))
