"""Values of data files that a spreadsheet or an export left behind, and phone numbers that are not assigned."""

import re
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, field

from reconciler.core.documents.explanation import Advice, LintRule
from reconciler.core.model.address import user_address
from reconciler.core.model.desired import Desired
from reconciler.core.model.phone_numbers import is_assigned
from reconciler.core.model.references import meant_key
from reconciler.core.model.text import Secret, hidden_in, quoted, shortened
from reconciler.core.model.value import Json
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node
from reconciler.reading.row_formats import Row
from reconciler.render.words import listed
from reconciler.specs.loading import Recorder
from reconciler.specs.problems import fact_of, spec_address
from reconciler.specs.row_reading import OnRow
from reconciler.specs.row_source import RowSource

_SHOWN = 40
_MOST_LINES = 8
"""The most lines that are named beside a value that is shown; the others are counted."""

_EMPTY = re.compile(
    r"(?i:null|\(null\)|#?n/a|nan|undefined|\\n|-+|\[object object\]|#(?:ref|value|name|num|null)[!?]|#div/0!)|None"
).fullmatch
_NOTHING = (
    "stands for nothing in many programs",
    "list it under `empty` of contacts_from, or leave the cell empty",
)
_NEARLY_MET = (
    "is what `where` expects here, and the cell differs from it in case or blanks, so this memory is not declared",
    "write the cell as `where` has it, if that is meant",
)
_FORMULA = re.compile(r'="(?P<text>.*)"').fullmatch


class _Alike(Struct):
    """The first of the values of one column that have one flaw, and the lines of the others."""

    source: Source
    path: KeyPath
    text: str
    lines: list[int] = field(default_factory=list)
    count: int = 0

    def add(self, line: int) -> None:
        """Count another value; few lines are kept, since there may be very many."""
        self.count += 1
        if len(self.lines) < _MOST_LINES:
            self.lines.append(line)

    @property
    def others(self) -> str:
        """Return where the others are, such as ` (also on lines 3, 4 and 299,992 more)`."""
        rest = [f"{self.count - len(self.lines):,} more"] if self.count > len(self.lines) else []
        places = listed([*map(str, self.lines), *rest]) if self.lines else ""
        return f" (also on {'line' if self.count == 1 else 'lines'} {places})" if places else ""


class TableReader(Recorder):
    """Looks at each value that a data file gives while the specs are loaded."""

    def __init__(self) -> None:
        super().__init__("")
        self._found: dict[object, tuple[_Alike, tuple[str, str]]] = {}

    def rows_of(self, source: RowSource) -> OnRow:
        """Return what keeps the values of a data file that are worth a look."""
        template = source.template(is_resolved=True)

        def look(row: Row, name: str) -> None:
            document, _ = template.document(row, name)
            for path, node in _texts(document, ()):
                text = str(node.value)
                if (flaw := _flaw(text)) and node.source.file == source.file.name:
                    self._put(node.source, path, text, flaw)
            for slot, expected in ((one.slot, one.expected) for one in template.conditions):
                if _is_nearly(row.cell(str(slot.column)), expected):
                    place = row.place(str(slot.column))
                    self._put(place, ("contacts", name, *slot.path), str(expected), _NEARLY_MET)

        return look

    def _put(self, source: Source, path: KeyPath, text: str, flaw: tuple[str, str]) -> None:
        """Keep a value, or count it with one before that has the same flaw, in the same place of another contact."""
        place = (step for step in path[2:] if isinstance(step, str))
        shown = shortened(text, _SHOWN) if flaw in {_NOTHING, _NEARLY_MET} else ""
        key = (source.file, source.column, *place, flaw, shown)
        if key in self._found:
            self._found[key][0].add(source.line)
        else:
            self._found[key] = _Alike(source, path, text), flaw

    def advice(self, hidden: Collection[str] | None) -> Iterator[Advice]:
        """Yield advice on the values, without those of `hidden` facts; None hides all."""
        for one, (flaw, cure) in self._found.values():
            fact = fact_of(one.path)
            is_hidden = hidden is None or (fact and meant_key(str(fact[-1])) in hidden)
            shown = "this value" if is_hidden else quoted(shortened(one.text, _SHOWN))
            message = f"{shown} {flaw}{one.others}"
            yield _advice("spreadsheet_debris", one.source, spec_address(one.path), message, cure)


def _advice(rule: LintRule, source: Source, address: str, message: str, cure: str) -> Advice:
    return Advice(source.file, source.line, source.column, address, rule, message, cure)


def _texts(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    if isinstance(node.value, str):
        yield path, node
    for key, below in node.entries():
        yield from _texts(below, (*path, key))
    for index, below in enumerate(node.items()):
        yield from _texts(below, (*path, index))


def _is_nearly(cell: Json, expected: Json) -> bool:
    """Return whether a cell has what a condition expects but for case and the blanks around it."""
    if not isinstance(cell, str) or not isinstance(expected, str) or cell == expected:
        return False
    return cell.strip().casefold() == expected.strip().casefold()


def _flaw(text: str) -> tuple[str, str] | None:
    """Return what is left of a program in a value, and what would be right; None where nothing is."""
    if "\ufffd" in text:
        return "lost a character when the list was saved", "save the list again as UTF-8"
    if hidden := hidden_in(text):
        return f"holds {hidden}, which does not show", "remove it where the list comes from"
    if _FORMULA(text):
        return "is a formula of a spreadsheet, and no value", "save the list again with the value alone"
    if _EMPTY(text.strip()):
        return _NOTHING
    if text != text.strip():
        return "has blanks around it", "remove them where the list comes from"
    return None


def number_advice(desired: Desired) -> Iterator[Advice]:
    """Yield advice on phone numbers that are possible, and that no country has assigned."""
    for number, owner, source in dict.fromkeys(_numbers(desired)):
        if isinstance(number, Secret) or is_assigned(number):
            continue
        shown = "this number" if desired.live_values else quoted(number)
        address = owner if desired.live_values or owner.endswith(_OF_CONTACT) else user_address(owner, number)
        message = f"{shown} is possible, and in a range that is not assigned: no call reaches it"
        yield _advice("unassigned_number", source, address, message, "compare it with where it comes from")


_OF_CONTACT = ".phone_number"


def _numbers(desired: Desired) -> Iterable[tuple[str, str, Source]]:
    for contact in desired.contacts:
        if contact.identity.kind == "phone_number":
            yield contact.identity.value, f"{contact.address}{_OF_CONTACT}", contact.source
    for memory in desired.memories:
        for user in memory.users:
            yield user.phone_number, memory.address, user.source
