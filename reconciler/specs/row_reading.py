"""
Data files → declarations: each row that `contacts_from` names, checked as if it were written in YAML.

A row becomes a document of its own, so that overlays, layers, `why` and messages work as for YAML. Its cells are
escaped: references in them are not filled in.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import TypeAlias

from msgspec.structs import replace

from reconciler.core.model.masking import Message, compose, quote, shown
from reconciler.errors import Problem, Source
from reconciler.reading import Nearest, Node, mistyped, reason
from reconciler.reading.row_files import RowEvent
from reconciler.reading.row_formats import ColumnFinder, Columns, Row
from reconciler.specs.catalogue import FactRules, with_numbers
from reconciler.specs.declarations import Declarations, Invalid, declarations
from reconciler.specs.passing import RowPassing
from reconciler.specs.phone_numbers import in_e164
from reconciler.specs.problems import Problems, spec_address
from reconciler.specs.row_cells import CellError
from reconciler.specs.row_limits import RowBudget
from reconciler.specs.row_mapping import Slot
from reconciler.specs.row_names import SharedNames, shared_names
from reconciler.specs.row_source import RowSource
from reconciler.specs.row_template import Template

_DELIMITERS = (";", "\t", "|", ",")

_MOST_LISTED = 8
"""The most places that are listed of a column that the header repeats; the others are counted."""

Final = Callable[[Node], Node]
"""Apply the overlays and references to a document whose numbers are in E.164."""

OnRow: TypeAlias = Callable[[Row, str], None]
"""Called for each row that declares a contact, with the contact's name."""


class RowReader:
    """
    The reader of one data file.

    After `declared`, `is_complete` is whether all of it could be read, `warnings` are what it warns of, and `shared`
    the names that several of its rows have.
    """

    def __init__(  # noqa: PLR0913  one parameter a part of what is read
        self,
        source: RowSource,
        template: Template,
        final: Final,
        problems: Problems,
        budget: RowBudget,
        *,
        on_row: OnRow | None,
        passing: RowPassing | None,
    ) -> None:
        self.is_complete = True
        self.warnings: tuple[Problem, ...] = ()
        self.shared = SharedNames()
        self._source = source
        self._template = template
        self._final = final
        self._problems = problems
        self._budget = budget
        self._on_row = on_row
        self._passing = passing
        self._at = Source(source.file.name)
        self._slots = {str(slot.column): slot for slot in reversed(tuple(self._template.columns))}
        self._unseen = self._slots
        self._finder = ColumnFinder()
        self._problems.bound(source.file.name)

    def declared(self, rules: FactRules) -> Declarations:
        """Read all rows, and keep what they declare; facts that a person declares follow rules."""
        rows = self._rows() if self._has_valid_conditions() and self._may_read() else iter(())
        found = list(rows if self._source.is_live else self._checked(rows, rules))
        return Declarations(
            names=tuple(name for one in found for name in one.names),
            invalid=Invalid(
                references=tuple(reference for one in found for reference in one.invalid.references),
                layers=tuple(layer for one in found for layer in one.invalid.layers),
            ),
            fact_keys=(),
            scopes=(),
            contacts=tuple(contact for one in found for contact in one.contacts),
            memories=(),
            live_values=self._source.is_live,
        )

    def _checked(self, rows: Iterator[Declarations], rules: FactRules) -> Iterator[Declarations]:
        for one in with_numbers(rows, rules.catalogue):
            if count := rules.check(one, self._problems):
                self._budget.note_problems(count)
            yield one

    def _may_read(self) -> bool:
        """Return whether the tables before this one have left anything of the budget."""
        self.is_complete = self._budget.spent is None
        return self.is_complete

    def _has_valid_conditions(self) -> bool:
        """Return whether cells can meet the conditions; all cells of CSV are text."""
        for condition in self._template.conditions if self._source.is_text else ():
            if not isinstance(condition.expected, str):
                words = mistyped("text", condition.expected)
                path = ("contacts_from", self._source.index, "contact", *condition.slot.path, "where")
                message = compose("{}: all cells of CSV are text", words.message)
                self._problems.add(condition.slot.source, path, message=message, cure=words.cure)
                self.is_complete = False
        return self.is_complete

    def _rows(self) -> Iterator[Declarations]:
        is_empty = True
        try:
            for row in self._named():
                is_empty = False
                self._at = row.source
                before = self._budget.problems
                yield from self._row(row)
                if self._budget.problems > before:
                    self._budget.note_wrong_row(self._template.growth.columns)
                if self._budget.spent:
                    break
        except (OSError, ValueError) as error:
            self._cannot_open(error)
        else:
            if spent := self._budget.spent:
                self._problems.cut_short(self._source.file.name)
                message = f"up to {self._at}, {spent.message}, so no table is read further"
                self._wrong_mapping(self._source.entry.source, message, spent.cure)
            elif self.is_complete and is_empty and not (self._passing and self._passing.passed):
                self.warnings = (self._without_rows(),)
            elif self.is_complete:
                self._look_back()

    def _named(self) -> Iterator[Row]:
        """Yield the rows of the file, once it is known which names several of them have."""
        naming, passing = self._template.naming, self._passing
        rows = self._counted(self._source.rows(self._budget))
        if self._source.streams and not passing:
            first = next(rows, None)  # after the header, which may be wrong
            if first is not None:
                self.shared = shared_names(naming.named(self._ahead(), self._budget.most_problems))
                yield from chain((first,), rows)
            return
        held = list(naming.named(passing.own(rows) if passing else rows, self._budget.most_problems))
        hashes = {hash(one.name) for one in held}
        self.shared = shared_names(held, passing.names_among(hashes) if passing else frozenset())
        yield from (one.row for one in held)

    def _ahead(self) -> Iterator[Row]:
        """Yield the rows of the file, no further than they are read after that."""
        budget, growth = RowBudget(), self._template.growth
        for event in self._source.rows(budget):
            if isinstance(event, Row):
                if not growth.is_free and budget.note_made(growth.beside(event)):
                    return
                yield event
            elif isinstance(event, Problem):
                budget.note_problems(1)
                if budget.spent:
                    return

    def _counted(self, events: Iterator[RowEvent]) -> Iterator[Row]:
        """
        Yield the rows of events, until a limit is exceeded.

        The columns of all rows are noted, whether the rows are kept or not.
        """
        growth = self._template.growth
        for event in events:
            match event:
                case Row():
                    if self._unseen:
                        unseen = self._unseen.items()
                        self._unseen = {column: slot for column, slot in unseen if column not in event.positions}
                    is_last = not growth.is_free and self._budget.note_made(growth.beside(event))
                    if not is_last:
                        yield event
                case Problem():
                    self._wrong([event])
                    is_last = self._budget.spent is not None
                case Columns():
                    is_last = not self._has_columns(event)
            if is_last:
                self._at = event.source
                return

    def _row(self, row: Row) -> Iterator[Declarations]:
        name = self._name(row)
        if name is None:
            return
        if self._on_row:
            self._on_row(row, name)
        own = Problems()
        document, wrong = self._template.document(row, name)
        one = declarations(self._final(document if self._template.reads_numbers else in_e164(document)), own)
        for cell in wrong:
            address = spec_address(("contacts", name, *cell.slot.path))
            self._wrong([_problem(row, cell.slot, address, cell.message, cell.cure)])
        if found := own.found:
            self._take([self._located(problem, row) for problem in found])
        for declared in one.contacts:
            self._budget.note_contact(declared.contact)
        yield one

    def _name(self, row: Row) -> str | None:
        """Return the name of a row's contact; where nothing names it, note that and return None."""
        slot = self._template.slots[0]
        try:
            name = self._template.naming.name(row, self.shared)
        except CellError as error:
            message = compose("{}: it names the contact", error.message)
            self._wrong([_problem(row, replace(slot, column=error.column), "", message, error.cure)])
            return None
        if name is None:
            self._wrong([_problem(row, slot, "", "this cell is empty: it names the contact", "fill it in")])
        return name

    def _has_columns(self, header: Columns) -> bool:
        """Note the columns that are mapped and not there, and expect no cells of them from now on."""
        names = set(header.names)
        self._refuse_twice(header)
        self._problems.name_columns(self._source.file.name, header.names)
        mapped = set(self._unseen)
        self._unseen = {column: slot for column, slot in self._unseen.items() if column not in names}
        known = Nearest(names)
        cure = _header_cure(header, mapped, known)
        others = len(self._unseen) - 1
        more = f", and none of {others} more that are mapped" if cure and others else ""
        for column, slot in sorted(self._unseen.items(), key=_place)[: 1 if cure else None]:
            message = compose("the header of {} names no column {}{}", self._source.file.name, quote(column), more)
            self._wrong_mapping(
                slot.source, message, cure or known.did_you_mean(column) or "name a column that is there"
            )
        return self.is_complete

    def _refuse_twice(self, header: Columns) -> None:
        """Note the mapped columns that the header names more than once; which of them is meant cannot be known."""
        at_name: dict[str, list[int]] = {column: [] for column in self._slots}
        for place, name in enumerate(header.names, start=1):
            if name in at_name:
                at_name[name].append(place)
        for column, places in at_name.items():
            if len(places) > 1:
                at, others = ", ".join(map(str, places[:_MOST_LISTED])), len(places) - _MOST_LISTED
                more = f" and {others:,} more" if others > 0 else ""
                times = f"{len(places):,} times, at {at}{more}"
                message = compose("the header names the column {} {}", quote(column), times)
                source = Source(header.source.file, header.source.line, places[1])
                cure = "rename all but one of them in the file, or map no column of this name"
                self._wrong([source.problem("", message, cure)])

    def _look_back(self) -> None:
        """Note the columns that no row has, and what no row declares."""
        for column, slot in self._unseen.items():
            message = compose("no row of {} has a column {}", self._source.file.name, quote(column))
            self._wrong_mapping(slot.source, message, "name a column that is there")
        self.warnings = tuple(map(self._unmet, self._template.unmet))

    def _without_rows(self) -> Problem:
        message = "this table has no rows, so it declares nobody"
        entry = dict(self._source.entry.entries())["file"].source
        return Source(self._source.file.name, 1, 1).problem("", message, f"add rows, or remove its entry at {entry}")

    def _unmet(self, slot: Slot) -> Problem:
        address = spec_address(("contacts_from", self._source.index, "contact", *slot.path, "where"))
        message = f"no row of {self._source.file.name} meets this condition, so none has this memory"
        cure = compose("compare it with the values of the column {}", quote(str(slot.column)))
        return slot.source.problem(address, message, cure)

    def _wrong_mapping(self, source: Source, message: str, cure: str) -> None:
        self.is_complete = False
        self._problems.add(source, self._source.address, message=message, cure=cure)

    def _wrong(self, problems: Sequence[Problem]) -> None:
        self.is_complete = False
        self._take(problems)

    def _take(self, problems: Sequence[Problem]) -> None:
        self._budget.note_problems(len(problems))
        self._problems.take(problems)

    def _located(self, problem: Problem, row: Row) -> Problem:
        """Return a problem of a cell with the name of its column and where the spec maps it."""
        column = self._finder.column(problem.source, row) if problem.file == row.source.file else None
        slot = self._slots.get(str(column))
        if not slot:
            return problem
        cell = row.cell(str(slot.column)) if self._template.changes(slot) else None
        held = quote(cell) if isinstance(cell, str) else ""
        holds = compose(" holds {}", held) if held and shown(held) not in shown(problem.message) else ""
        where = compose("column {}{}, by {}", quote(str(slot.column)), holds, slot.source)
        return replace(problem, message=compose("{} ({})", problem.message, where))

    def _cannot_open(self, error: OSError | ValueError) -> None:
        self.is_complete = False
        file = self._source.file
        at_hand = "check the name: paths are relative to this spec file"
        self._problems.add(
            dict(self._source.entry.entries())["file"].source,
            f"{self._source.address}.file",
            message=f"{file.name} cannot be read: {reason(error)}",
            cure=at_hand if file.tree.holds(file.path) else file.tree.cure,
        )


def _place(mapped: tuple[str, Slot]) -> tuple[int, int]:
    return mapped[1].source.line, mapped[1].source.column


def _header_cure(header: Columns, mapped: AbstractSet[str], known: Nearest) -> str:
    """Return the cure where one mistake takes all missing columns away, such as another delimiter; else nothing."""
    named = {one: len(mapped & header.separated(one)) for one in _DELIMITERS}
    likely = max(_DELIMITERS, key=lambda one: (named[one], header.text.count(one)))
    is_one = len(header.names) == 1
    if named[likely] > len(mapped & set(header.names)) or (is_one and likely in header.text):
        return f"{'the header has one column: ' if is_one else ''}set `delimiter: {json.dumps(likely)}`"
    above = "remove what stands above the header, or set `delimiter`"
    if is_one:
        return f"the header has one column: {above}"
    if len(mapped) == 1 or any(column in known or known.nearest(column) for column in mapped):
        return ""
    return f"{above} ({known.did_you_mean(next(iter(mapped)))})".removesuffix(" ()")


def _problem(row: Row, slot: Slot, address: str, message: str, cure: str) -> Problem:
    place = row.place(str(slot.column))
    return place.problem(address, compose("{} ({})", message, _mapped(slot)), cure)


def _mapped(slot: Slot) -> Message:
    return compose("column {}, by {}", quote(str(slot.column)), slot.source)
