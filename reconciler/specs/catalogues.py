"""The catalogue of specs that are not read otherwise: of what they declare, the keys of facts alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.reading import Node, SpecFile, find_files, read_file
from reconciler.specs.addresses import spec_address
from reconciler.specs.declarations import declarations
from reconciler.specs.declared import Declarations, Unsound
from reconciler.specs.findings import Findings
from reconciler.specs.references import References, resolve

_SECTION = "fact_keys"


def catalogues(
    entries: Sequence[str], *, root: Path, besides: Sequence[SpecFile], references: References, findings: Findings
) -> Iterator[Declarations]:
    """
    Give the keys of facts that entries declare, but for files that are read `besides`; secrets are not read.

    Entries that lead nowhere declare none. A file that cannot be read is a problem: it may say what is sensitive.
    """
    known = {file.path.resolve() for file in besides}
    for file in find_files(entries, root=root).files if entries else ():
        if file.path.resolve() not in known:
            reading = read_file(file.path, name=file.name, address=spec_address)
            findings.take(reading.problems)
            for document in reading.documents:
                if isinstance(document.value, dict) and _SECTION in document.value:
                    yield _catalogue(document, References(references.variables), findings)


def _catalogue(document: Node, references: References, findings: Findings) -> Declarations:
    aside = Findings()
    said = declarations(resolve(document, references, aside), aside)
    findings.take(one for one in aside.problems if one.address.startswith(_SECTION))
    names = tuple(name for name in said.names if name.section == _SECTION)
    return Declarations(names, Unsound(), said.fact_keys, (), (), ())
