"""IPython Parallel: its own Cluster, with 4 engines on this host."""
import importlib.util
import os

from support import (ARRAY_BYTES, ENGINES, call_figures, command_of, family_of, later_times, median, pss, timed)

TITLE = "ipyparallel"
PACKAGES = ("python3-ipyparallel", "python3-numpy")
DEADLINE = 120
CALLS = 200
TASKS = 1000
HOW = """start: Cluster(n=4).start_and_connect_sync(). Calls and tasks: a load-balanced view, apply_sync; 1,000
apply_async, then a wait for each; map_async with chunksize 1 over 1,000 items. Arrays: push, scatter, gather of a
direct view, blocking. Controller: all of its processes. Engine: with its nanny."""


def missing():
    return [] if importlib.util.find_spec("ipyparallel") and importlib.util.find_spec("numpy") else list(PACKAGES)


def nothing():
    pass


def same(item):
    return item


def memory():
    """Controller and engine, told by their commands; children (schedulers, nannies) belong to either."""
    controller, engines = set(), set()
    for pid in family_of(os.getpid()):
        command = command_of(pid)
        for word, group in (("ipyparallel.controller", controller), ("ipyparallel.engine", engines)):
            if word in command:
                group.update([pid, *family_of(pid)])
    return {"controller": pss(controller), "engine": pss(engines) / ENGINES}


def task_figures(any_engine):
    def calls():
        for result in [any_engine.apply_async(nothing) for _ in range(TASKS)]:
            result.get()

    def over_items():
        items = range(TASKS)
        assert any_engine.map_async(same, items, chunksize=1).get() == list(items)

    return {"calls": TASKS / timed(calls), "map": TASKS / timed(over_items)}


def array_figures(view):
    import numpy

    array = numpy.zeros(ARRAY_BYTES // 8)
    view.block = True

    def gather():
        assert len(view.gather("x")) == len(array)

    return {"push": median(later_times(lambda: view.push({"a": array}))),
            "scatter": median(later_times(lambda: view.scatter("x", array))),
            "gather": median(later_times(gather))}


def measure(directory):
    os.environ["IPYTHONDIR"] = directory
    import ipyparallel

    cluster = ipyparallel.Cluster(n=ENGINES, controller_ip="127.0.0.1", log_level=40)
    clients = []
    figures = {"start": timed(lambda: clients.append(cluster.start_and_connect_sync()))}
    client = clients[0]
    figures |= memory()
    any_engine = client.load_balanced_view()
    figures |= call_figures(lambda: any_engine.apply_sync(nothing), CALLS)
    figures |= task_figures(any_engine)
    figures |= array_figures(client[:])
    client.close()
    cluster.stop_cluster_sync()
    return figures
