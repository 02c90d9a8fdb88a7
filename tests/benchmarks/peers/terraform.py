"""terraform with a `terraform_data` block a contact and a state that holds them: nothing to do, no network."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.benchmarks.contest import Contestant, Skipped
from tests.benchmarks.world import Facts, World

NAME = "terraform"
_MOST = 10_000
_SHOWN = 500
_PROVIDER = 'provider["terraform.io/builtin/terraform"]'
VARIABLES = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"}


def contestant(world: World, folder: Path) -> Contestant | Skipped:
    """Make a plan over blocks whose state is already as declared: its exit code is 0 only if nothing is to do."""
    program, known = shutil.which("terraform"), version()
    if program is None or known is None:
        return Skipped(NAME, "there is no program terraform here, or it does not tell its version")
    if world.size > _MOST:
        return Skipped(NAME, f"more than {_MOST:,} blocks take it many minutes")
    _write_blocks(world, folder / "main.tf")
    _write_state(world, folder / "terraform.tfstate", known.split()[1])
    begun = subprocess.run([program, "init"], cwd=folder, env=VARIABLES, check=False, capture_output=True, text=True)
    if begun.returncode:
        return Skipped(NAME, f"`terraform init` failed: {begun.stderr.strip()[-_SHOWN:]}")
    command = (program, "plan", "-no-color", "-input=false", "-detailed-exitcode")
    return Contestant(NAME, command, folder=folder, variables=VARIABLES, version=known)


def version() -> str | None:
    """Give `terraform VERSION`; None where there is none that answers."""
    try:
        said = subprocess.run(
            [shutil.which("terraform") or "", "version", "-json"], env=VARIABLES, check=True, capture_output=True
        )
        return f"terraform {json.loads(said.stdout)['terraform_version']}"
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
    }
    with file.open("w") as text:
        text.write(json.dumps(state)[:-1] + ', "resources": [')
        for person in world.people():
            resource = json.dumps(_resource(person.name, person.contact_id, person.declared))
            text.write(("," if person.number else "") + resource)
        text.write("]}")


def _resource(name: str, contact_id: str, facts: Facts) -> dict[str, object]:
    kinds = {key: _kind(value) for key, value in facts.items()}
    shown = {
        "value": {"contact_id": contact_id, "facts": facts},
        "type": ["object", {"contact_id": "string", "facts": ["object", kinds]}],
    }
    attributes = {"id": contact_id, "input": shown, "output": shown, "triggers_replace": None}
    instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": _PROVIDER,
        "instances": [instance],
    }


def _kind(value: str | int | bool) -> str:  # noqa: FBT001  a fact's value
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int) else "string"
