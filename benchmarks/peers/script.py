"""A plain script with `requests`: one GET after the other, nothing compared."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.contest import Contestant, Skipped
from benchmarks.peers.venvs import installed, version
from benchmarks.serving import Serve
from benchmarks.world import World

NAME = "requests script"
_MOST = 1_000
_PROGRAM = """\
import sys
import requests

session = requests.Session()
for path in open(sys.argv[2]):
    answer = session.get(sys.argv[1] + path.strip(), headers={"authorization": "benchmark"}, timeout=30)
    answer.raise_for_status()
    answer.json()
"""


def contestant(world: World, serve: Serve, folder: Path, paths: Iterator[str]) -> Contestant | Skipped:
    """Make a script that reads every memory, GETs only."""
    if world.size > _MOST:
        return Skipped(NAME, f"one request after the other: more than {_MOST:,} take minutes")
    python = installed("requests", "python")
    if isinstance(python, str):
        return Skipped(NAME, python)
    served = serve(world)
    program, requests = folder / "script.py", folder / "paths"
    program.write_text(_PROGRAM)
    requests.write_text("\n".join(paths))
    command = (str(python), str(program), served.url, str(requests))
    return Contestant(NAME, command, served=served, requests=world.size, is_slow=True, version=version("requests"))
