#!/usr/bin/env python3
"""What ipx does, beside a cluster of four engines (tests/with_cluster): one-shot, as a script, in a pseudo-terminal.

Each function in TESTS is a test, named after what it shows; all are run, and those that fail are told at the end.

    e2e_ipx.py [NAME...]    those tests alone
"""
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = os.environ["BUILD_ROOT"]
IPX = os.path.join(BUILD, "tools", "ipx")
IPCLUSTER = os.path.join(BUILD, "tools", "ipcluster")
DEADLINE = 60  # seconds, for what takes milliseconds
SILENT = dict(os.environ, NO_COLOR="1", TERM="xterm")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def ipx(*arguments, given="", code=0):
    """Runs ipx to its end: what it wrote to stdout and stderr."""
    done = subprocess.run([IPX, *arguments], input=given, capture_output=True, text=True, timeout=DEADLINE, env=SILENT)
    assert done.returncode == code, f"exit code {done.returncode}, not {code}: {done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def script(text, code=0):
    """Runs lines as a person would type them: what the shell wrote."""
    out, errors = ipx(given=text, code=code)
    return out + errors


def same(got, expected):
    assert got == expected, f"got\n{got}\ninstead of\n{expected}"


def says(text, *parts):
    for part in parts:
        assert part in text, f"'{part}' is not in\n{text}"


@contextlib.contextmanager
def gate():
    """A FIFO that cells wait at, and the line of C that does so."""
    with tempfile.TemporaryDirectory(prefix="ipx-gate.", dir="/tmp") as folder:
        path = folder + "/gate"
        os.mkfifo(path)
        yield path, f'{{ FILE *gate = fopen("{path}", "r"); fgetc(gate); fclose(gate); }}'


def let_through(path):
    """Lets one through that waits, once it is there."""
    with open(path, "w", encoding="ascii") as fifo:
        fifo.write("x")


class Terminal:
    """ipx in a pseudo-terminal: what a person sees and types."""

    def __init__(self, *arguments):
        self.text, self.seen = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(SILENT, HOME=os.environ["XDG_RUNTIME_DIR"])
            os.execv(IPX, [IPX, *arguments])

    def expect(self, *parts):
        """Waits until all of this has come, one part after another."""
        end = time.monotonic() + DEADLINE
        for part in parts:
            while (at := self.text.find(part, self.seen)) < 0:
                ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
                assert ready, f"'{part}' did not come:\n{self.text[self.seen:]}"
                self.text += self.read()
            self.seen = at + len(part)

    def read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            data = b""
        assert data, f"ipx ended:\n{self.text[self.seen:]}"
        text = data.decode(errors="replace").replace("\r\n", "\n")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)

    def type(self, text):
        os.write(self.fd, text.encode())

    def line(self, text):
        self.type(text + "\n")

    def interrupt(self):
        self.type("\x03")

    def end(self):
        """Waits for its end: the exit code, or minus the signal."""
        with contextlib.suppress(AssertionError):
            while True:
                ready, _, _ = select.select([self.fd], [], [], DEADLINE)
                assert ready
                self.text += self.read()
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def four(template):
    """The text for each of the engines."""
    return "".join(template.replace("#", str(i)) + "\n" for i in range(4))


#  --- One-shot -------------------------------------------------------------------------------------------------

@test
def a_line_runs_on_all_engines():
    same(ipx('printf("I am %d\\n", (int) ipc_engine_id());')[0], four("[stdout:#] I am #"))


@test
def the_last_value_of_each_engine_is_shown():
    same(ipx("-t", "::2", "--block", given="double a = sqrt(2);\na *= 10;\na\n")[0],
         "Out[0:1]: 14.1421\nOut[2:1]: 14.1421\n")
    same(ipx("-t", "1", '"text"')[0], 'Out[1:1]: "text"\n')


@test
def a_file_runs():
    with tempfile.TemporaryDirectory(prefix="ipx.", dir="/tmp") as folder:
        path = folder + "/cell.c"
        with open(path, "w", encoding="utf-8") as file:
            file.write("int twice(int x) { return 2 * x; }\ntwice(21)\n")
        for arguments in ((path,), ("-f", path), ("--file", path)):
            same(ipx("-t", "0", *arguments)[0], "Out[0:1]: 42\n")
        os.rename(path, folder + "/cell")
        same(ipx("-t", "0", "-f", folder + "/cell")[0], "Out[0:1]: 42\n")
        same(script(f"%run -t 3 {folder}/cell\n"), "Out[3:1]: 42\n")


@test
def standard_input_is_one_cell():
    same(ipx("-t", "0", given="\n\n// a comment\nint x = 1;\nif (x) {\n    x = 7;\n}\nx")[0], "Out[0:1]: 7\n")
    says(ipx("-t", "0", given="\n\nwrong;", code=1)[1], "cell 1, line 3, column 1:")  # its lines are those of the file


@test
def errors_go_to_stderr_and_the_exit_code_is_1():
    out, errors = ipx('printf("before\\n"); ipc_raise("DomainError", "no root of %d", (int) ipc_engine_id());', code=1)
    same(out, four("[stdout:#] before"))
    says(errors, "[0:execute]: DomainError: no root of 0", "[3:execute]: DomainError: no root of 3")
    out, errors = ipx("-t", "0", "double b = undeclared;", code=1)
    same(out, "")
    says(errors, "[0:execute] cell 1, line 1, column 12: 'undeclared' undeclared")
    out, errors = ipx("-t", "1,2", "*(int *) 0 = ipc_engine_id();", code=1)
    says(errors, "[1:execute]: SIGSEGV", "[2:execute]: SIGSEGV")


@test
def outputs_are_grouped():
    code = ("-t", "0,1", 'printf("a\\n"); fprintf(stderr, "b\\n"); ipc_engine_id()')

    def both(*flags):
        done = subprocess.run([IPX, *flags, *code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=DEADLINE, env=SILENT, check=True)
        return done.stdout
    by_type = "[stdout:0] a\n[stdout:1] a\n[stderr:0] b\n[stderr:1] b\nOut[0:1]: 0\nOut[1:1]: 1\n"
    by_engine = "[stdout:0] a\n[stderr:0] b\nOut[0:1]: 0\n[stdout:1] a\n[stderr:1] b\nOut[1:1]: 1\n"
    same(both(), by_type)
    same(both("--group-outputs", "type"), by_type)
    same(both("--group-outputs=engine"), by_engine)
    same(both("-e"), by_engine)
    for flags in (("-r",), ("--group-outputs", "order"), ("--stream",)):
        lines = both(*flags).splitlines()
        same(sorted(lines[:4]), ["[stderr:0] b", "[stderr:1] b", "[stdout:0] a", "[stdout:1] a"])
        same(lines[4:], ["Out[0:1]: 0", "Out[1:1]: 1"])


@test
def lines_are_streamed_when_asked_for():
    with gate() as (path, wait):
        with subprocess.Popen([IPX, "--stream", "-t", "1", f'printf("first\\n"); fflush(stdout); {wait} puts("last");'],
                              stdout=subprocess.PIPE, text=True, env=SILENT) as program:
            same(program.stdout.readline(), "[stdout:1] first\n")  # while the cell waits
            let_through(path)
            same(program.stdout.read(), "[stdout:1] last\n")


@test
def what_is_not_waited_for_goes_on_without_ipx():
    with gate() as (path, wait):
        answer = path + ".answer"
        os.mkfifo(answer)
        code = f'{wait} FILE *to = fopen("{answer}", "w"); fputs("done", to); fclose(to);'
        out, _ = ipx("--noblock", "-t", "2", "-o", "orphan", code)
        number = re.fullmatch(r"task (\d+) is under way on engine 2\n", out)[1]
        let_through(path)
        with open(answer, encoding="ascii") as fifo:
            same(fifo.read(), "done")
    for option, value in (("--id", number), ("--label", "orphan")):
        says(subprocess.run([IPCLUSTER, "tasks", option, value], capture_output=True, text=True, check=True).stdout,
             number, "execute [orphan]")


@test
def verbose_says_where_it_runs():
    says(ipx("--verbose", "-t", "::2", "1;")[1], "runs on engines 0, 2")
    same(ipx("--no-verbose", "-t", "::2", "1;")[1], "")


@test
def wrong_usage_is_one_sentence():
    for arguments, part in ((("--foo",), "no option --foo"), (("-t",), "-t needs a value"), (("a", "b"), "quote it"),
                            (("--block=1", "a"), "takes no value"), (("--group-outputs", "color", "1"), "'color'"),
                            (("--signal-on-interrupt", "FOO", "1"), "'FOO'"), (("-o", "a b", "1"), "'a b'"),
                            (("--progress-after", "soon", "1"), "'soon'"), (("-f", "a.c", "b"), "a second"),
                            (("--profile",), "--profile needs a value"), (("--targets=", "1"), "takes engines"),
                            (("-t", "foo", "1"), "foo"),
                            (("--cluster-id", "a/b", "1"), "a/b")):
        out, errors = ipx(*arguments, code=2)
        same((out, errors.count("\n")), ("", 1))
        says(errors, part)
    for arguments, part in ((("nothing.c",), "'nothing.c', cannot be read"), (("-f", "/"), "'/', cannot be read"),
                            (("-t", "9", "1"), "9"), (("--cluster-id", "nowhere", "1"), "no cluster is running")):
        out, errors = ipx(*arguments, code=1)
        same((out, errors.count("\n")), ("", 1))
        says(errors, part)


@test
def help_and_version_are_printed():
    says(ipx("--help")[0], "usage: ipx", "--group-outputs", "--cluster-id", "Exit codes")
    assert re.fullmatch(r"ipx \d+\.\d+\.\d+\n", ipx("--version")[0])


#  --- Scripts of lines and magics --------------------------------------------------------------------------------

@test
def local_and_remote_work_mix_as_in_the_lecture():
    same(script('%px double a = 2;\n'
                'double b = 3;\n'
                'b * 2\n'
                '%px a\n'
                '%push b\n'
                '%px double c = a * b + ipc_engine_id();\n'
                '%pull c\n'
                'c[0] + c[1] + c[2] + c[3]\n'
                'c_count\n'),
         "Out[2]: 6\n" + four("Out[#:2]: 2") + "Out[3]: 30\nOut[4]: 4\n")


@test
def the_shells_own_cells_look_like_a_programs():
    out, errors = ipx(given='%local printf("plain\\n"); fprintf(stderr, "sorry\\n"); 1.5\n'
                            'int x = undeclared;\n'
                            'ipc_raise("DomainError", "no root of %d", -1);\n', code=1)
    same(out, "plain\nOut[1]: 1.5\n")
    says(errors, "sorry\n", "cell 2, line 1, column 9: 'undeclared' undeclared", "DomainError: no root of -1")


@test
def a_crash_here_leaves_the_shell():
    text = script("%local int a = 1;\n*(int *) 0 = 1;\n2 + 2\na\n", code=1)
    says(text, "SIGSEGV", "begins anew", "Out[3]: 4", "'a' undeclared")


@test
def a_cell_has_several_lines():
    same(script("%%px -t 0\nint x = 3;\n  x *= 2;\nx\n\n%%local\nint y = 1;\ny\n"), "Out[0:1]: 6\nOut[1]: 1\n")
    same(script("%%px -t 0,1 --group-outputs engine\nipc_engine_id()\n"), "Out[0:1]: 0\nOut[1:1]: 1\n")


@test
def targets_of_one_call_do_not_stick():
    same(script("%px -t 1 ipc_engine_id()\n%px ipc_engine_id()\n"), "Out[1:1]: 1\n" + four("Out[#:2]: #"))
    same(script("%targets 2\n%px -t 1 ipc_engine_id()\n%px ipc_engine_id()\n"), "Out[1:1]: 1\nOut[2:2]: 2\n")


@test
def configured_options_stick():
    same(script("%pxconfig -t ::2\n%px ipc_engine_id()\n%pxconfig --targets 3\n%px ipc_engine_id()\n%pxconfig\n"),
         "Out[0:1]: 0\nOut[2:1]: 2\nOut[3:2]: 3\n"
         "--targets 3 --block --no-stream --group-outputs type --signal-on-interrupt 2 --progress-after 2 "
         "--no-verbose\n")
    text = script("%pxconfig -t 9\n%pxconfig --out x\n%pxconfig 5\n%px -t 0 1\n", code=1)
    says(text, "9", "for one cell", "takes options", "Out[0:1]: 1")


@test
def autopx_sends_all_that_follows():
    same(script("%autopx\nint n = ipc_engine_id();\nn\n%local 5\n%autopx\n7\n"),
         "%autopx enabled: what is typed runs on engines 0, 1, 2, 3\n" + four("Out[#:2]: #") + "Out[1]: 5\n"
         "%autopx disabled: what is typed runs here\nOut[2]: 7\n")


@test
def named_views_have_magics_of_their_own():
    same(script("%view even ::2\n%px_even ipc_engine_id()\n%pxresult_even\n%autopx_even\nipc_engine_id() + 1\n"
                "%autopx_even\n%targets\n%pxconfig_even -t 3\n%px_even 5\n%px -t 0 6\n%targets_even 1\n%px_even 7\n"),
         "Out[0:1]: 0\nOut[2:1]: 2\n" * 2 +
         "%autopx enabled: what is typed runs on engines 0, 2\nOut[0:2]: 1\nOut[2:2]: 3\n"
         "%autopx disabled: what is typed runs here\n"
         "%px          all      engines 0, 1, 2, 3\n%px_even     ::2      engines 0, 2\n"
         "Out[3:3]: 5\nOut[0:4]: 6\nOut[1:5]: 7\n")
    says(script("%px_odd 1\n", code=1), "no view 'odd'", "%view odd ENGINES")
    says(script("%view\n%view a 9\n%view -x ::2\n", code=1), "%view takes a name and engines", "9")


@test
def results_are_shown_again_and_kept_under_names():
    text = script('%px -t 0 -o first puts("hello"); 1\n%px -t 1 2\n%pxresult\n%result first\n%pxresult none\n', code=1)
    same(text, "[stdout:0] hello\nOut[0:1]: 1\nOut[1:2]: 2\nOut[1:2]: 2\n[stdout:0] hello\nOut[0:1]: 1\n"
         "no result is kept as 'none': -o none keeps one\n")
    says(script("%pxresult\n", code=1), "there is no result yet: %px runs code")
    text = script('%px -t 0 ipc_raise("DomainError", "again");\n%pxresult\n', code=1)
    same(text.count("[0:execute]: DomainError: again\n"), 2)


@test
def a_result_that_is_not_there_yet_is_waited_for():
    with gate() as (path, wait):
        text = f'%px --noblock -t 1 {wait} ipc_engine_id() * 5\n' \
               f'%px -t 0 {{ FILE *gate = fopen("{path}", "w"); fputc(\'x\', gate); fclose(gate); }}\n' \
               f'%px --noblock -t 1 9\n%pxresult\n%px -a -t 0 -o kept 8\n%pxresult kept\n'
        out = script(text)
    out = re.sub(r"task \d+", "task N", out)
    same(out, "task N is under way on engine 1\ntask N is under way on engine 1\nOut[1:3]: 9\n"
         "task N is under way on engine 0\nOut[0:4]: 8\n")


@test
def what_waits_can_be_aborted():
    text = script("%px --noblock -t 0 for (;;) usleep(1000);\n%abort\n%pxresult\n%px -t 0 1\n", code=1)
    says(text, "[0:execute]: TaskAborted", "Out[0:2]: 1")


@test
def names_are_listed_where_they_are():
    same(script("%clear\n%px double a = 1; int f(int x) { return x; }\n%px -t 0,2 char b[16];\n%px -t 1 int b;\n%who\n"
                "%who -t 1\nint here;\n%who --local\n%who a\n", code=1),
         "a                double\n"
         "b                char [16]                        engine 0, 2\n"
         "b                int                              engine 1\n"
         "f                int (int x)\n"
         "a                double\nb                int\nf                int (int x)\n"
         "here             int\n%who takes no 'a': it shows all names\n")


@test
def values_go_to_the_engines_and_come_back():
    same(script("%clear\nint n = 5; double v[3] = {1, 2, 3}; char *s = \"text\";\n%push n v s\n"
                "%px -t 1 v[2] + n\n%px -t 1 s\n%push -t 0 m = n * 2\n%px -t 0 m\n"
                "%px double w[2] = {ipc_engine_id(), 10};\n%pull -t 1 w\nw[0] + w[1]\n"
                "%pull w as all\nall_count\n%pull -t 3 s as t\nt\n"
                "%px -t 0,1 double odd[1]; \n%px -t 2,3 int odd;\n%pull odd as o\n%who --local\n"),
         "Out[1:1]: 8\nOut[1:2]: \"text\"\nOut[0:3]: 10\nOut[3]: 11\nOut[4]: 8\nOut[5]: \"text\"\n"
         "all              float64 array 8\nn                int\no                list of 4\n"
         "s                char *\nt                string\nv                double [3]\n"
         "w                float64 array 2\n")


@test
def what_cannot_be_sent_is_a_sentence():
    text = script("%push\n%push nothing\n%pull\n%pull a b c\n%pull -t 0 nothing\n%push a b = 3\n"
                  "%push c = puts(\"x\");\n", code=1)
    says(text, "%push needs", "nothing", "%pull takes a name", "[0:pull]: NameError", "one name before the sign =",
         "no value that can be sent")


@test
def engines_are_made_ready_and_emptied():
    text = script("%include <stdarg.h>\n%px -t 0 sizeof(va_list) > 0\n%include stdarg\n%require nonsense\n"
                  "%px -t 1 int mark = 1;\n%clear -t 1\n%px -t 1 mark\n%px -t 2 int pid = getpid();\n"
                  "%restart -t 2\n%px -t 2 pid\n%signal -t 0 INT\n%signal FOO\n%clear all\n", code=1)
    says(text, "Out[0:1]: 1", "not 'stdarg'", "no module 'nonsense'", "'mark' undeclared", "'pid' undeclared",
         "not 'FOO'", "%clear takes no 'all'")


@test
def a_cell_runs_here_too():
    same(script("%%px --local -t 0\nint x = 3;\nx + 1\n\nx\n"), "Out[1]: 4\nOut[0:1]: 4\nOut[2]: 3\n")


@test
def a_wrong_magic_suggests_the_nearest():
    says(script("%pyx 1\n", code=1), "there is no magic %pyx; the nearest is %px")
    says(script("%help pusj\n", code=1), "the nearest is %push")
    says(script("%%who\n1\n", code=1), "%who takes one line")
    says(script("%px\n", code=1), "%px needs code")
    says(script("%px -x\n", code=1), "no option -x", "goes behind --")
    same(script("%px -t 0 -- -3\n"), "Out[0:1]: -3\n")
    says(script("%help px\n"), "%px", "--targets")
    says(script("%help\n"), "%autopx", "%quit", "--noblock")


@test
def a_script_ends_where_it_says():
    for word in ("%quit", "exit", "quit;", "exit()"):
        same(script(f"%px -t 0 1\n{word}\n%px -t 0 2\n"), "Out[0:1]: 1\n")
    same(script("%px -t 0 1\n%history\n"), "Out[0:1]: 1\n   1: %px -t 0 1\n")


@test
def nothing_of_the_shell_stays_when_it_is_killed():
    with subprocess.Popen([IPX], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=SILENT) as program:
        program.stdin.write("%local 1\n")
        program.stdin.flush()
        same(program.stdout.readline(), "Out[1]: 1\n")
        own = [IPCLUSTER, "status", "--cluster-id", f"ipx-{program.pid}"]
        same(subprocess.run(own, capture_output=True, check=False).returncode, 0)
        program.kill()
    end = time.monotonic() + DEADLINE
    while subprocess.run(own, capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < end, "its own cell space is still there"
        time.sleep(0.02)


@test
def the_recorded_session_is_what_is_shown():
    with open(os.path.join(os.path.dirname(__file__), "../../docs/ipx.md"), encoding="utf-8") as file:
        session = re.search(r"^```session\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)[1]
    typed, shown = [], []
    for line in session.splitlines():
        prompt = re.match(r"(?:(?:In|px\w*) \[\d+\]|   \.\.\.): ?", line)
        (typed if prompt else shown).append(line[prompt.end():] if prompt else line)
    script("%clear\n")
    done = subprocess.run([IPX], input="\n".join(typed) + "\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=DEADLINE, env=SILENT, check=False)
    same(done.stdout, "\n".join(shown) + "\n")


#  --- In a terminal --------------------------------------------------------------------------------------------

@test
def ctrl_c_interrupts_the_engines_not_the_shell():
    shell = Terminal()
    shell.expect("In [1]: ")
    shell.line('%px printf("begun\\n"); fflush(stdout); for (;;) usleep(1000);')
    shell.expect("] begun\n", "] begun\n", "] begun\n", "] begun\n")
    shell.interrupt()
    shell.expect("interrupted by SIGINT", "[0:execute]: Interrupted", "[3:execute]: Interrupted", "In [1]: ")
    shell.line("%px -t 2 40 + 2")
    shell.expect("Out[2:2]: 42\n", "In [1]: ")
    shell.line("%quit")
    same(shell.end(), 0)


@test
def ctrl_c_interrupts_the_shells_own_cell():
    shell = Terminal()
    shell.expect("In [1]: ")
    shell.line('int kept = 4; printf("begun\\n"); fflush(stdout); for (;;) usleep(1000);')
    shell.expect("\nbegun\n")
    shell.interrupt()
    shell.expect("Interrupted", "In [2]: ")
    shell.line("kept")
    shell.expect("Out[2]: 4\n", "In [3]: ")
    shell.type("\x04")
    same(shell.end(), 0)


@test
def ctrl_c_sends_the_signal_of_choice():
    shell = Terminal()
    shell.expect("In [1]: ")
    shell.line("%px -t 0 #include <signal.h>")
    shell.expect("In [1]: ")
    shell.line("%px -t 0 volatile int got; void on_signal(int number) { got = number; }")
    shell.expect("In [1]: ")
    for choice, number in (("USR1", signal.SIGUSR1), ("SIGUSR2", signal.SIGUSR2), ("12", 12)):
        shell.line(f"%px -t 0 --signal-on-interrupt {choice} got = 0; signal({int(number)}, on_signal); "
                   'printf("begun\\n"); fflush(stdout); while (!got) usleep(1000); got')
        shell.expect("] begun\n")
        shell.interrupt()
        shell.expect(f"]: {int(number)}\n", "In [1]: ")
    shell.line("exit")
    same(shell.end(), 0)


@test
def without_a_signal_ctrl_c_leaves_the_cell_alone():
    with gate() as (path, wait):
        shell = Terminal()
        shell.expect("In [1]: ")
        shell.line(f'%px -t 1 --signal-on-interrupt 0 printf("begun\\n"); fflush(stdout); {wait} 7')
        shell.expect("[stdout:1] begun\n")
        shell.interrupt()
        shell.expect("the execute goes on", "In [1]: ")
        let_through(path)
        shell.line("%pxresult")
        shell.expect("[stdout:1] begun\n", "Out[1:1]: 7\n", "In [1]: ")
        shell.line("exit")
        same(shell.end(), 0)


@test
def ctrl_c_while_a_value_is_fetched_leaves_the_cell_alone():
    with gate() as (path, wait):
        shell = Terminal()
        shell.expect("In [1]: ")
        shell.line("%local 1")
        shell.expect("Out[1]: 1\n", "In [2]: ")
        shell.line(f"%px --noblock -t 1 int late = 0; {wait} late = 5; late")
        shell.expect("under way on engine 1\n", "In [2]: ")
        shell.line("%pull --progress-after 0 -t 1 late")
        shell.expect("0/1 engines")  # it waits behind the cell
        shell.interrupt()
        shell.expect("the pull goes on", "In [2]: ")
        let_through(path)
        shell.line("%pxresult")
        shell.expect("Out[1:1]: 5\n", "In [2]: ")
        shell.line("exit")
        same(shell.end(), 0)


@test
def a_result_that_is_shown_can_be_interrupted():
    shell = Terminal()
    shell.expect("In [1]: ")
    shell.line('%px --noblock -t 2 printf("begun\\n"); fflush(stdout); for (;;) usleep(1000);')
    shell.expect("under way on engine 2\n", "In [1]: ")
    shell.line("%targets 0")
    shell.expect("In [1]: ")
    shell.line("%pxresult")
    shell.expect("[stdout:2] begun\n")
    shell.interrupt()
    shell.expect("interrupted by SIGINT", "[2:execute]: Interrupted", "In [1]: ")
    shell.line("exit")
    same(shell.end(), 0)


@test
def a_second_ctrl_c_aborts():
    shell = Terminal()
    shell.expect("In [1]: ")
    shell.line("%px -t 3 #include <signal.h>")
    shell.expect("In [1]: ")
    shell.line('%px -t 3 signal(SIGINT, SIG_IGN); printf("begun\\n"); fflush(stdout); for (;;) usleep(1000);')
    shell.expect("] begun\n")
    shell.interrupt()
    shell.expect("another Ctrl-C aborts")
    shell.interrupt()
    shell.expect("aborted: ", "[3:execute]: ", "In [1]: ")
    shell.line("%px -t 3 1 + 1")
    shell.expect("Out[3:3]: 2\n")
    shell.expect("In [1]: ")
    shell.line("exit")
    same(shell.end(), 0)


@test
def ctrl_c_drops_what_is_typed():
    shell = Terminal()
    shell.expect("In [1]: ")
    shell.type("int dropped")
    shell.expect("int dropped")
    shell.interrupt()
    shell.expect("In [1]: ")
    shell.line("1 + 1")
    shell.expect("Out[1]: 2\n", "In [2]: ")
    shell.line("exit")
    same(shell.end(), 0)


@test
def a_one_shot_ends_of_its_ctrl_c():
    shell = Terminal("-t", "0", 'printf("begun\\n"); fflush(stdout); for (;;) usleep(1000);')
    shell.expect("[stdout:0] begun\n")
    shell.interrupt()
    shell.expect("[0:execute]: Interrupted")
    same(shell.end(), -signal.SIGINT)  # which shells call 130


@test
def a_bar_is_drawn_when_it_takes_long():
    with gate() as (path, wait):
        shell = Terminal("-t", "0", "--progress-after", "0", wait)
        shell.expect("0/1 engines")
        let_through(path)
        same(shell.end(), 0)
        shell = Terminal("-t", "0", "--progress-after", "-1", f'puts("begun"); fflush(stdout); {wait}')
        shell.expect("begun\n")
        let_through(path)
        same(shell.end(), 0)
        assert " engines" not in shell.text


@test
def autopx_shows_in_the_prompt():
    shell = Terminal()
    shell.expect("In [1]: ")
    shell.line("%autopx")
    shell.expect("enabled", "px [1]: ")
    shell.line("ipc_engine_id()")
    shell.expect("Out[0:1]: 0\n", "Out[3:1]: 3\n", "px [2]: ")
    shell.line("%autopx")
    shell.expect("disabled", "In [1]: ")
    shell.line("exit")
    same(shell.end(), 0)


def give_up(*_):
    raise TimeoutError(f"not through after {2 * DEADLINE} s")


def main(names):
    failed = []
    signal.signal(signal.SIGALRM, give_up)
    for function in TESTS:
        if names and function.__name__ not in names:
            continue
        started = time.monotonic()
        signal.alarm(2 * DEADLINE)
        try:
            function()
            print(f"ok    {function.__name__} ({time.monotonic() - started:.2f} s)", flush=True)
        except Exception:  # whatever it is, the next one is tried
            failed.append(function.__name__)
            print(f"WRONG {function.__name__}", flush=True)
            traceback.print_exc()
    if failed:
        print(f"{len(failed)} of {len(TESTS)} went wrong: " + ", ".join(failed))
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
