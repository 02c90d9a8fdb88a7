"""How a value is made of the cells of a row: of a column, a text with columns, or a column that is changed."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from reconciler.core.model.masking import Message, compose, named, quote
from reconciler.core.model.references import escaped
from reconciler.core.model.value import Json
from reconciler.reading import Nearest, Node, wrong

if TYPE_CHECKING:  # specs without data files read no rows
    from reconciler.reading.row_formats import Row

COLUMN, LOWER, SPLIT, MAP = "column", "lower", "split", "map"
CELL_KEYS = (COLUMN, LOWER, SPLIT, MAP)
CONSTANT = "value"
"""The key of what is the same in each row."""

_COLUMN_IN_TEXT = re.compile(r"(?<!\$)\{([^{}]*)\}")
_OPEN_BRACE = re.compile(r"(?<!\$)\{")
_ALONE = ("", "")


class CellError(ValueError):
    """A cell that does not fit what its mapping does with it, and the column it is in."""

    def __init__(self, column: str, message: str, cure: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message
        self.cure = cure


class Cells(Struct, frozen=True):
    """
    What makes one value of a row: its columns, and the texts before, between and behind them.

    `changes` says whether anything is done to the cell of a single column.
    """

    columns: tuple[str, ...]
    texts: tuple[str, ...] = _ALONE
    lower: bool = False
    split: str = ""
    map: Mapping[str, Json] | None = None

    @property
    def is_text(self) -> bool:
        """Return whether there are texts around the columns."""
        return len(self.columns) > 1 or self.texts != _ALONE

    @property
    def plain(self) -> str | None:
        """Return the column whose cell is the value as it is; None where anything is done to it."""
        is_changed = self.is_text or self.lower or self.split or self.map is not None
        return None if is_changed else self.columns[0]

    def value(self, row: "Row", *, escape: Callable[[str], str] | None = None) -> Json:
        """
        Return the value in a row, None where its cells are empty; raise `CellError`.

        `escape` is applied to cells among texts, where these are still to be filled in.
        """
        if self.is_text:
            return self._text(row, escape or str)
        (column,) = self.columns
        cell = row.cell(column)
        if cell is None or not (self.lower or self.split or self.map is not None):
            return cell
        return self._changed(column, text_of(cell, column))

    def missing(self, row: "Row") -> str | None:
        """Return the first column, of several, whose cell is empty in a row."""
        columns = self.columns if len(self.columns) > 1 else ()
        return next((column for column in columns if row.cell(column) is None), None)

    def _text(self, row: "Row", escape: Callable[[str], str]) -> str | None:
        cells = [(column, row.cell(column)) for column in self.columns]
        if all(cell is None for _, cell in cells):
            return None
        parts = ["" if cell is None else escape(text_of(cell, column)) for column, cell in cells]
        text = self.texts[0] + "".join(part + behind for part, behind in zip(parts, self.texts[1:], strict=True))
        return text if all(parts) else " ".join(text.split())

    def _changed(self, column: str, text: str) -> Json:
        text = text.lower() if self.lower else text
        if not self.split:
            return self._mapped(column, text)
        items = (self._mapped(column, part.strip()) for part in text.split(self.split) if part.strip())
        return [item for item in items if item is not None] or None

    def _mapped(self, column: str, text: str) -> Json:
        if self.map is None:
            return text
        value = self.map.get(text.strip(), self)
        if isinstance(value, Cells):
            known = Nearest(self.map).did_you_mean(text)
            add = "add it to the map"
            cure = Message(add, shown=f"{add}; {known}" if known else add)  # the keys are values, as cells are
            raise CellError(column, compose("the map of this column has no {}", quote(text)), cure)
        return None if value == "" else value


def text_of(cell: Json, column: str) -> str:
    """Return a cell as text, a number or boolean as JSON writes it; raise `CellError` for lists and mappings."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | int | float):
        return json.dumps(cell)
    raise CellError(column, compose("text is expected, not {}", named(cell)), "name another column")


def escaped_text(text: str) -> str:
    """Return a text as a spec has to write it for it to be literal."""
    return str(escaped(text))


def cells_in(node: Node) -> Cells | None:
    """Return what a checked entry of a mapping is made of; None for a constant."""
    written = node.value
    if isinstance(written, dict) and COLUMN not in written:
        return None
    if isinstance(written, str):
        columns = tuple(name.strip() for name in _COLUMN_IN_TEXT.findall(written))
        return Cells(columns, tuple(_COLUMN_IN_TEXT.split(written)[::2])) if columns else Cells((written,))
    parts = cast("Mapping[str, Json]", written)
    return Cells(
        columns=(str(parts[COLUMN]),),
        lower=bool(parts.get(LOWER, False)),
        split=str(parts.get(SPLIT, "")),
        map=cast("Mapping[str, Json] | None", parts.get(MAP)),
    )


def check_text(text: str) -> None:
    """Raise the error of a text with columns in it that has an open brace, or one without a column."""
    found = _COLUMN_IN_TEXT.findall(text)
    if _OPEN_BRACE.search(_COLUMN_IN_TEXT.sub("", text)):
        cure = 'close it: "{first} {last}"; a column whose own name has a brace is {column: "…"}'
        raise wrong(compose("the text {} opens a brace and does not close it", quote(text)), cure=cure)
    if not all(map(str.strip, found)):
        raise wrong(compose("the text {} has braces without a column", quote(text)), cure='write "{first} {last}"')


def check_parts(parts: Mapping[str, object]) -> None:
    """Raise the first error of a mapping of `column` and what is done to it."""
    for message, cure in _wrong_parts(parts):
        raise wrong(message, cure=cure)


def _wrong_parts(parts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    known = Nearest(CELL_KEYS)
    for key in parts:
        if key not in CELL_KEYS:
            cure = known.did_you_mean(key) or f"known here: {', '.join(CELL_KEYS)}"
            yield compose("{} is nothing that can be done to a column", quote(key)), cure
    column, lower, split, mapped = (parts.get(key) for key in CELL_KEYS)
    if not isinstance(column, str) or not column:
        yield compose("the name of a column is expected, not {}", named(column)), "write {column: email, lower: true}"
    if LOWER in parts and not isinstance(lower, bool):
        yield compose("lower is true or false, not {}", named(lower)), "write {column: email, lower: true}"
    if SPLIT in parts and not (isinstance(split, str) and split):
        yield compose("split is the text between the items, not {}", named(split)), 'write {column: tags, split: ";"}'
    if MAP in parts and not (isinstance(mapped, dict) and mapped and all(map(_is_plain, mapped.values()))):
        yield (
            "map is a mapping of cells to text, numbers, true or false",
            'write {column: status, map: {A: active, X: ""}}; "" declares nothing',
        )


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool | int | float)
