#!/usr/bin/env python3
"""Engines that are ranks of an MPI world, with nannies that only pretend (fakes/): what --engines refuses, what
each engine is told, and that nothing is left, whoever is killed.

    mpi.py IPCLUSTER    IPC_PROGRAM_PATH leads to the fakes
"""
import glob
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile

IPCLUSTER = sys.argv[1]
FOLDER = tempfile.mkdtemp(prefix="ipc-test.", dir="/tmp")
BIN = FOLDER + "/bin"
ENVIRONMENT = dict(os.environ, XDG_RUNTIME_DIR=FOLDER + "/run", IPC_CLUSTER_ID="mpi")
for name in ("IPC_PROFILE", "IPC_CONNECTION_FILE", "IPC_SHM"):
    ENVIRONMENT.pop(name, None)
SECONDS = 30
wrong = []


def complain(text):
    wrong.append(text)
    print("WRONG:", text, flush=True)


def expect(status, text, *arguments, path=None):
    """The command's exit status, and words of what it writes."""
    environment = dict(ENVIRONMENT, PATH=path) if path else ENVIRONMENT
    with open(FOLDER + "/out", "w+") as out:  # no pipe, which a detached supervisor would hold open
        code = subprocess.run([IPCLUSTER, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=out,
                              stderr=out, timeout=SECONDS).returncode
        out.seek(0)
        words = out.read()
    if code != status or text not in words:
        complain(f"ipcluster {' '.join(arguments)}: exit status {code}, not {status} with {text!r}:\n{words}")


def environment_of(pid):
    with open(f"/proc/{pid}/environ", errors="replace") as file:
        return dict(line.split("=", 1) for line in file.read().split("\0") if "=" in line)


def processes():
    """The living processes of this test's clusters: pid and name."""
    found = {}
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(os.path.basename(path))
        try:
            if environment_of(pid).get("XDG_RUNTIME_DIR") == ENVIRONMENT["XDG_RUNTIME_DIR"]:
                with open(path + "/comm") as file:
                    found[pid] = file.read().strip()
        except OSError:
            pass  # gone meanwhile, or somebody else's
    return found


def pid_of(name):
    return next((pid for pid, found in processes().items() if name == found), 0)


def kill(name):
    """Kills a process, and gives its pidfd."""
    pid = pid_of(name)
    if not pid:
        complain(f"there is no {name}")
        sys.exit(1)
    ends = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    return ends


def await_end(ends, name):
    if not select.select([ends], [], [], SECONDS)[0]:
        complain(f"{name} has not ended")


def told(engine, variable):
    """What an engine's nanny has in its environment."""
    with open(glob.glob(FOLDER + "/run/ipc/*/cluster.json")[0]) as file:
        return environment_of(json.load(file)["nannies"][engine]["pid"]).get(variable)


def expect_told(engine, variable, value):
    if told(engine, variable) != value:
        complain(f"engine {engine} has {variable}={told(engine, variable)}, not {value}")


def expect_nothing_left(what):
    left = [*processes().items(), *glob.glob(FOLDER + "/run/ipc/*")]
    if left:
        complain(f"{what} left behind: {left}")


def start(engines, path=None, status=0, text="ready in"):
    expect(status, text, "start", "-n", str(engines), "--daemonize", "--engines", "mpi", path=path)


def fake_mpiexec(script):
    with open(BIN + "/mpiexec", "w") as file:
        file.write("#!/bin/bash\n" + script + "\n")
    os.chmod(BIN + "/mpiexec", 0o755)


def refusals():
    expect(2, '--engines takes local, mpi, not "foo"', "start", "-n", "1", "--engines", "foo")
    expect(0, "1 engine ready", "start", "-n", "1", "--daemonize", "--engines", "local")
    expect(0, "stopped", "stop")
    start(1, BIN, 1, "cannot find mpiexec, which --engines mpi needs: install Open MPI")
    path = BIN + ":" + os.environ["PATH"]
    fake_mpiexec("echo 'There are not enough slots'; exit 1")
    start(1, path, 1, "mpiexec has ended before its ranks had begun; its last words begin: There are not enough slots")
    fake_mpiexec('exec "${@: -2}"')  # a seat and its argument, with nothing of what Open MPI sets
    start(1, path, 1, "mpiexec is not of Open MPI")
    expect_nothing_left("a start that failed")


def await_mpiexec(began):
    """Until the fake one runs, which starts no rank."""
    with open(began) as file:
        file.read()


def ends_while_it_begins():
    """Ctrl-C, and a stop, are not kept waiting by an mpiexec that takes its time."""
    path = BIN + ":" + os.environ["PATH"]
    began = FOLDER + "/began"
    os.mkfifo(began)
    fake_mpiexec(f"echo >{began}; exec sleep 1000")
    for detached in (False, True):
        with open(FOLDER + "/words", "w+") as out:
            starting = subprocess.Popen([IPCLUSTER, "start", "-n", "2", "--engines", "mpi"] +
                                        detached * ["--daemonize"], env=dict(ENVIRONMENT, PATH=path),
                                        stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            await_mpiexec(began)
            if detached:
                expect(0, "stopped", "stop")
            else:
                starting.send_signal(signal.SIGINT)
            try:
                code = starting.wait(timeout=10)  # of the 20 s that it is given for its ranks
            except subprocess.TimeoutExpired:
                starting.kill()
                code = None
            out.seek(0)
            words = out.read()
        if code != 1 or "interrupted before the cluster was ready" not in words:
            complain(f"a start that was ended has exit status {code}: {words}")
        expect_nothing_left("a start that was ended")


def expect_nothing_listens_to_other_hosts():
    """TCP sockets of the cluster's processes, by their inodes in /proc/net."""
    owners = {}
    for pid, name in processes().items():
        for path in glob.glob(f"/proc/{pid}/fd/*"):
            try:
                owners[os.readlink(path)] = name
            except OSError:
                pass
    loopback = ("0100007F", "00000000000000000000000001000000")
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):
            continue
        with open(table) as file:
            for fields in (line.split() for line in list(file)[1:]):
                owner = owners.get(f"socket:[{fields[9]}]")
                if owner and fields[3] == "0A":
                    listening.append((owner, fields[1]))
    if not listening:
        complain("mpiexec listens nowhere: is this looked up in the right place?")
    for owner, address in listening:
        if address.split(":")[0] not in loopback:
            complain(f"{owner} listens at {address}")


def worlds():
    start(3)
    expect_nothing_listens_to_other_hosts()
    for engine in range(3):
        expect_told(engine, "IPC_MPI_RANK", str(engine))
        expect_told(engine, "OMPI_COMM_WORLD_RANK", str(engine))
        expect_told(engine, "IPC_MPI_SIZE", "3")
    first = told(0, "IPC_MPI_WORLD")
    expect(0, "", "restart", "1")  # alone, it comes back to its place
    expect_told(1, "IPC_MPI_RANK", "1")
    expect_told(1, "IPC_MPI_WORLD", first)
    expect(0, "", "engines", "-n", "1")  # it has no place in a world that has begun
    expect_told(3, "IPC_MPI_RANK", None)
    expect(0, "", "engines", "--remove", "1")
    expect(0, "all engines run anew", "restart")  # a new world, without gaps
    if told(0, "IPC_MPI_WORLD") == first:
        complain("all engines run anew in their old world")
    for engine, rank in ((0, "0"), (2, "1"), (3, "2")):
        expect_told(engine, "IPC_MPI_RANK", rank)
    await_end(kill("mpiexec"), "mpiexec")  # the engines need it no more, until they meet
    expect(0, "engine 2: ", "status")
    expect(0, "all engines run anew", "restart")
    if not pid_of("mpiexec"):
        complain("there is no new mpiexec after a restart")
    expect(0, "stopped", "stop")
    expect_nothing_left("a cluster that was stopped")


def killed_supervisor():
    start(2)
    ends = os.pidfd_open(pid_of("mpiexec"))
    kill("ipcluster")
    await_end(ends, "mpiexec")
    expect(0, "", "clean")
    expect_nothing_left("a cluster whose supervisor was killed")


def main():
    os.makedirs(ENVIRONMENT["XDG_RUNTIME_DIR"], 0o700)
    os.mkdir(BIN)
    try:
        refusals()
        ends_while_it_begins()
        if shutil.which("mpiexec"):
            worlds()
            killed_supervisor()
        elif not wrong:
            print("the rest is skipped: there is no mpiexec here")
            return 77
    finally:
        for pid in processes():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(FOLDER, ignore_errors=True)
    return 1 if wrong else 0


sys.exit(main())
