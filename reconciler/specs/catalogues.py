"""The catalogue of specs that are not read otherwise: of what they declare, the keys of facts alone."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reconciler.core.model.address import is_within
from reconciler.core.model.catalogue import NUMBERS
from reconciler.core.model.value import Json
from reconciler.reading import Files, Node, SpecFile, find_files, read_file
from reconciler.specs.addresses import spec_address
from reconciler.specs.declarations import declarations
from reconciler.specs.declared import Declarations, Unsound
from reconciler.specs.findings import Findings
from reconciler.specs.live_values import spec_documents
from reconciler.specs.references import References, resolve
from reconciler.specs.schema import SpecDocument

_SECTION = "fact_keys"
_OTHERS = frozenset(SpecDocument.model_fields) - {_SECTION}


def catalogues(
    entries: Sequence[str], *, root: Path, besides: Sequence[SpecFile], references: References, findings: Findings
) -> Iterator[Declarations]:
    """
    Give the keys of facts that entries declare, but for files that are read `besides`; no secret is read.

    Entries that lead nowhere are a problem beside others, as is all that may keep a file from saying what is
    sensitive: it cannot be read, or holds what is no section of a spec. Where there is nothing at all yet, no catalogue
    can be lost.
    """
    known = {os.path.realpath(file.path) for file in besides}
    found = find_files(entries, root=root) if entries else Files((), ())
    if found.files or not found.all_seen:
        findings.take(found.problems)
    for file in found.files:
        if os.path.realpath(file.path) not in known:
            reading = read_file(file.path, name=file.name, address=spec_address)
            for document in spec_documents(reading, file, findings):
                if not _is_silent(document.value):
                    yield _catalogue(document, references.unread, findings)


def number_keys(document: Node) -> Iterator[str]:
    """Return the keys of facts that a document types as numbers, be it sound or not."""
    keys = dict(document.entries()).get(_SECTION)
    for name, key in keys.entries() if keys else ():
        if isinstance(key.value, dict) and key.value.get("type") in NUMBERS:
            yield name.replace("$${", "${")


def _is_silent(document: Json) -> bool:
    """Say whether a document has nothing but other sections, so that it says nothing about keys of facts."""
    return isinstance(document, dict) and _OTHERS.issuperset(document)


def _catalogue(document: Node, references: References, findings: Findings) -> Declarations:
    aside = Findings()
    said = declarations(resolve(document, references, aside), aside)
    others = tuple(spec_address((section,)) for section in _OTHERS)
    findings.take(one for one in aside.problems if not _is_about(one.address, others))
    names = tuple(name for name in said.names if name.section == _SECTION)
    return Declarations(names, Unsound(), said.fact_keys, (), (), ())


def _is_about(address: str, sections: Iterable[str]) -> bool:
    return any(is_within(address, section) for section in sections)
