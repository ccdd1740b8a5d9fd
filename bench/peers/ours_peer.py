"""Interactive Parallel C: `ipcluster start -n 4 --daemonize`, and ours.c as the client."""
import os
from pathlib import Path

from support import ENGINES, PeerError, command_of, figures_in, output_of, parents, pss, timed

TITLE = "this system"
PACKAGES = ()
DEADLINE = 120
STARTS = 5
HOW = """start: `ipcluster start -n 4 --daemonize` until it returns, median of 5. Calls and tasks: a balanced view,
ipc_apply_sync; 100,000 ipc_apply, then a wait for each; ipc_map with chunk 1 over 200,000 items. Arrays: ipc_push,
ipc_scatter, ipc_gather and the joined array, written anew before each. Controller: ipcd. Engine: worker and nanny.
Kernels: heat.solve, linalg.matvec and random.pi (10^8 points) on one engine with all cores, the time there."""


def build_folder():
    folder = os.environ.get("BUILD_ROOT", "")
    if not os.access(os.path.join(folder, "tools", "ipcluster"), os.X_OK):
        raise PeerError("not built: name the build folder with --build")
    return folder


def missing():
    build_folder()
    return []


def members(directory, program):
    """The cluster's processes that run a program, by their environment: the daemon is nobody's child."""
    mark = f"XDG_RUNTIME_DIR={directory}".encode()
    found = []
    for pid in parents():
        try:
            if (mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                    and os.path.basename(command_of(pid).split(" ")[0]) == program):
                found.append(pid)
        except OSError:
            pass
    return found


def measure(directory):
    ipcluster = os.path.join(build_folder(), "tools", "ipcluster")
    environment = dict(os.environ, XDG_RUNTIME_DIR=directory, IPC_CLUSTER_ID="peers")
    for name in ("IPC_PROFILE", "IPC_CONNECTION_FILE"):
        environment.pop(name, None)

    def start():
        output_of([ipcluster, "start", "-n", str(ENGINES), "--daemonize"], env=environment)

    def stop():
        output_of([ipcluster, "stop"], env=environment)

    times = []
    for i in range(STARTS):
        if i:
            stop()
        times.append(timed(start))
    engines = members(directory, "ipengine-worker")
    if len(engines) != ENGINES:
        raise PeerError(f"{len(engines)} workers run, not {ENGINES}")
    figures = {"start": sorted(times)[STARTS // 2],
               "controller": pss(members(directory, "ipcd")),
               "engine": pss(engines + members(directory, "ipengine")) / ENGINES}
    client = os.path.join(build_folder(), "bench", "peers", "ipcbench-ours")
    figures |= figures_in(output_of([client], env=environment))
    stop()
    return figures
