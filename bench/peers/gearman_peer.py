"""Gearman: gearmand and 4 workers of gearman.c, which is the client too."""
import os
import socket

from support import (ENGINES, PeerError, await_true, compile_program, figures_in, output_of, pss, search_path, start,
                     timed)

TITLE = "Gearman"
PACKAGES = ("gearman-job-server", "libgearman-dev", "gcc")
DEADLINE = 60
HOW = """start: gearmand and 4 workers in C (libgearman) until gearmand's admin port counts 4 of them, asked each 2 ms.
Calls and tasks: gearman_client_do; 40,000 gearman_client_add_task, then gearman_client_run_tasks. It has no map, no
arrays and no way to address one worker."""


def missing():
    try:
        search_path("gearmand")
        search_path("gcc")
    except PeerError:
        return list(PACKAGES)
    return [] if os.path.exists("/usr/include/libgearman/gearman.h") else list(PACKAGES)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def workers_at(port):
    """How many workers gearmand has for our function."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as admin:
            admin.sendall(b"status\n")
            text = b""
            while not text.endswith(b".\n"):
                piece = admin.recv(4096)
                if not piece:
                    return 0
                text += piece
    except OSError:
        return 0
    for line in text.decode().splitlines():
        fields = line.split("\t")
        if fields[0] == "nothing":
            return int(fields[3])
    return 0


def measure(directory):
    program = compile_program("gcc", "gearman.c", ["-lgearman", "-lm"], directory)
    port, log = free_port(), os.path.join(directory, "log")
    processes = []

    def start_cluster():
        processes.append(start([search_path("gearmand"), "--listen", "127.0.0.1", "--port", str(port),
                                "--log-file", "stderr"], log))
        await_true(lambda: workers_at(port) == 0 and listens(port), "gearmand listens")
        processes.extend(start([program, "worker", str(port)], log) for _ in range(ENGINES))
        await_true(lambda: workers_at(port) == ENGINES, "gearmand has 4 workers")

    figures = {"start": timed(start_cluster)}
    figures |= {"controller": pss([processes[0].pid]),
                "engine": pss([worker.pid for worker in processes[1:]]) / ENGINES}
    figures |= figures_in(output_of([program, "client", str(port)], seconds=DEADLINE))
    for process in reversed(processes):
        process.terminate()
        process.wait(10)
    return figures


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
