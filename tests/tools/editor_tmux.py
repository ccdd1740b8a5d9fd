#!/usr/bin/env python3
"""The line editor in a real terminal.

    editor_tmux.py PROGRAM LIBEDIT      tests/tools/editor_program.c; whether it was built with libedit
"""
import os
import re
import sys
import tempfile

from terminal import Terminal, is_there, run_tests

PROGRAM = os.path.abspath(sys.argv[1])
LIBEDIT = sys.argv[2] == "true"
FUNCTION = "int f(int x)\n{\n    return x;\n}"


def editor(*arguments, **options):
    return Terminal([PROGRAM, *arguments], wanted="In [1]:", **options)


def enter(terminal, text):
    terminal.type(text)
    terminal.press("Enter")


def has(part):
    return lambda lines: any(part in line for line in lines)


def shows(wanted):
    """Some lines, one below the other."""
    def holds(lines):
        return any(lines[i:i + len(wanted)] == wanted for i in range(len(lines)))
    holds.what = wanted
    return holds


def printed(text, number):
    """What the program prints of an input, on lines of the screen."""
    wanted = f"<{text}> {number}".split("\n")
    return shows(wanted)


def a_line_is_read():
    with editor() as terminal:
        enter(terminal, "a = 2;")
        terminal.wait(printed("a = 2;", 1))
        terminal.wait("In [2]:")


def a_function_is_one_input_and_indented():
    with editor() as terminal:
        for line in ("int f(int x)", "{", "return x;", "}"):
            enter(terminal, line)
        lines = terminal.wait(printed(FUNCTION, 1))
        assert lines[:4] == ["In [1]: int f(int x)", "   ...: {", "   ...:     return x;", "   ...: }"], lines


def two_empty_lines_end_what_stays_open():
    with editor() as terminal:
        enter(terminal, "f(")
        terminal.press("Enter", "Enter")
        terminal.wait(has("<f(> 1"))


def a_cell_ends_at_an_empty_line():
    with editor() as terminal:
        for line in ("%%px", "a = 2;", "b = 3;"):
            enter(terminal, line)
        terminal.wait("   ...: b = 3;")
        terminal.press("Enter")
        terminal.wait(printed("%%px\na = 2;\nb = 3;", 1))


def the_history_outlives_the_program():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state", "history")
        with editor(path) as terminal:
            enter(terminal, "first;")
            terminal.wait("In [2]:")
            terminal.paste(FUNCTION)
            terminal.press("Enter")
            terminal.wait("In [3]:")
        with editor(path) as terminal:
            terminal.press("Up")
            terminal.wait("   ...:     return x;")
            terminal.press("Enter")
            terminal.wait(printed(FUNCTION, 1))
            terminal.press("Up", "Up", "Up", "Up", "Up")  # three lines up, and out of it
            terminal.wait("In [2]: first;")
            terminal.press("Enter")
            terminal.wait(printed("first;", 2))
            terminal.press("Up", "Down")
            terminal.type("new;")
            terminal.press("Enter")
            terminal.wait(printed("new;", 3))
        with open(path) as file:
            assert len(file.read().split("\n")) == 5, "each input is one line of the file"


def up_finds_what_begins_so():
    with editor() as terminal:
        for i, text in enumerate(("apple;", "banana;", "apricot;", "cherry;")):
            enter(terminal, text)
            terminal.wait(f"In [{i + 2}]:")
        terminal.type("ap")
        terminal.press("Up")
        terminal.wait("In [5]: apricot;")
        terminal.press("Up")
        terminal.wait("In [5]: apple;")
        terminal.press("Down", "Down")
        terminal.wait("In [5]: ap")


def inputs_are_searched():
    with editor() as terminal:
        for i, text in enumerate(("alpha(1);", "beta(2);", "alpha(3);")):
            enter(terminal, text)
            terminal.wait(f"In [{i + 2}]:")
        terminal.press("C-r")
        terminal.wait("(search ''):")
        terminal.type("alp")
        terminal.wait("(search 'alp'): alpha(3);")
        terminal.press("C-r")
        terminal.wait("(search 'alp'): alpha(1);")
        terminal.type("x")
        terminal.wait("(no input has 'alpx'): alpha(1);")
        terminal.press("C-g")
        terminal.wait("In [4]:")
        terminal.press("C-r")
        terminal.type("bet")
        terminal.wait("(search 'bet'): beta(2);")
        terminal.press("Enter")
        terminal.wait(printed("beta(2);", 4))


def tab_completes_and_lists():
    with editor() as terminal:
        terminal.type("x + te")
        terminal.press("Tab")
        terminal.wait("In [1]: x + temp")
        terminal.press("Tab")
        lines = terminal.wait(lambda lines: lines.count("In [1]: x + temp") == 2, "the input again")
        assert lines[1].split() == ["temperature", "temporary", "température"], lines
        terminal.type("o")
        terminal.press("Tab")
        terminal.wait("In [1]: x + temporary")
        terminal.type(" + siz")
        terminal.press("Tab", "Enter")
        terminal.wait(has("<x + temporary + size"))
        terminal.type("%re")
        terminal.press("Tab")
        terminal.type("|")
        terminal.wait("In [2]: %re|")
        terminal.press("C-u")
        terminal.type("%%p")
        terminal.press("Tab")
        terminal.wait("In [2]: %%px")


def tab_indents_where_a_line_begins():
    with editor() as terminal:
        terminal.press("Tab")
        enter(terminal, "a;")
        terminal.wait(printed("    a;", 1))


def what_is_pasted_is_one_input():
    with editor() as terminal:
        terminal.paste(FUNCTION + "\n")
        terminal.wait("   ...: }")
        terminal.press("Enter")
        terminal.wait(printed(FUNCTION, 1))
        terminal.paste("a;\nb;\tc;\n")
        terminal.wait(has("   ...: b;"))
        terminal.press("Enter")
        terminal.wait(has("<a;"))
        lines = terminal.wait("In [3]:")
        assert not any("> 3" in line for line in lines), "a paste ran twice"


def ctrl_c_drops_the_input():
    with editor() as terminal:
        enter(terminal, "int f(void) {")
        terminal.type("return")
        terminal.wait("   ...:     return")
        terminal.press("C-c")
        terminal.wait("interrupted 1")
        enter(terminal, "a;")
        terminal.wait(printed("a;", 2))


def ctrl_d_ends_an_empty_line_only():
    with editor() as terminal:
        terminal.type("a;")
        terminal.press("C-d", "Enter")
        terminal.wait(printed("a;", 1))
        terminal.wait("In [2]:")
        terminal.press("C-d")
        terminal.wait("end")


def wide_characters_are_characters():
    with editor() as terminal:
        terminal.type('"é日本"')
        terminal.wait('In [1]: "é日本"')
        terminal.wait_cursor(0, 15)
        terminal.press("Left", "Left")
        terminal.wait_cursor(0, 12)
        terminal.press("BSpace")
        terminal.type("x")
        terminal.wait('In [1]: "éx本"')
        terminal.press("Enter")
        terminal.wait(printed('"éx本"', 1))


def a_locale_without_utf8_does_not_matter():
    with editor(environment={"LC_ALL": "C"}) as terminal:
        enter(terminal, '"é日本"')
        terminal.wait(printed('"é日本"', 1))


def colours(terminal):
    return any("\033[" in line for line in terminal.screen(colours=True))


def colours_are_shown():
    with editor() as terminal:
        terminal.type('return "a"')
        terminal.wait('In [1]: return "a"')
        wanted = re.compile(r'\033\[[0-9;]*35m(\033\[49m)?return\033.* \033\[32m"a"')
        terminal.wait(lambda _: wanted.search(terminal.screen(colours=True)[0]), wanted.pattern)


def no_color_is_heeded():
    with editor(environment={"NO_COLOR": "1"}) as terminal:
        enter(terminal, "f(return")
        terminal.type("1);")
        terminal.wait("   ...:     1);")
        terminal.press("Enter")
        terminal.wait("In [2]:")
        assert not colours(terminal), terminal.screen(colours=True)


def long_lines_wrap():
    text = "x = " + " + ".join(str(i) for i in range(100, 125)) + ";"
    with editor(columns=40, rows=12) as terminal:
        terminal.type(text)
        wanted = "In [1]: " + text
        rows = [wanted[i:i + 40].rstrip() for i in range(0, len(wanted), 40)]
        terminal.wait(lambda lines: lines == rows, rows)
        terminal.press("Home")
        terminal.wait_cursor(0, 8)
        terminal.type("y, ")
        wanted = "In [1]: y, " + text
        rows = [wanted[i:i + 40].rstrip() for i in range(0, len(wanted), 40)]
        terminal.wait(lambda lines: lines == rows, rows)
        terminal.press("End", "BSpace", "BSpace", "BSpace", "Enter")
        terminal.wait(lambda lines: "".join(lines).endswith("123 + 1> 1In [2]:"), "the whole input")


def a_row_that_is_full_is_no_trap():
    with editor(columns=20, rows=8) as terminal:
        terminal.type("abcdefghijkl")
        terminal.wait_cursor(1, 0)
        terminal.type("m")
        terminal.wait(lambda lines: lines == ["In [1]: abcdefghijkl", "m"], "a second row")
        terminal.press("BSpace", "BSpace")
        terminal.wait(lambda lines: lines == ["In [1]: abcdefghijk"], "one row")
        terminal.press("Enter")
        terminal.wait(printed("abcdefghijk", 1))


def a_wide_character_at_the_edge_wraps_whole():
    with editor(columns=20, rows=8) as terminal:
        terminal.type('"abcdefghij日本"')
        terminal.wait(lambda lines: lines == ['In [1]: "abcdefghij', '日本"'], "the character in the second row")
        terminal.wait_cursor(1, 5)
        terminal.press("Left", "Left", "Left")
        terminal.wait_cursor(1, 0)
        terminal.press("Left", "BSpace")
        terminal.wait(lambda lines: lines == ['In [1]: "abcdefghj日', '本"'], "the character in the first row")
        terminal.press("Enter")
        terminal.wait(lambda lines: '<"abcdefghj日本"> 1' in "".join(lines), "the input")


def what_is_taller_than_the_screen_is_read_whole():
    body = [f"    x += {i};" for i in range(40)]
    with editor(columns=60, rows=12) as terminal:
        terminal.paste("\n".join(["void f(void)", "{", *body, "}"]))
        terminal.wait(lambda lines: lines[-1].strip().endswith("}"), "the end of the input")
        terminal.press("BSpace")
        terminal.type("/**/}")
        terminal.press("Enter")
        terminal.wait(lambda lines: lines[-3:] == ["    x += 39;", "/**/}> 1", "In [2]:"], "the whole input")


def enter_in_the_middle_makes_a_line():
    with editor() as terminal:
        terminal.paste("f(1,\n2);")
        terminal.wait("   ...: 2);")
        terminal.press("Up", "Enter")
        terminal.type("3,")
        terminal.wait(shows(["In [1]: f(1", "   ...:     3,,", "   ...: 2);"]))
        terminal.press("M-Enter")
        terminal.wait(printed("f(1\n    3,,\n2);", 1))


def alt_enter_runs_what_is_there():
    with editor() as terminal:
        terminal.type("f(")
        terminal.press("M-Enter")
        terminal.wait(printed("f(", 1))


def lines_are_edited_across():
    with editor() as terminal:
        terminal.paste("f(1,\n2,\n3);")
        terminal.wait("   ...: 3);")
        terminal.press("Home", "BSpace")  # joins it to the line above
        terminal.wait("   ...: 2,3);")
        terminal.press("Up", "End", "Delete")  # and that to the first
        terminal.wait("In [1]: f(1,2,3);")
        terminal.wait_cursor(0, 12)
        terminal.press("M-b", "C-w")
        terminal.press("Enter")
        terminal.wait(printed("1,2,3);", 1))


def the_cursor_skips_margins():
    with editor() as terminal:
        terminal.paste("f(1,\n2);")
        terminal.wait("   ...: 2);")
        terminal.press("Home", "Left")
        terminal.wait_cursor(0, 12)
        terminal.press("Right")
        terminal.wait_cursor(1, 8)
        terminal.press("C-a", "Up")
        terminal.wait_cursor(0, 8)


def the_window_is_resized():
    text = "abcdefghij" * 4
    with editor(columns=80, rows=12) as terminal:
        terminal.type(text)
        terminal.wait("In [1]: " + text)
        terminal.resize(30, 12)
        rows = ["In [1]: " + text[:22], text[22:]]
        terminal.wait(lambda lines: lines == rows, rows)
        terminal.type("k")
        rows[1] += "k"
        terminal.wait(lambda lines: lines == rows, rows)
        terminal.press("Enter")
        terminal.wait("In [2]:")


def the_screen_is_cleared():
    with editor() as terminal:
        enter(terminal, "a;")
        terminal.wait("In [2]:")
        terminal.type("b;")
        terminal.press("C-l")
        terminal.wait(lambda lines: lines == ["In [2]: b;"], "the input alone")


def ctrl_z_stops_and_fg_goes_on():
    with Terminal(["bash", "--norc", "-i"]) as terminal:
        enter(terminal, PROGRAM)
        terminal.wait("In [1]:")
        terminal.type("a;")
        terminal.wait("In [1]: a;")
        terminal.press("C-z")
        terminal.wait(has("Stopped"))
        enter(terminal, "fg")
        terminal.wait(lambda lines: lines[-1] == "In [1]: a;", "the input again")
        terminal.press("Enter")
        terminal.wait(printed("a;", 1))


def a_dumb_terminal_has_plain_lines():
    with editor(environment={"TERM": "dumb"}) as terminal:
        enter(terminal, "f(")
        terminal.wait("   ...:")
        enter(terminal, "1);")
        terminal.wait(printed("f(\n1);", 1))
        terminal.wait("In [2]:")
        terminal.type("b;")
        terminal.wait("In [2]: b;")
        terminal.press("C-c")
        terminal.wait(has("interrupted 2"))
        terminal.press("C-d")
        terminal.wait("end")
        assert not colours(terminal), terminal.screen(colours=True)


ANYWHERE = [a_line_is_read, a_dumb_terminal_has_plain_lines, two_empty_lines_end_what_stays_open]
WITH_LIBEDIT = [
    a_function_is_one_input_and_indented, a_cell_ends_at_an_empty_line, the_history_outlives_the_program,
    up_finds_what_begins_so, inputs_are_searched, tab_completes_and_lists, tab_indents_where_a_line_begins,
    what_is_pasted_is_one_input, ctrl_c_drops_the_input, ctrl_d_ends_an_empty_line_only,
    wide_characters_are_characters, a_locale_without_utf8_does_not_matter, colours_are_shown, no_color_is_heeded,
    long_lines_wrap, a_row_that_is_full_is_no_trap, a_wide_character_at_the_edge_wraps_whole,
    what_is_taller_than_the_screen_is_read_whole, enter_in_the_middle_makes_a_line, alt_enter_runs_what_is_there,
    lines_are_edited_across, the_cursor_skips_margins,
    the_window_is_resized, the_screen_is_cleared, ctrl_z_stops_and_fg_goes_on,
]

if __name__ == "__main__":
    if not is_there():
        print("skipped: there is no tmux")
        sys.exit(77)
    only = sys.argv[3:]
    sys.exit(run_tests(test for test in ANYWHERE + (WITH_LIBEDIT if LIBEDIT else [])
                       if not only or test.__name__ in only))
