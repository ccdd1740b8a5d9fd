"""NumPy and SciPy, in one process: the kernels alone."""
import time

TITLE = "NumPy, SciPy"
PACKAGES = ("python3-numpy", "python3-scipy")
DEADLINE = 120
HOW = """finite differences: slices, in place, 20 steps, times 50. Transforms: scipy.fft, rfft2 and irfft2, all cores.
Products: a @ x. Points: two arrays of Generator(Philox), one thread. Medians of 5 after a first time."""
N = 1024
POINTS = 1 << 20


def missing():
    try:
        import numpy
        import scipy.fft
    except ImportError:
        return list(PACKAGES)
    return []


def median(action, count=5):
    action()
    times = []
    for _ in range(count):
        start = time.monotonic()
        action()
        times.append(time.monotonic() - start)
    return sorted(times)[count // 2]


def kernels(steps, inside):
    """The figures, of which finite differences and points for pi may be computed in other ways.
        steps    takes an array and a number of steps
        inside   counts so many points
    """
    import numpy
    import scipy.fft

    u = numpy.random.default_rng(1).random((N, N))
    waves = numpy.fft.fftfreq(N)[:, None] ** 2 + numpy.fft.rfftfreq(N) ** 2
    left = numpy.exp(-400 * numpy.pi ** 2 * waves)
    a, x = numpy.ones((2 * N, 2 * N)), numpy.ones(2 * N)
    return {"heat_fd": 50 * median(lambda: steps(u, 20)),
            "heat_fft": median(lambda: scipy.fft.irfft2(left * scipy.fft.rfft2(u, workers=-1), (N, N), workers=-1)),
            "matvec": median(lambda: a @ x, 20),
            "points": POINTS / median(lambda: inside(POINTS))}


def measure(directory):
    import numpy

    generator = numpy.random.Generator(numpy.random.Philox(1))

    def steps(u, count):
        for _ in range(count):
            u[1:-1, 1:-1] += 0.1 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1])

    def inside(count):
        x, y = generator.random(count), generator.random(count)
        return (x * x + y * y < 1).sum()

    return kernels(steps, inside)
