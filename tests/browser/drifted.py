"""The specs of this repository, and an account that drifted away from them: a plan with something of everything."""

import shutil
from pathlib import Path

from reconciler.cli.main import main

ROOT = Path(__file__).parents[2]

_END = "# nothing below is live yet\n"
_DRIFT = (
    ("specs/contacts/regulars.yaml", "loyalty_tier: gold", "loyalty_tier: silver"),
    ("specs/contacts/regulars.yaml", "dietary_needs: [vegetarian, no nuts]", "favourite_table: by the window"),
    ("specs/contacts/regulars.yaml", "{floor: high, bed: king, quiet: true}", "{floor: low, bed: king, view: sea}"),
    ("specs/contacts/regulars.yaml", "timezone: America/Los_Angeles", "timezone: Asia/Singapore"),
    ("specs/contacts/regulars.yaml", "Calls about the spa, mostly on Fridays.", "Asked about the pool."),
    ("specs/contacts/companies.yaml", "account_manager: Dana", "account_manager: Priya"),
    ("specs/contacts/companies.yaml", "rooms_per_month: 40", "rooms_per_month: 55"),
    ("specs/contacts/companies.yaml", "metadata: out of hours", "metadata: nights"),
    ("specs/contacts/companies.yaml", ", invoice_by_email: true", ", minibar: locked"),
    ("specs/contacts/companies.yaml", ", crew_size: 24", ""),
    ("specs/contacts/new-guests.yaml", "---\n", _END),
    ("specs/contacts/new-guests.yaml", "reason_for_visit: conference", "reason_for_visit: wedding"),
)


def drifted_report(folder: Path, *arguments: str) -> int:
    """Make the repository and its account in an empty folder, and call `plan` there with the arguments."""
    shutil.copytree(ROOT / "specs", folder / "specs")
    shutil.copy(ROOT / "reconciler.yaml", folder)
    declared = {file: (folder / file).read_text() for file in {file for file, _, _ in _DRIFT}}
    for file, text in declared.items():
        (folder / file).write_text(_drifted(file, text))
    if main(["--project", str(folder), "apply", "--yes"]) != 0:
        raise RuntimeError("the account could not be made")
    for file, text in declared.items():
        (folder / file).write_text(text)
    return main(["--project", str(folder), "plan", *arguments])


def _drifted(file: str, text: str) -> str:
    for where, declared, live in _DRIFT:
        if where == file:
            if declared not in text:
                raise LookupError(f"{file} no longer holds {declared!r}: write the drift anew")
            text = text.replace(declared, live)
    return text.partition(_END)[0]
