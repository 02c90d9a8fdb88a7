"""Loading: the spec files of a repository → Desired, or all that is wrong in any of them."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from reconciler.core.model.desired import Desired
from reconciler.errors import Problem, SpecError
from reconciler.reading import Files, Nearest, Node, SpecFile, find_files, read_file
from reconciler.specs.addresses import spec_address
from reconciler.specs.assembly import assemble, catalogue_of, idle_facts
from reconciler.specs.catalogue import catalogues, check_facts, deprecated_uses, with_numbers
from reconciler.specs.declarations import declarations
from reconciler.specs.declared import Declarations, DeclaredScope
from reconciler.specs.overlays import Overlays, Patch, patches_of
from reconciler.specs.problems import Findings, says_live, spec_documents
from reconciler.specs.references import NO_REFERENCES, References, resolve
from reconciler.specs.rows.cells import by_catalogue
from reconciler.specs.rows.reading import Final, RowReading, undeclared_scopes
from reconciler.specs.rows.sources import RowSource, row_sources


class Loaded(Struct, frozen=True):
    """
    What the specs declare, the names of the files that say so, and what is no mistake and worth a warning.

    `scopes` are the declared scopes, with facts that they lay over all their memories.
    """

    desired: Desired
    files: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()
    scopes: tuple[DeclaredScope, ...] = ()


def load_specs(
    entries: Sequence[str],
    *,
    root: Path,
    overlays: Sequence[str] = (),
    references: References = NO_REFERENCES,
    fact_keys_of: Sequence[str] = (),
) -> Loaded:
    """
    Load the specs that entries (folders, files or globs, relative to the root) lead to, or raise all problems.

    `overlays` are entries, too, that lead to patches; `references` say what `${...}` stands for. `fact_keys_of` are
    entries of which only the catalogue counts.
    """
    found = find_files(entries, root=root)
    patches = find_overlays(overlays, root=root)
    findings = Findings()
    findings.take((*found.problems, *patches.problems))
    with _collector_paused():
        catalogue = catalogues(fact_keys_of, root=root, besides=found.files, references=references, findings=findings)
        loaded = _loaded(found, patches.files, references, findings, catalogue)
    if findings.problems:
        raise SpecError(findings.problems)
    return loaded


def find_overlays(entries: Sequence[str], *, root: Path) -> Files:
    """Find the overlay files that entries lead to, in the order of the entries; a file counts where it comes last."""
    found: dict[SpecFile, None] = {}
    problems: list[Problem] = []
    for entry in entries:
        files = find_files([entry], root=root, example="overlay.yaml")
        problems.extend(files.problems)
        for file in files.files:
            found.pop(file, None)
            found[file] = None
    return Files(tuple(found), tuple(problems))


def read_patches(files: Iterable[SpecFile], findings: Findings) -> Iterator[Patch]:
    """Read the patches of an environment, in the order in which they apply."""
    for file in files:
        reading = read_file(file.path, name=file.name, address=spec_address)
        for document in spec_documents(reading, file, findings):
            yield from patches_of(document, findings)


def _loaded(
    found: Files,
    patches: Sequence[SpecFile],
    references: References,
    findings: Findings,
    catalogue: Iterable[Declarations],
) -> Loaded:
    overlays = Overlays(read_patches(patches, findings), references, findings)
    declared = [*catalogue]
    sources: list[RowSource] = []
    complete = not found.problems

    def final(document: Node, *, may_refer: bool = True) -> Node:
        patched = overlays.apply(document)
        return resolve(patched, references, findings) if may_refer or patched is not document else document

    for file in found.files:
        reading = read_file(file.path, name=file.name, address=spec_address)
        complete = complete and reading.complete
        for document in spec_documents(reading, file, findings):
            whole = final(document, may_refer=reading.may_refer)
            declared.append(declarations(whole, findings))
            sources.extend(row_sources(whole, file, is_live=says_live(whole.value)))
    read = _read_rows(sources, declared, final, findings, complete=complete)
    declared.extend(one for one, _ in read)
    complete = complete and all(rows.complete for _, rows in read)
    if complete:
        overlays.report_unmatched(name for one in declared for name in one.names)
    declared = list(with_numbers(declared, catalogue_of(declared)))
    desired = assemble(declared, findings, complete=complete)
    ruled = [one for one in declared if not one.live_values]
    check_facts(ruled, desired.catalogue, findings, complete=complete)
    files = (*found.files, *patches, *dict.fromkeys(source.file for source in sources))
    of_rows = (one for _, rows in read for one in rows.warnings)
    warnings = (*deprecated_uses(ruled, desired.catalogue), *idle_facts(declared), *of_rows)
    scopes = tuple(scope for one in declared for scope in one.scopes)
    return Loaded(desired, tuple(file.name for file in files), tuple(map(findings.discreet, warnings)), scopes)


def _read_rows(
    sources: Iterable[RowSource], declared: Sequence[Declarations], final: Final, findings: Findings, *, complete: bool
) -> Sequence[tuple[Declarations, RowReading]]:
    """
    Read the data files that specs name; what these declare says what cells mean, and which scopes there are.

    Unless the specs are `complete`, a scope may be declared in what could not be read, so none is called undeclared.
    """
    convert = by_catalogue(catalogue_of(declared))
    scopes = Nearest(one.name for document in declared for one in document.names if one.section == "scopes")
    found: list[tuple[Declarations, RowReading]] = []
    for source in sources:
        left_out = undeclared_scopes(source, scopes, findings) if complete else frozenset[str]()
        if source.is_live:
            findings.withhold(source.file.name)
        rows = RowReading(source, final, findings, convert, left_out=left_out)
        found.append((rows.declared(), rows))
    return found


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
