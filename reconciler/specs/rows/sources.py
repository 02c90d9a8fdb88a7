"""The entries of `contacts_from`: which data file each names, and what its mapping makes of a row."""

import posixpath
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from errno import EACCES
from pathlib import Path

from msgspec import Struct

from reconciler.reading import FORMATS, Node, Row, RowEvent, SpecFile, check, read_rows
from reconciler.specs.row_schema import ContactsFrom
from reconciler.specs.rows.cells import Convert, as_text
from reconciler.specs.rows.template import Template


class RowSource(Struct, frozen=True):
    """A sound entry of `contacts_from`, and the data file that it names; it `is_live` where its spec says so."""

    entry: Node
    index: int
    model: ContactsFrom
    file: SpecFile
    is_live: bool = False

    @property
    def address(self) -> str:
        """Return the address of the entry."""
        return f"contacts_from[{self.index}]"

    @property
    def is_text(self) -> bool:
        """Return whether all cells are text, so that the catalogue may say what they mean."""
        return FORMATS[self.file.path.suffix.lower()] == "csv"

    def rows(self) -> Iterator[RowEvent]:
        """Read the file row by row; raises `OSError` and `ValueError` as `read_rows`, and where it leads out."""
        if not self.file.tree.holds(self.file.path):
            raise OSError(EACCES, self.file.tree.refusal)
        return read_rows(self.file.path, name=self.file.name, delimiter=self.model.delimiter)

    def template(
        self, convert: Convert = as_text, *, is_resolved: bool, left_out: AbstractSet[str] = frozenset()
    ) -> Template:
        """Return what makes contacts of rows."""
        return Template(self.entry, is_text=self.is_text, is_resolved=is_resolved, convert=convert, left_out=left_out)


def row_sources(document: Node, spec: SpecFile, *, is_live: bool = False) -> Iterator[RowSource]:
    """Return the sound entries of a document; what is wrong with the others is told with the document."""
    section = dict(document.entries()).get("contacts_from")
    for index, entry in enumerate(section.items() if section else ()):
        model = check(ContactsFrom, entry).model
        if model:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(spec.name), model.file))
            path = Path(spec.path).parent / model.file
            yield RowSource(entry, index, model, SpecFile(name, path, spec.tree), is_live)


def documents(source: RowSource, *, wanted: str | None = None) -> Iterator[tuple[str, Node]]:
    """Yield name and document of each row, or of the wanted one, as a spec would write it; skip what is wrong."""
    template = source.template(is_resolved=False)
    try:
        for row in source.rows():
            name = template.name_of(row) if isinstance(row, Row) else None
            if isinstance(row, Row) and isinstance(name, str) and wanted in (None, name):
                yield name, template.document(row, name)[0]
    except (OSError, ValueError):
        return
