"""Loading: the spec files of a repository → Desired, or all that is wrong in any of them."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from reconciler import RESERVE
from reconciler.core.model.desired import Desired
from reconciler.errors import Cell, Problem, Source, SpecError
from reconciler.reading import Files, Nearest, Node, ParsedFile, SpecFile, find_files
from reconciler.reading.document import Room
from reconciler.specs.assembly import assemble, catalogue_of, idle_facts
from reconciler.specs.catalogue import FactRules, catalogues, deprecated_uses, with_numbers
from reconciler.specs.declarations import Declarations, DeclaredScope, declarations
from reconciler.specs.phone_numbers import in_e164
from reconciler.specs.problems import Problems, spec_documents
from reconciler.specs.references import NO_REFERENCES, Growth, References, resolve
from reconciler.specs.spec_files import ReadFiles, find_overlays, read_spec

if TYPE_CHECKING:  # most specs name no data files, and most environments have no overlays
    from reconciler.core.model.selection import Shard
    from reconciler.reading.row_formats import Row
    from reconciler.specs.overlays import Overlays, Patch
    from reconciler.specs.passing import Passing, RowPassing
    from reconciler.specs.row_reading import OnRow
    from reconciler.specs.row_source import RowSource
    from reconciler.specs.row_template import Template


class Loaded(Struct, frozen=True):
    """
    What the specs declare, the names of the files that were read, and warnings.

    `scopes` are the declared scopes, with the facts that they give to all their memories. `shared_names` are the data
    files in which several rows have one name, with the number of these rows.
    """

    desired: Desired
    files: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()
    scopes: tuple[DeclaredScope, ...] = ()
    shared_names: tuple[tuple[str, int], ...] = ()


class Recorder:
    """
    What is read while loading, as it is written, for `why` and `compare`.

    Of data files, the rows of all contacts are recorded, or those of one. A plan loads without a recorder.
    """

    def __init__(self, contact: str | None = None) -> None:
        self.documents: list[Node] = []
        self.patches: Sequence[Patch] = ()
        self.declared: Sequence[Declarations] = ()
        self._contact = contact

    def rows_of(self, source: "RowSource") -> "OnRow":
        """Return what records the rows of a data file that declare the contact."""
        template = source.template(is_resolved=False)

        def record(row: "Row", name: str) -> None:
            if self._contact in {None, name}:
                self.documents.append(in_e164(template.document(row, name)[0]))

        return record


class Specs(Struct, frozen=True):
    """Where the specs of an environment are, and the values of their references."""

    root: Path
    entries: Sequence[str]
    overlays: Sequence[str]
    references: References
    fact_keys_of: Sequence[str] = ()

    def load(self, recorder: Recorder | None = None) -> Loaded:
        """Load them without reading secrets; raise `SpecError`."""
        return load_specs(
            self.entries,
            root=self.root,
            overlays=self.overlays,
            references=self.references.unread,
            fact_keys_of=self.fact_keys_of,
            recorder=recorder,
        )


def load_specs(  # noqa: PLR0913  what a project may say of its specs
    entries: Sequence[str],
    *,
    root: Path,
    overlays: Sequence[str] = (),
    references: References = NO_REFERENCES,
    fact_keys_of: Sequence[str] = (),
    recorder: Recorder | None = None,
    drafts: Mapping[str, bytes] = MappingProxyType({}),
    shard: "Shard | None" = None,
    known: ReadFiles | None = None,
) -> Loaded:
    """
    Load the specs that entries (folders, files or globs, relative to the root) lead to; raise `SpecError`.

    `overlays` are entries of patches. `references` give the values of `${...}`. Of the entries `fact_keys_of`, only
    the catalogue is used. `drafts` are read in place of the files with these names.

    With a `shard`, contacts that certainly belong to others are passed over. Without one, a file that is `known` is
    not read again, and any other becomes known.
    """
    found = find_files(entries, root=root)
    patches = find_overlays(overlays, root=root)
    problems, room = Problems(), Room()
    problems.take((*found.problems, *patches.problems))
    with _collector_paused():
        found_patches = list(_read_patches(patches.files, problems, drafts, room))
        passing = _passing(shard, found_patches)
        known = None if passing else known
        loading = _Loading(
            found_patches,
            references,
            problems,
            recorder=recorder,
            drafts=drafts,
            passing=passing,
            known=known,
            room=room,
        )
        declared = catalogues(
            fact_keys_of, root=root, besides=found.files, references=references, problems=problems, room=room
        )
        loading.read(found, declared)
        loading.pass_over((*found.json, *patches.json))
        files = (*found.files, *patches.files, *dict.fromkeys(source.file for source in loading.sources))
        loaded = loading.loaded(files)
    if problems.found:
        raise SpecError(problems.found, every=problems.every, cells=loading.cells_of(problems.every))
    return loaded


def _read_patches(
    files: Iterable[SpecFile], problems: Problems, drafts: Mapping[str, bytes], room: Room
) -> Iterator["Patch"]:
    """Read the patches of an environment, in the order in which they apply."""
    for file in files:
        from reconciler.specs.overlays import patches_of  # noqa: PLC0415  see above

        for document in map(in_e164, spec_documents(read_spec(file, drafts, room), file, problems)):
            yield from patches_of(document, problems)


class _Loading:
    """
    One loading: what was declared so far, and the data files that specs name.

    Unless it `is_complete`, a scope or key may be declared in what could not be read. Then none is reported as
    undeclared.
    """

    def __init__(  # noqa: PLR0913  one parameter a part of what is loaded
        self,
        patches: Sequence["Patch"],
        references: References,
        problems: Problems,
        *,
        recorder: Recorder | None,
        drafts: Mapping[str, bytes],
        passing: "Passing | None",
        known: ReadFiles | None,
        room: Room,
    ) -> None:
        self._room = room
        self._passing = passing
        self.sources: list[RowSource] = []
        self._declared: list[Declarations] = []
        self._warnings: list[Problem] = []
        self._shared_names: list[tuple[str, int]] = []
        self._before_rows: int | None = None
        self._is_complete = True
        self._overlays = _overlays(patches, references, problems) if patches else None
        self._references = references
        self._growth = Growth()
        self._problems = problems
        self._recorder = recorder
        self._known = known
        self._drafts = drafts
        if recorder:
            recorder.patches = patches

    def read(self, found: Files, declared: Iterable[Declarations]) -> None:
        """Read spec files, then the data files that they name; `declared` is the catalogue of other files."""
        self._declared += declared
        self._is_complete = not found.problems
        for file in found.files:
            self._read_file(file)
        if self.sources:
            self._read_rows()

    def pass_over(self, files: Sequence[SpecFile]) -> None:
        """Warn of those of the files that look like specs and are not read."""
        if files:
            from reconciler.specs.scanning import unread_specs  # noqa: PLC0415  most folders hold no JSON

            self._warnings += unread_specs(files)

    def loaded(self, files: Sequence[SpecFile]) -> Loaded:
        """Merge and check what was declared."""
        if self._overlays and self._is_complete:
            self._overlays.report_unmatched(name for one in self._declared for name in one.names)
        declared = list(with_numbers(self._declared, catalogue_of(self._declared)))
        if self._recorder:
            self._recorder.declared = declared
        desired = assemble(declared, self._problems, is_complete=self._is_complete)
        self._check_rules(declared, desired)
        ruled = [one for one in declared if not one.live_values]
        rules = FactRules(declared, desired.catalogue, is_complete=self._is_complete)
        for one in ruled[: self._before_rows]:
            rules.check(one, self._problems)
        warnings = (*idle_facts(declared), *self._warnings, *deprecated_uses(ruled, desired.catalogue))
        scopes = tuple(scope for one in declared for scope in one.scopes)
        shared = tuple(self._shared_names)
        if self._passing:
            desired = replace(desired, elsewhere=self._passing.elsewhere(scopes, files, self._references))
        names = tuple(file.name for file in files)
        return Loaded(desired, names, tuple(map(self._problems.discreet, warnings)), scopes, shared)

    def _check_rules(self, declared: Iterable[Declarations], desired: Desired) -> None:
        """Check the expressions of rules; facts can have any key where a part of the catalogue may be unread."""
        if desired.rules:
            from reconciler.specs.rules import check_rules  # noqa: PLC0415  most repositories have no rules

            catalogue = desired.catalogue if self._is_complete else {}
            self._warnings += check_rules((rule for one in declared for rule in one.rules), catalogue, self._problems)

    def cells_of(self, problems: Iterable[Problem]) -> Mapping[Source, Cell]:
        """Return the cells of data files at the places of problems."""
        places: dict[str, set[Source]] = {}
        for problem in problems:
            if problem.line:
                places.setdefault(problem.file, set()).add(problem.source)
        found: dict[Source, Cell] = {}
        for source in self.sources:
            own = places.get(source.file.name)
            found |= source.cells_at(own, self._problems.hides) if own else {}
        return found

    def _read_file(self, file: SpecFile) -> None:
        known = self._known
        parsed = read_spec(file, self._drafts, self._room, self._passing, known)
        if self._passing:
            self._passing.end()
        self._is_complete = self._is_complete and parsed.is_complete
        written = spec_documents(parsed, file, self._problems)  # of a known file, too: it says which values are hidden
        may_hold_numbers = parsed.has_references or b"_number" in parsed.data or b"\\" in parsed.data
        documents = (known.documents(file.name, parsed) if known else ()) or [
            (in_e164(one) if may_hold_numbers else one, None) for one in written
        ]
        read = [self._read_document(document, declared, parsed, file) for document, declared in documents]
        if known:
            known.keep(file.name, parsed, read)

    def _read_document(
        self, document: Node, declared: Declarations | None, parsed: ParsedFile, file: SpecFile
    ) -> tuple[Node, Declarations | None]:
        """Read a document, of which may be known what it `declared` by itself; return it with that."""
        whole = self._final(document, has_references=parsed.has_references)
        is_alone = whole is document
        one = declared if declared and is_alone else declarations(whole, self._problems)
        self._declared.append(one)
        self._find_rows(whole, file, document)
        if self._recorder:
            self._recorder.documents.append(document)
        return document, one if is_alone else None

    def _find_rows(self, whole: Node, file: SpecFile, written: Node) -> None:
        if isinstance(whole.value, dict) and "contacts_from" in whole.value:
            from reconciler.specs.row_source import row_sources  # noqa: PLC0415  see above

            self.sources.extend(row_sources(whole, file, written))

    def _final(self, document: Node, *, has_references: bool = True) -> Node:
        """Apply the overlays and references to a document whose numbers are in E.164."""
        patched = self._overlays.apply(document) if self._overlays else document
        if patched is document and not has_references:
            return document
        whole = resolve(patched, self._references, self._problems, self._growth)
        return whole if whole.value is document.value else in_e164(whole)

    def _read_rows(self) -> None:
        """Read the data files; what the specs declare gives the types of cells, and the scopes that there are."""
        from reconciler.specs.row_limits import RowBudget  # noqa: PLC0415  see above
        from reconciler.specs.row_reading import RowReader  # noqa: PLC0415  see above
        from reconciler.specs.row_schema import by_catalogue  # noqa: PLC0415  see above
        from reconciler.specs.row_source import undeclared_scopes, within_limits  # noqa: PLC0415  see above

        sources = within_limits(self.sources, self._problems)
        catalogue = catalogue_of(self._declared)
        rules = FactRules(self._declared, catalogue, is_complete=self._is_complete)
        self._before_rows = sum(not one.live_values for one in self._declared)
        convert = by_catalogue(catalogue)
        scopes = Nearest(one.name for document in self._declared for one in document.names if one.section == "scopes")
        are_scopes_known = self._is_complete
        self._is_complete = self._is_complete and len(sources) == len(self.sources)
        self.sources = sources
        budget = RowBudget(self._room)
        for source in sources:
            left_out = undeclared_scopes(source, scopes, self._problems) if are_scopes_known else frozenset[str]()
            if source.is_live:
                self._problems.withhold(source.file.name)
            on_row = self._recorder.rows_of(source) if self._recorder else None
            template = source.template(convert, is_resolved=True, left_out=left_out)
            passing = self._row_passing(template)
            rows = RowReader(source, template, self._final, self._problems, budget, on_row=on_row, passing=passing)
            self._declared.append(rows.declared(rules))
            self._warnings += rows.warnings
            self._shared_names += [(source.file.name, rows.shared.rows)] if rows.shared.rows else []
            self._is_complete = self._is_complete and rows.is_complete

    def _row_passing(self, template: "Template") -> "RowPassing | None":
        if self._passing is None:
            return None
        from reconciler.specs.passing import RowPassing  # noqa: PLC0415  see above

        return RowPassing(self._passing, template)


def _passing(shard: "Shard | None", patches: Sequence["Patch"]) -> "Passing | None":
    """Return what decides which contacts are passed over; None where all are loaded."""
    if shard is None:
        return None
    from reconciler.specs.passing import Passing  # noqa: PLC0415  most runs are for everything

    return Passing(shard, {patch.target[1] for patch in patches if patch.target[0] == "contacts"})


def _overlays(patches: Sequence["Patch"], references: References, problems: Problems) -> "Overlays":
    from reconciler.specs.overlays import Overlays  # noqa: PLC0415  see above

    return Overlays(patches, references, problems)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """
    Keep the cyclic garbage collector from running.

    Loading makes many objects and no cycles. The collector examines all of them again whenever their number has grown
    by a quarter. It finds nothing, and doubles the time that a large file takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    except MemoryError:
        RESERVE.clear()
        raise
    finally:
        if was_enabled:
            gc.enable()
