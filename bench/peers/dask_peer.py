"""Dask: dask-scheduler and dask-worker with 4 worker processes of one thread each."""
import importlib.util
import os

from support import (ARRAY_BYTES, ENGINES, call_figures, family_of, later_times, median, pss, search_path, start, timed)

TITLE = "Dask"
PACKAGES = ("python3-distributed", "python3-numpy")
DEADLINE = 120
CALLS = 200
TASKS = 2000
HOW = """start: dask-scheduler and dask-worker --nworkers 4 --nthreads 1, until the client sees 4 workers. Calls and
tasks: submit(...).result(); 2,000 submit, then gather; map over 2,000 items, then gather; pure=False. Arrays: push is
scatter(broadcast=True), scatter deals 4 parts to 4 workers, gather fetches and joins them. Engine: a worker, and its
part of the process with the nannies."""


def missing():
    found = importlib.util.find_spec("distributed") and importlib.util.find_spec("numpy")
    return [] if found else list(PACKAGES)


def nothing():
    pass


def same(item):
    return item


def start_cluster(directory):
    """Gives both processes and a client that sees all workers."""
    import distributed

    file, log = os.path.join(directory, "scheduler.json"), os.path.join(directory, "log")
    scheduler = start([search_path("dask-scheduler"), "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                       "--scheduler-file", file], log)
    workers = start([search_path("dask-worker"), "--nworkers", str(ENGINES), "--nthreads", "1", "--host", "127.0.0.1",
                     "--no-dashboard", "--local-directory", directory, "--scheduler-file", file], log)
    client = distributed.Client(scheduler_file=file, set_as_default=False)
    client.wait_for_workers(ENGINES, timeout=60)
    return scheduler, workers, client


def task_figures(client):
    def calls():
        client.gather([client.submit(nothing, pure=False) for _ in range(TASKS)])

    def over_items():
        items = list(range(TASKS))
        assert client.gather(client.map(same, items, pure=False)) == items

    return {"calls": TASKS / timed(calls), "map": TASKS / timed(over_items)}


def array_figures(client):
    import numpy

    array = numpy.zeros(ARRAY_BYTES // 8)
    addresses = list(client.scheduler_info()["workers"])
    kept = []  # the futures of the last round: what they stand for stays on the workers

    def push():
        kept[:] = [client.scatter(array, broadcast=True, hash=False)]

    def scatter():
        parts = numpy.array_split(array, ENGINES)
        kept[:] = [client.scatter(part, workers=[address], hash=False) for part, address in zip(parts, addresses)]

    def gather():
        assert len(numpy.concatenate(client.gather(kept))) == len(array)

    figures = {"push": median(later_times(push)), "scatter": median(later_times(scatter))}
    return figures | {"gather": median(later_times(gather))}


def measure(directory):
    started = []
    figures = {"start": timed(lambda: started.extend(start_cluster(directory)))}
    scheduler, workers, client = started
    figures |= {"controller": pss([scheduler.pid]),
                "engine": pss([workers.pid, *family_of(workers.pid)]) / ENGINES}
    figures |= call_figures(lambda: client.submit(nothing, pure=False).result(), CALLS)
    figures |= task_figures(client)
    figures |= array_figures(client)
    client.close()
    for process in (workers, scheduler):
        process.terminate()
        process.wait(20)
    return figures
