"""octoDNS between two folders of YAML: a record a contact, nothing to do, no network."""

import json
from pathlib import Path

from tests.benchmarks.contest import Contestant, Skipped
from tests.benchmarks.peers.venvs import installed, version
from tests.benchmarks.world import World

NAME = "octoDNS"
_MOST = 10_000
_ZONE = "example.com."


def contestant(world: World, folder: Path) -> Contestant | Skipped:
    """Make a sync from YAML to the same YAML, which plans and does nothing."""
    if world.size > _MOST:
        return Skipped(NAME, f"more than {_MOST:,} records take it minutes")
    program = installed("octodns", "octodns-sync")
    if isinstance(program, str):
        return Skipped(NAME, program)
    for name in ("source", "target"):
        _write_zone(world, folder / name)
    providers = {
        name: {"class": "octodns.provider.yaml.YamlProvider", "directory": str(folder / name), "enforce_order": False}
        for name in ("source", "target")
    }
    config = {"providers": providers, "zones": {_ZONE: {"sources": ["source"], "targets": ["target"]}}}
    (folder / "config.yaml").write_text(json.dumps(config))
    command = (str(program), "--config-file", str(folder / "config.yaml"))
    return Contestant(NAME, command, folder=folder, says="No changes were planned", version=version("octodns"))


def _write_zone(world: World, folder: Path) -> None:
    folder.mkdir()
    with (folder / f"{_ZONE}yaml").open("w") as file:
        for person in world.people():
            values = "".join(f"  - {key}={value}\n" for key, value in sorted(person.declared.items()))
            file.write(f"{person.name}:\n  type: TXT\n  ttl: 300\n  values:\n{values}")
