"""Numba, beside NumPy: loops compiled when they are first called, on all cores."""
import numpy_peer

TITLE = "Numba"
PACKAGES = ("python3-numba", "python3-scipy")
DEADLINE = 180
HOW = """finite differences and points: loops, njit(parallel=True, fastmath=True), two arrays in turns; the points by
numpy.random, one generator a thread. Transforms and products: as NumPy, which it calls."""


def missing():
    try:
        import numba
    except ImportError:
        return list(PACKAGES)
    return numpy_peer.missing()


def measure(directory):
    import numba
    import numpy

    @numba.njit(parallel=True, fastmath=True)
    def step(u, v):
        for r in numba.prange(1, u.shape[0] - 1):
            for c in range(1, u.shape[1] - 1):
                v[r, c] = u[r, c] + 0.1 * (u[r - 1, c] + u[r + 1, c] + u[r, c - 1] + u[r, c + 1] - 4 * u[r, c])

    @numba.njit(parallel=True, fastmath=True)
    def inside(count):
        total = 0
        for _ in numba.prange(count):
            x, y = numpy.random.random(), numpy.random.random()
            total += x * x + y * y < 1
        return total

    def steps(u, count):
        v = u.copy()
        for _ in range(count // 2):
            step(u, v)
            step(v, u)

    return numpy_peer.kernels(steps, inside)
