"""The peers: octoDNS between two folders of YAML, and terraform over a state; nothing to do, and no network."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.benchmarks.contest import Contestant
from tests.benchmarks.results import Skipped
from tests.benchmarks.venvs import installed, version
from tests.benchmarks.world import Facts, World

OCTODNS, TERRAFORM = "octoDNS", "terraform"
_MOST = 10_000  # of memories: more take a peer minutes
_SHOWN = 500
_ZONE = "example.com."
_PROVIDER = 'provider["terraform.io/builtin/terraform"]'
_VARIABLES = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"}


def octodns(world: World, folder: Path) -> Contestant | Skipped:
    """Return a sync from YAML to the same YAML, a record a contact."""
    if world.size > _MOST:
        return Skipped(OCTODNS, f"more than {_MOST:,} records take it minutes")
    program = installed("octodns", "octodns-sync")
    if isinstance(program, str):
        return Skipped(OCTODNS, program)
    names = ("source", "target")
    for name in names:
        _write_zone(world, folder / name)
    provider = {"class": "octodns.provider.yaml.YamlProvider", "enforce_order": False}
    providers = {name: {**provider, "directory": str(folder / name)} for name in names}
    config = {"providers": providers, "zones": {_ZONE: {"sources": ["source"], "targets": ["target"]}}}
    (folder / "config.yaml").write_text(json.dumps(config))
    command = (str(program), "--config-file", str(folder / "config.yaml"))
    return Contestant(OCTODNS, command, folder=folder, says="No changes were planned", version=version("octodns"))


def _write_zone(world: World, folder: Path) -> None:
    folder.mkdir()
    with (folder / f"{_ZONE}yaml").open("w") as file:
        for person in world.people():
            values = "".join(f"  - {key}={value}\n" for key, value in sorted(person.declared.items()))
            file.write(f"{person.name}:\n  type: TXT\n  ttl: 300\n  values:\n{values}")


def terraform(world: World, folder: Path) -> Contestant | Skipped:
    """Return a plan over a block a contact whose state is as declared: it ends with 0 only if nothing is to do."""
    program, known = shutil.which("terraform"), _terraform_version()
    if program is None or known is None:
        return Skipped(TERRAFORM, "there is no program terraform here, or it does not tell its version")
    if world.size > _MOST:
        return Skipped(TERRAFORM, f"more than {_MOST:,} blocks take it many minutes")
    _write_blocks(world, folder / "main.tf")
    _write_state(world, folder / "terraform.tfstate", known.split()[1])
    begun = subprocess.run([program, "init"], cwd=folder, env=_VARIABLES, check=False, capture_output=True, text=True)
    if begun.returncode:
        return Skipped(TERRAFORM, f"`terraform init` failed: {begun.stderr.strip()[-_SHOWN:]}")
    command = (program, "plan", "-no-color", "-input=false", "-detailed-exitcode")
    return Contestant(TERRAFORM, command, folder=folder, variables=_VARIABLES, version=known)


def _terraform_version() -> str | None:
    command = [shutil.which("terraform") or "", "version", "-json"]
    try:
        shown = subprocess.run(command, env=_VARIABLES, check=True, capture_output=True).stdout
        return f"terraform {json.loads(shown)['terraform_version']}"
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError):
        return None


def _write_blocks(world: World, file: Path) -> None:
    with file.open("w") as text:
        for person in world.people():
            facts = json.dumps(person.declared)
            text.write(
                f'resource "terraform_data" "{person.name}" {{\n'
                f'  input = {{ contact_id = "{person.contact_id}", facts = {facts} }}\n}}\n'
            )


def _write_state(world: World, file: Path, known: str) -> None:
    """Write the state that an apply would leave, which takes terraform hours at the larger sizes."""
    state = {
        "version": 4,
        "terraform_version": known,
        "serial": 1,
        "lineage": "07031276-ed54-7dec-baf0-b3e5aa6106d0",
        "outputs": {},
        "check_results": None,
        "resources": [_resource(one.name, one.contact_id, one.declared) for one in world.people()],
    }
    file.write_text(json.dumps(state))


def _resource(name: str, contact_id: str, facts: Facts) -> dict[str, object]:
    kinds = {key: _kind(value) for key, value in facts.items()}
    shown = {
        "value": {"contact_id": contact_id, "facts": facts},
        "type": ["object", {"contact_id": "string", "facts": ["object", kinds]}],
    }
    attributes = {"id": contact_id, "input": shown, "output": shown, "triggers_replace": None}
    instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}
    kind = {"mode": "managed", "type": "terraform_data", "provider": _PROVIDER}
    return {**kind, "name": name, "instances": [instance]}


def _kind(value: str | int | bool) -> str:  # noqa: FBT001  a fact's value
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int) else "string"
