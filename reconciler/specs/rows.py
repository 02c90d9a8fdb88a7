"""Data files → declarations: each row of what `contacts_from` names, one at a time, checked as if it stood in YAML."""

import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import Problem
from reconciler.reading import FORMATS, Columns, Node, Row, SpecFile, check, did_you_mean, named, quoted, read_rows
from reconciler.specs.cells import Convert, as_text
from reconciler.specs.declarations import declarations
from reconciler.specs.declared import Declarations, Unsound
from reconciler.specs.findings import Findings
from reconciler.specs.row_schema import ContactsFrom
from reconciler.specs.row_template import Slot, Template, WrongCell

Final = Callable[[Node], Node]
"""Makes of a document what it is in the end, overlays and references included."""


class RowSource(Struct, frozen=True):
    """A sound entry of `contacts_from`, and the data file that it names."""

    entry: Node
    path: str
    model: ContactsFrom
    file: SpecFile

    @property
    def is_text(self) -> bool:
        """Say whether all cells are text, so that the catalogue may say what they mean."""
        return FORMATS[self.file.path.suffix.lower()] == "csv"

    def template(self, convert: Convert = as_text, *, escape: bool) -> Template:
        """Give what makes contacts of rows."""
        return Template(self.entry, is_text=self.is_text, convert=convert, escape=escape)


def row_sources(document: Node, spec: SpecFile) -> Iterator[RowSource]:
    """Give the sound entries of a document; what is wrong with the others is told with the document."""
    section = dict(document.entries()).get("contacts_from")
    for index, entry in enumerate(section.items() if section else ()):
        model = check(ContactsFrom, entry).model
        if model:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(spec.name), model.file))
            path = Path(spec.path).parent / model.file
            yield RowSource(entry, f"contacts_from[{index}]", model, SpecFile(name, path))


def documents(source: RowSource, *, wanted: str | None = None) -> Iterator[tuple[str, Node]]:
    """Give name and document of each row, as it is written, or of the wanted one; passes over what is wrong."""
    template = source.template(escape=False)
    try:
        for row in read_rows(source.file.path, name=source.file.name, delimiter=source.model.delimiter):
            name = template.name_of(row) if isinstance(row, Row) else None
            if isinstance(row, Row) and isinstance(name, str) and wanted in (None, name):
                yield name, template.document(row, name)[0]
    except OSError:
        return


class RowReading:
    """The reading of one data file; afterwards, `complete` says whether all of it could be read."""

    def __init__(self, source: RowSource, final: Final, findings: Findings, convert: Convert) -> None:
        self.complete = True
        self._source = source
        self._final = final
        self._findings = findings
        self._template = source.template(convert, escape=True)
        self._unseen = {str(slot.column): slot for slot in reversed(tuple(self._template.columns))}
        findings.bound(source.file.name)

    def declared(self) -> Declarations:
        """Read all rows, and keep what they declare."""
        found = list(self._rows())
        return Declarations(
            names=tuple(name for one in found for name in one.names),
            unsound=Unsound(
                references=tuple(reference for one in found for reference in one.unsound.references),
                layers=tuple(layer for one in found for layer in one.unsound.layers),
            ),
            fact_keys=(),
            scopes=(),
            contacts=tuple(contact for one in found for contact in one.contacts),
            memories=(),
        )

    def _rows(self) -> Iterator[Declarations]:
        file, is_empty = self._source.file, True
        try:
            for event in read_rows(file.path, name=file.name, delimiter=self._source.model.delimiter):
                match event:
                    case Columns():
                        if not self._has_columns(event):
                            return
                    case Row():
                        is_empty = False
                        yield from self._row(event)
                    case Problem():
                        self._wrong([event])
        except OSError as error:
            self._cannot_open(error)
        else:
            if self.complete and not is_empty:
                self._report_unseen("no row", set())

    def _row(self, row: Row) -> Iterator[Declarations]:
        self._unseen = {column: slot for column, slot in self._unseen.items() if column not in row.cells}
        name = self._template.name_of(row)
        if not isinstance(name, str):
            said = f"text is expected, not {named(name)}" if name is not None else "this cell is empty"
            self._wrong([_problem(row, self._template.slots[0], "", f"{said}: it names the contact")])
            return
        found = Findings()
        document, wrong = self._template.document(row, name)
        one = declarations(self._final(document), found)
        if wrong:
            self._wrong([self._refused(row, name, cell) for cell in wrong])
        if found.problems:
            self._findings.take(self._located(problem, row) for problem in found.problems)
        yield one

    def _has_columns(self, header: Columns) -> bool:
        """Note the columns that are mapped and not there, and expect no cells of them from now on."""
        self._unseen = {column: slot for column, slot in self._unseen.items() if column not in header.names}
        return not self._report_unseen("the header", set(header.names), names=len(header.names))

    def _report_unseen(self, where: str, known: set[str], *, names: int = 0) -> bool:
        for column, slot in self._unseen.items():
            cure = did_you_mean(column, known) or "name a column that is there"
            if names == 1:
                cure = "the header has one column: say with `delimiter` what parts them"
            negated = "names no" if where == "the header" else "has a"
            self._findings.add(
                slot.source,
                f"{self._source.path}",
                message=f"{where} of {self._source.file.name} {negated} column {quoted(column)}",
                cure=cure,
            )
        self.complete = self.complete and not self._unseen
        return bool(self._unseen)

    def _refused(self, row: Row, name: str, cell: WrongCell) -> Problem:
        return _problem(row, self._template.slots[cell.at], f"contacts.{name}", cell.message)

    def _wrong(self, problems: list[Problem]) -> None:
        self.complete = False
        self._findings.take(problems)

    def _located(self, problem: Problem, row: Row) -> Problem:
        """Give a problem of a cell with the name of its column and where the spec maps it."""
        if (problem.file, problem.line) != (row.source.file, row.source.line):
            return problem
        columns = [column for column, at in row.positions.items() if at == problem.column]
        slot = next((slot for slot in self._template.columns if slot.column in columns), None)
        return replace(problem, message=f"{problem.message} ({_mapped(slot)})") if slot else problem

    def _cannot_open(self, error: OSError) -> None:
        self.complete = False
        self._findings.add(
            dict(self._source.entry.entries())["file"].source,
            f"{self._source.path}.file",
            message=f"{self._source.file.name} cannot be read: {(error.strerror or '').lower()}",
            cure="check the name: paths are relative to this spec file",
        )


def _problem(row: Row, slot: Slot, address: str, message: str) -> Problem:
    place = row.place(str(slot.column))
    cure = "fill it in" if "is empty" in message else "mend the cell"
    return Problem(place.file, place.line, place.column, address, f"{message} ({_mapped(slot)})", cure)


def _mapped(slot: Slot) -> str:
    return f"column {quoted(str(slot.column))}, by {slot.source}"
