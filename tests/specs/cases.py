"""What a table of bad specs holds, and the sound beginnings that its files share."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from reconciler.core.model.masking import worded
from reconciler.core.model.references import Scalar, Variable
from reconciler.errors import Source, SpecError
from reconciler.specs import Environ, Loaded, References, load_specs

Cases: TypeAlias = Mapping[str, tuple[Mapping[str, bytes], list[tuple[str, str]]]]
"""
By name: the files, and for each problem its place and a piece of what is said there, both in order.

Files stand in `specs/`; those whose names begin with `overlays/` are overlays.
"""

SCOPE = b"scopes:\n  support: {persona_id: p-1}\n"
SARAH = SCOPE + b"contacts:\n  sarah:\n    contact_id: c-1\n"
USERS = SARAH + b"    scopes:\n      support:\n        users:\n"

VARIABLES: Mapping[str, Scalar] = {"plan_name": "premium", "visits": 5, "number": "+14155550192"}


SECRETS = ("A", "CARD", "CRM", "HOME", "PLAN", "SEATS", "TOKEN", "X")
"""The environment variables that specs may read."""


def references(values: Mapping[str, Scalar] = VARIABLES, environ: Environ | None = None) -> References:
    """Give variables, each defined on the first lines of reconciler.yaml."""
    variables = {
        name: Variable(name, value, Source("reconciler.yaml", line, 3))
        for line, (name, value) in enumerate(values.items(), start=1)
    }
    return References(variables, environ, SECRETS, ("BLAND_API_KEY",))


def load(root: Path, files: Mapping[str, bytes], using: References | None = None) -> Loaded:
    """Write the files and load them."""
    for name, data in files.items():
        path = root / name if name.startswith("overlays/") else root / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    overlays = ["overlays"] if (root / "overlays").exists() else []
    return load_specs(["specs"], root=root, overlays=overlays, references=using or references())


def problems(root: Path, files: Mapping[str, bytes], using: References | None = None) -> list[str]:
    """Write the files and give what is wrong with them, in order."""
    try:
        load(root, files, using)
    except SpecError as error:
        return [str(worded(problem, reveal=False)) for problem in error.problems]
    return []
