"""
What files say of their own values: that they came from an account, or which facts are sensitive.

Undo files hold values of an account and are no specs: where one stands among specs, nothing in it counts.
"""

from collections.abc import Iterator, Sequence

from reconciler.core.model.value import Json
from reconciler.errors import Source
from reconciler.reading import Node, Reading, SpecFile
from reconciler.specs.findings import Findings

UNDO = "undo"
"""The key of the first document of an undo file."""

_MARKER = "live_values"
_SENSITIVE = "sensitive"


def says_live(document: Json) -> bool:
    """Say whether a document says that its values are live; any marker but `false` does."""
    return isinstance(document, dict) and document.get(_MARKER, False) is not False


def sensitive_names(document: Json) -> Iterator[str]:
    """Yield the keys of facts that a document calls sensitive, be it sound or not; any value but `false` does."""
    catalogue = document.get("fact_keys") if isinstance(document, dict) else None
    for name, rules in catalogue.items() if isinstance(catalogue, dict) else ():
        if isinstance(rules, dict) and rules.get(_SENSITIVE, False) is not False:
            yield name.replace("$${", "${")


def is_undo(reading: Reading) -> bool:
    """Return whether a file is one that `apply --save-undo` wrote."""
    return any(isinstance(one.value, dict) and UNDO in one.value for one in reading.documents)


def take_problems(reading: Reading, file: SpecFile, findings: Findings) -> None:
    """Take what is wrong with a file, and learn from it which values are for the operator alone."""
    findings.take(reading.problems)
    learn(reading, file, findings)


def learn(reading: Reading, file: SpecFile, findings: Findings) -> None:
    """Learn from a file which values are for the operator alone, in what was found and in what will be."""
    for one in reading.documents:
        findings.hide(sensitive_names(one.value))
    if any(says_live(one.value) for one in reading.documents) or (reading.problems and _mentions(file, _MARKER)):
        findings.withhold(file.name)
    if not reading.complete:
        findings.break_off(file.name, hides=_mentions(file, _SENSITIVE))


def spec_documents(reading: Reading, file: SpecFile, findings: Findings) -> Sequence[Node]:
    """Take what is wrong with a spec file, and return its documents; an undo file is none, and is told as such."""
    take_problems(reading, file, findings)
    if not is_undo(reading):
        return reading.documents
    findings.add(
        Source(file.name, 1, 1),
        "",
        message="this is an undo file, which `apply --save-undo` wrote, and no spec",
        cure="move it out of the specs; `reconciler undo FILE` applies it",
    )
    return ()


def _mentions(file: SpecFile, word: str) -> bool:
    """Return whether a file that cannot be read as it was meant holds a word anywhere."""
    try:
        return file.path.is_file() and word.encode() in file.path.read_bytes()  # a pipe would wait for ever
    except (OSError, ValueError):
        return False
