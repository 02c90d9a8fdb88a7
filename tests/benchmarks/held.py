"""Contests for tests, with made-up figures that are easy to calculate with."""

from tests.benchmarks.process import Usage
from tests.benchmarks.results import Held, Result
from tests.benchmarks.server import Traffic

MACHINE = "2 cores."


def result(name: str, size: int, wall: float, contest: str = "plan", connections: int = 50) -> Result:
    """Make a result of two runs, the second half as long again as the first."""
    traffic = Traffic(size, 0, connections, {})
    return Result(contest, size, name, (Usage(wall, wall / 2, 100.0), Usage(wall * 1.5, wall, 110.0)), traffic, 0.5)


def held(*results: Result) -> Held:
    """Make a contest of results that belong together."""
    return Held(results[0].contest, results[0].size, MACHINE, results, ())
