"""Loading: the spec files of a repository → Desired, or all that is wrong in any of them."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.desired import Desired
from reconciler.errors import SpecError
from reconciler.reading import SpecFile, find_files, read_file
from reconciler.specs.addresses import spec_address
from reconciler.specs.assembly import assemble
from reconciler.specs.declarations import declarations
from reconciler.specs.declared import Declarations
from reconciler.specs.findings import Findings


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the specs declare, and the names of the files that say so."""

    desired: Desired
    files: tuple[str, ...]


def load_specs(entries: Sequence[str], *, root: Path) -> Loaded:
    """Load the specs that entries (folders, files or globs, relative to the root) lead to, or raise all problems."""
    found = find_files(entries, root=root)
    findings = Findings()
    findings.take(found.problems)
    with _collector_paused():
        desired = _desired(found.files, findings, complete=not found.problems)
    if findings.problems:
        raise SpecError(findings.problems)
    return Loaded(desired, tuple(file.name for file in found.files))


def _desired(files: Sequence[SpecFile], findings: Findings, *, complete: bool) -> Desired:
    declared: list[Declarations] = []
    for file in files:
        reading = read_file(file.path, name=file.name, address=spec_address)
        findings.take(reading.problems)
        complete = complete and reading.complete
        declared.extend(declarations(document, findings) for document in reading.documents)
    return assemble(declared, findings, complete=complete)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """
    Keep the cyclic garbage collector from running.

    Loading makes many objects and no cycles. The collector looks at all of them again whenever their number has
    grown by a quarter, finds nothing, and doubles the time that a large file takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
