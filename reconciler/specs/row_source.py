"""Data files that `contacts_from` names: their entry, their rows, and what makes contacts of these."""

import json
import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from errno import EACCES
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import Cell, Source
from reconciler.reading import KeyPath, Nearest, Node, SpecFile, check
from reconciler.reading.files import FORMATS
from reconciler.reading.row_files import RowEvent, read_rows
from reconciler.reading.row_formats import ColumnFinder, IsEnough, Row
from reconciler.specs.assembly import undeclared_scope
from reconciler.specs.problems import Problems, is_marked_live
from reconciler.specs.row_limits import MOST_ENTRIES, RowBudget
from reconciler.specs.row_schema import ContactsFrom, Convert, as_text
from reconciler.specs.row_template import Template


class RowSource(Struct, frozen=True):
    """
    A valid entry of `contacts_from` and its data file; `is_live` if its spec calls its values live.

    `written` is the entry before its references are filled in.
    """

    entry: Node
    written: Node
    index: int
    model: ContactsFrom
    file: SpecFile
    is_live: bool

    @property
    def address(self) -> str:
        """Return the address of the entry."""
        return f"contacts_from[{self.index}]"

    @property
    def is_text(self) -> bool:
        """Return whether all cells are text, so that the catalogue decides their types."""
        return FORMATS[self.file.path.suffix.lower()] == "csv"

    @property
    def streams(self) -> bool:
        """Return whether the file is read row by row, so that reading it again holds nothing."""
        return FORMATS[self.file.path.suffix.lower()] != "yaml"

    def rows(self, budget: RowBudget | None = None) -> Iterator[RowEvent]:
        """Yield the events of the file; raise `OSError` if it is outside of the repository, and as `read_rows` does."""
        if not self.file.tree.holds(self.file.path):
            raise OSError(EACCES, self.file.tree.refusal)
        budget = budget or RowBudget()
        is_enough, name, delimiter = budget.note_empty, self.file.name, self.model.delimiter
        events = read_rows(self.file.path, name=name, delimiter=delimiter, is_enough=is_enough, room=budget.room)
        empty = self.model.empty_texts
        return _without(empty, events, is_enough) if empty else events

    def cells_at(self, places: AbstractSet[Source], hides: Callable[[KeyPath], bool]) -> Mapping[Source, Cell]:
        """
        Return the cells at these places of the file, as far as it can be read.

        A column that is not mapped, or is mapped to what `hides` says, has no text: a problem of another column can
        have its place where the row has no cell for it.
        """
        shown, finder = self._shown_columns(hides), ColumnFinder()
        by_line: dict[int, list[Source]] = {}
        for place in places:
            by_line.setdefault(place.line, []).append(place)
        last = max(by_line, default=0)
        found: dict[Source, Cell] = {}
        with suppress(OSError, ValueError):
            for row in self.rows():
                if self.streams and row.source.line > last:
                    break
                if isinstance(row, Row):
                    near = by_line.get(row.source.line, ()) if self.streams else places & row.columns_at().keys()
                    named = ((place, finder.column(place, row)) for place in near)
                    found |= {place: _cell(row, column, shown) for place, column in named if column}
        return found

    def _shown_columns(self, hides: Callable[[KeyPath], bool]) -> AbstractSet[str]:
        slots = list(self.template(is_resolved=True).columns)
        hidden = {slot.column for slot in slots if hides(("contacts", "", *slot.path))}
        return {str(slot.column) for slot in slots if slot.column not in hidden}

    def template(
        self, convert: Convert = as_text, *, is_resolved: bool, left_out: AbstractSet[str] = frozenset()
    ) -> Template:
        """Return what makes contacts of rows: of the entry itself where it `is_resolved`, else of the one `written`."""
        entry = self.entry if is_resolved else self.written
        return Template(entry, is_text=self.is_text, is_resolved=is_resolved, convert=convert, left_out=left_out)


def row_sources(document: Node, spec: SpecFile, written: Node) -> Iterator[RowSource]:
    """
    Yield the valid entries of a document; problems of the others are reported with the document.

    `written` is the document before its references are filled in.
    """
    is_live = is_marked_live(document.value)
    section = dict(document.entries()).get("contacts_from")
    for index, entry in enumerate(section.items() if section else ()):
        model = check(ContactsFrom, entry).model
        if model:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(spec.name), model.file))
            path = Path(spec.path).parent / model.file
            original = written.at(("contacts_from", index))
            yield RowSource(entry, original, index, model, SpecFile(name, path, spec.tree), is_live)


def within_limits(sources: Sequence[RowSource], problems: Problems) -> list[RowSource]:
    """Return the sources whose file few enough entries name; note each other file at its last entry."""
    files = [_real(one.file.path) for one in sources]
    entries, last = Counter(files), dict(zip(files, sources, strict=True))
    for file, count in entries.items():
        if count > MOST_ENTRIES:
            name, place = last[file].file.name, dict(last[file].entry.entries())["file"].source
            message = f"{count:,} entries name {name}, and at most {MOST_ENTRIES} may: each reads all of its rows"
            cure = "map it in fewer entries, or split it into several files"
            problems.add(place, f"{last[file].address}.file", message=message, cure=cure)
    return [one for one, file in zip(sources, files, strict=True) if entries[file] <= MOST_ENTRIES]


def _real(path: Path) -> str:
    """Return the path of a file behind all links; one that no file can have is reported where it is opened."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return str(path)


def _without(empty: AbstractSet[str], events: Iterator[RowEvent], is_enough: IsEnough) -> Iterator[RowEvent]:
    """Take the cells out of rows whose text stands for an empty cell, and the rows in which no others are."""
    for event in events:
        if not isinstance(event, Row):
            yield event
            continue
        cells = {at: one for at, one in event.cells.items() if not (isinstance(one, str) and one.strip() in empty)}
        if cells or not event.cells:
            yield event if len(cells) == len(event.cells) else replace(event, cells=cells)
        elif is_enough():
            return


def undeclared_scopes(source: RowSource, known: Nearest, problems: Problems) -> AbstractSet[str]:
    """Return the scopes that a mapping names and nobody declares, and note each where the mapping names it."""
    contact = dict(source.entry.entries())["contact"]
    scopes = dict(contact.entries()).get("scopes")
    unknown = [(name, at) for name, _, at in scopes.keyed() if name not in known] if scopes else []
    for name, at in unknown:
        words = undeclared_scope(name, known)
        path = ("contacts_from", source.index, "contact", "scopes", name)
        problems.add(at, path, message=words.message, cure=words.cure)
    return {name for name, _ in unknown}


def _cell(row: Row, column: str, shown: AbstractSet[str]) -> Cell:
    value = row.cell(column) if column in shown else None
    return Cell(column, "" if value is None else value if isinstance(value, str) else json.dumps(value))
