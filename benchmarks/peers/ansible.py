"""ansible-core with its `uri` module in a loop: one GET after the other, each in a process of its own."""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contest import Contestant, Skipped
from benchmarks.peers.venvs import installed, version
from benchmarks.serving import Serve
from benchmarks.world import World

NAME = "ansible uri loop"
_MOST = 100


def contestant(world: World, serve: Serve, folder: Path, paths: Iterator[str]) -> Contestant | Skipped:
    """Make a playbook that reads every memory, GETs only."""
    if world.size > _MOST:
        return Skipped(NAME, f"half a second a request: more than {_MOST} take minutes")
    program = installed("ansible-core", "ansible-playbook")
    if isinstance(program, str):
        return Skipped(NAME, program)
    served = serve(world)
    task = {
        "uri": {"url": f"{served.url}{{{{ item }}}}", "headers": {"authorization": "benchmark"}},
        "loop": list(paths),
    }
    playbook = folder / "playbook.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    interpreter = f"ansible_python_interpreter={program.with_name('python')}"
    command = (str(program), "-i", "localhost,", "-c", "local", "-e", interpreter, str(playbook))
    return Contestant(
        NAME,
        command,
        folder=folder,
        variables=_VARIABLES,
        served=served,
        requests=world.size,
        is_slow=True,
        version=version("ansible-core"),
    )


_VARIABLES = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
