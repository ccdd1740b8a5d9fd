"""Open MPI: 4 ranks of mpi.c under mpirun."""
import os
import subprocess
import time

from support import ENGINES, PeerError, command_of, compile_program, family_of, figures_in, pss, reason_in, search_path

TITLE = "Open MPI"
PACKAGES = ("openmpi-bin", "libopenmpi-dev")
DEADLINE = 90
HOW = """start: mpirun -n 4 until all ranks have met in a barrier. Arrays: MPI_Bcast, MPI_Scatter, MPI_Gather until the
last rank is through; every rank holds the buffers already, a scatter leaves rank 0 its own part. Controller: mpirun.
Engine: one rank. It has no tasks. The ping-pong is MPI_Send and MPI_Recv while two other ranks wait in a barrier."""
#  More ranks than cores, as any user, nothing but shared memory and the loopback interface, no remote shell.
OPTIONS = ("--allow-run-as-root", "--oversubscribe", "-n", str(ENGINES), "--mca", "btl", "vader,self", "--mca", "pml",
           "ob1", "--mca", "oob_tcp_if_include", "lo", "--mca", "plm_rsh_agent", "sh")


def missing():
    try:
        search_path("mpicc")
        search_path("mpirun")
    except PeerError:
        return list(PACKAGES)
    return []


def measure(directory):
    program = compile_program(search_path("mpicc"), "mpi.c", ["-lm"], directory)
    with open(os.path.join(directory, "log"), "w+", encoding="utf-8", errors="replace") as log:
        begun = time.monotonic()
        with subprocess.Popen([search_path("mpirun"), *OPTIONS, program], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=log, text=True) as mpirun:
            ready = mpirun.stdout.readline() == "ready 1\n"
            figures = {"start": time.monotonic() - begun}
            if ready:
                ranks = [pid for pid in family_of(mpirun.pid) if command_of(pid).strip() == program]
                figures |= {"controller": pss([mpirun.pid]), "engine": pss(ranks) / ENGINES}
            text, _ = mpirun.communicate("go\n")
        if mpirun.returncode or not ready:
            log.seek(0)
            raise PeerError(f"mpirun exits with {mpirun.returncode}: {reason_in(log.read())}")
        return figures | figures_in(text)
