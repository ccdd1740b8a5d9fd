#!/usr/bin/env python3
"""Runs README.md: every program and every command in it, in order, as a reader would in a fresh clone.

    ```c NAME     is written to the file NAME
    ```sh         is run; a block that calls cc is run with gcc and again with clang
    ```text       is what the sh block before it prints, but for the numbers

There is no other kind of block, so nothing in README.md can go stale. What the test changes: the demo runs
with the programs of the build under test (IPC_BUILD) instead of building its own, and 'scripts/test', which
runs this very test, is not run again.

    readme.py SOURCE BUILD
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

NUMBER = re.compile(r"\b\d+(\.\d+)?(e[+-]?\d+)?\b")
DEVICE = re.compile(r"\b(cpu|cuda)\b")
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text):
    """Gives (kind, name, body, number of its line) of each fenced block."""
    found = []
    for match in FENCE.finditer(text):
        kind, _, name = match[1].partition(" ")
        line = text.count("\n", 0, match.start()) + 1
        if kind not in ("c", "sh", "text") or (kind == "c") != bool(name):
            sys.exit(f"README.md:{line}: a block is 'c NAME', 'sh' or 'text', not '{match[1]}'")
        found.append((kind, name, match[2], line))
    return found


def pattern(output):
    """What must be equal: words and order, not numbers, devices and the width of columns."""
    text = DEVICE.sub("DEVICE", NUMBER.sub("N", output))
    return [" ".join(line.split()) for line in text.splitlines()]


def session(readme, compilers):
    """One shell script of all sh blocks; what block i prints goes to the file out.i, once for each run."""
    lines = ["set -euo pipefail"]
    expected = []
    for i, (kind, name, body, line) in enumerate(readme):
        if kind == "c":
            with open(name, "w", encoding="utf-8") as file:
                file.write(body)
        elif kind == "text":
            if i == 0 or readme[i - 1][0] != "sh":
                sys.exit(f"README.md:{line}: this output stands behind no command")
            expected.append((i - 1, body, line))
        elif body.strip() != "scripts/test":
            calls_cc = re.search(r"^cc ", body, re.MULTILINE)
            for compiler in compilers if calls_cc else compilers[:1]:
                lines += [f'echo "README.md:{line}: with {compiler}" >&2', f'cc() {{ {compiler} "$@"; }}']
                # In braces, not in a subshell: what a block exports holds for the next ones.
                lines += ["{", body.rstrip("\n"), f"}} >>out.{i}"]
    return "\n".join(lines) + "\n", expected


def compare(expected, compilers, readme):
    failed = 0
    for i, body, line in expected:
        with open(f"out.{i}", encoding="utf-8") as file:
            got = pattern(file.read())
        runs = len(compilers) if re.search(r"^cc ", readme[i][2], re.MULTILINE) else 1
        if got != pattern(body) * runs:
            failed += 1
            print(f"README.md:{line}: expected, {runs} times:\n{body}\nbut the commands printed (N: a number):")
            print("\n".join(got))
    return failed


def copy_of(source, folder):
    """A copy of the sources without what was built: a fresh clone, with the changes that are tested."""
    def ignored(where, names):
        return [name for name in names if name in (".git", "__pycache__") or
                (os.path.samefile(where, source) and name.startswith("build"))]
    return shutil.copytree(source, os.path.join(folder, "clone"), ignore=ignored, symlinks=True)


def main():
    source, build = map(os.path.abspath, sys.argv[1:3])
    # A short path: that of a socket has at most 107 bytes.
    folder = tempfile.mkdtemp(prefix="ipc-readme.", dir="/tmp")
    runtime = os.path.join(folder, "run")
    home = os.path.join(folder, "home")
    os.mkdir(runtime, 0o700)
    os.mkdir(home)
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("IPC_", "MESON_", "LD_", "PKG_CONFIG", "XDG_CACHE"))}
    environment |= {"HOME": home, "XDG_RUNTIME_DIR": runtime, "IPC_BUILD": build}
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    # Meson ends a test that takes too long with SIGTERM; the cluster must not stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        os.chdir(copy_of(source, folder))
        with open("README.md", encoding="utf-8") as file:
            readme = blocks(file.read())
        script, expected = session(readme, compilers)
        try:
            status = subprocess.run(["bash", "-c", script], env=environment, check=False).returncode
        finally:
            if os.listdir(runtime):
                subprocess.run([os.path.join(build, "tools", "ipcluster"), "stop"], env=environment,
                               check=False, capture_output=True)
        if status:
            for name in sorted(os.listdir(".")):
                if name.startswith("out."):
                    with open(name, encoding="utf-8") as file:
                        sys.stderr.write(f"--- {name}\n{file.read()[-2000:]}")
            sys.exit("README.md: the last block named above failed")
        for name, magic in (("heat.png", b"\x89PNG"), ("sweep.png", b"\x89PNG"), ("heat.gif", b"GIF89a"),
                            ("u-150.npy", b"\x93NUMPY")):
            with open(name, "rb") as file:
                assert file.read(len(magic)) == magic, name
        return 1 if compare(expected, compilers, readme) else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
