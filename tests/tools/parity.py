#!/usr/bin/env python3
"""Looks whether docs/ipyparallel-parity.md tells the truth: each test that it names is in the file that it names.

    parity.py SOURCE

In its tables a test is named as "file: test, test". A row says "no meaning: why" where a feature has no use in C; of
these there are few.
"""
import glob
import os
import re
import sys

NAMED = re.compile(r"\b((?:e2e|test|parity)_\w+): (\w+(?:, \w+)*)")
STARTED = re.compile(r"START_TEST\((\w+)\)")
MARKED = re.compile(r"^@test\ndef (\w+)\(", re.MULTILINE)
WITHOUT_MEANING_MAX = 15


def tests_of(source):
    """The names of the tests in each file of tests."""
    found = {}
    for ending, tests in ((".c", STARTED), (".py", MARKED)):
        for path in glob.glob(source + "/tests/**/*" + ending, recursive=True):
            with open(path, encoding="utf-8") as file:
                found[os.path.basename(path)[:-len(ending)]] = set(tests.findall(file.read()))
    return found


def main(source):
    with open(source + "/docs/ipyparallel-parity.md", encoding="utf-8") as file:
        rows = [line for line in file if line.startswith("| ")]
    tests, named, wrong = tests_of(source), 0, []
    for row in rows:
        for suite, names in NAMED.findall(row):
            for name in names.split(", "):
                named += 1
                if name not in tests.get(suite, ()):
                    wrong.append(f"{suite} has no test {name}")
    without_meaning = sum("no meaning:" in row for row in rows)
    if without_meaning > WITHOUT_MEANING_MAX:
        wrong.append(f"{without_meaning} rows have no meaning, {WITHOUT_MEANING_MAX} are the most")
    if named == 0:
        wrong.append("it names no test")
    print("\n".join(wrong) or f"{len(rows)} rows name {named} tests, {without_meaning} have no meaning")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))
