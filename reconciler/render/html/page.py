"""
The content of the HTML report: a plan contact by contact, with values before and after, the riskiest first.

A page is limited in size. What does not fit is left out, the least risky rows first; the page counts and names it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from reconciler.core.documents.plan import CostEntry, NoticeEntry, PlanDocument
from reconciler.render.changes import Line, unchanged_lines
from reconciler.render.html.margins import Margins, at_rows, row_notes
from reconciler.render.html.rows import VERBS, TableRow, Verb, named, placed, row_of, size_of, verb_of
from reconciler.render.markup import SourceLinks
from reconciler.render.notices import keys_of, notice_groups, refusal_sentences, view_sentences
from reconciler.render.sections import TOTALS_BY_RISK, plan_sections
from reconciler.render.words import PlanWords, counted, memories, pending, waits, words_of

MOST_BYTES = 19_000_000
"""Bytes of all rows and headings; the rest of the page takes less than 1,000,000."""

_HEADING_BYTES = 500
"""Bytes of the heading of a contact or of a memory, without the names in it."""
_MOST_NAMES = 500
_MOST_PLACES = 50
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]+Z")

_TOTALS: Mapping[str, Verb] = {
    "facts_to_update": "update",
    "contacts_to_update": "update",
    "users_to_update": "user",
    "facts_to_add": "add",
    "contacts_to_create": "create",
    "memories_to_create": "create",
    "users_to_add": "user",
}


class Total(Struct, frozen=True):
    """A number and what it counts."""

    verb: Verb
    number: str
    label: str


class Note(Struct, frozen=True):
    """Notices of one kind; `places` are the first addresses with count, keys and spec, `more` counts the others."""

    text: str
    places: tuple[tuple[str, int, str, str], ...]
    more: int


class MemorySection(Struct, frozen=True):
    """The rows of one memory, or of the contact itself, whose `scope` is empty; `hidden` counts rows left out."""

    address: str
    scope: str
    rows: tuple[TableRow, ...]
    hidden: int
    notes: tuple[Note, ...]

    @property
    def title(self) -> str:
        """Return the title of a part without a scope."""
        return "memory by id" if self.address.startswith("memories.") else "the contact itself"


class Card(Struct, frozen=True):
    """One contact, or one memory that is declared by its id; `tally` counts its changes by kind."""

    name: str
    tally: tuple[tuple[Verb, int], ...]
    parts: tuple[MemorySection, ...]


class Hidden(Struct, frozen=True):
    """What a page leaves out: rows of each kind, and the names of contacts without a single row on it."""

    rows: tuple[tuple[Verb, int], ...]
    names: tuple[str, ...]
    more_names: int


class ReportPage(Struct, frozen=True):
    """A report."""

    words: PlanWords
    environment: str
    api: str
    created_at: str
    specs_digest: str
    reading: str
    writing: str
    totals: tuple[Total, ...]
    cards: tuple[Card, ...]
    hidden: Hidden
    refusals: tuple[str, ...]
    views: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def rows(self) -> list[TableRow]:
        """Return all rows."""
        return [row for card in self.cards for part in card.parts for row in part.rows]

    @property
    def tally(self) -> tuple[tuple[Verb, int], ...]:
        """Count the rows of each kind."""
        return _ordered(Counter(row.verb for row in self.rows))

    @property
    def hidden_names(self) -> str:
        """Return how many contacts are left out."""
        return counted(len(self.hidden.names) + self.hidden.more_names, "contact")

    @property
    def scopes(self) -> list[str]:
        """Return the scopes to choose from."""
        return sorted({part.scope for card in self.cards for part in card.parts if part.scope})

    @property
    def keys(self) -> list[str]:
        """Return the keys to choose from, at most 500, those with most rows first."""
        return [key for key, _ in Counter(row.name for row in self.rows if not row.about).most_common(_MOST_NAMES)]


def build_page(plan: PlanDocument, *, most_rows: int, links: SourceLinks | None = None) -> ReportPage:
    """Return the page of a plan, with at most `most_rows` rows and `MOST_BYTES`."""
    changes = [line for section in plan_sections(plan) for unit in section.units for line in unit.lines]
    lines = [*changes, *unchanged_lines(plan)]
    notices = at_rows(lines[:most_rows], plan.notices)
    made = (row_of(line, notes=row_notes(own), links=links) for line, own in zip(lines, notices, strict=False))
    rows = list(_fitting(lines[:most_rows], made))
    shown, left = lines[: len(rows)], lines[len(rows) :]
    margins = Margins(plan, left, notices[: len(rows)])
    return ReportPage(
        words=words_of(plan, named),
        environment=named(plan.environment),
        api=named(plan.api),
        created_at=_moment(plan.created_at),
        specs_digest=named(plan.specs_digest),
        reading=counted(plan.cost.requests_read, "request"),
        writing=_writing(plan.cost),
        totals=tuple(_totals(plan)),
        cards=tuple(_cards(shown, rows, margins)),
        hidden=_hidden(left, set(map(_card_of, shown))),
        refusals=tuple(refusal_sentences(plan, named)),
        views=tuple(view_sentences(plan, named)),
        notes=tuple(_notes(margins.rest)),
    )


def _card_of(line: Line) -> str:
    """Return the name of the contact, or the address of a memory that is declared by its id."""
    return line.contact or line.memory


def _fitting(lines: Iterable[Line], rows: Iterable[TableRow]) -> Iterator[TableRow]:
    """Yield rows as long as there is room."""
    size = 0
    headings: set[tuple[str, str]] = set()
    for line, row in zip(lines, rows, strict=False):
        size += row.size
        for heading in ((_card_of(line), ""), (_card_of(line), line.memory)):
            if heading not in headings:
                headings.add(heading)
                size += _HEADING_BYTES + 2 * size_of(*map(named, heading))
        if size > MOST_BYTES:
            return
        yield row


def _cards(lines: Sequence[Line], rows: Sequence[TableRow], margins: Margins) -> Iterator[Card]:
    """Yield a card for each contact with its rows by memory; cards are ordered by their riskiest row."""
    found: dict[str, dict[tuple[str, str], list[TableRow]]] = defaultdict(lambda: defaultdict(list))
    for line, row in zip(lines, rows, strict=True):
        found[_card_of(line)][line.memory, line.scope].append(row)
    for card, parts in found.items():
        tally = Counter[Verb](row.verb for rows in parts.values() for row in rows)
        del tally["stays"]
        notices = (margins.take(address) for address, _ in parts)
        sections = (
            _part(*key, rows, margins.hidden[key[0]], own)
            for (key, rows), own in zip(parts.items(), notices, strict=True)
        )
        yield Card(named(card), _ordered(tally), tuple(sections))


def _part(
    address: str, scope: str, rows: Iterable[TableRow], hidden: int, notices: Sequence[NoticeEntry]
) -> MemorySection:
    return MemorySection(named(address), named(scope), tuple(rows), hidden, tuple(_notes(notices)))


def _hidden(left: Iterable[Line], shown: Container[str]) -> Hidden:
    names = list(dict.fromkeys(card for card in map(_card_of, left) if card not in shown))
    rows = Counter(map(verb_of, left))
    return Hidden(_ordered(rows), tuple(map(named, names[:_MOST_NAMES])), max(0, len(names) - _MOST_NAMES))


def _ordered(tally: Mapping[Verb, int]) -> tuple[tuple[Verb, int], ...]:
    return tuple((verb, tally[verb]) for verb in VERBS if tally.get(verb))


def _moment(text: str) -> str:
    """Return an ISO 8601 time in UTC to the minute, and any other text unchanged."""
    return f"{text[:10]} {text[11:16]} UTC" if _MOMENT.fullmatch(text) else named(text)


def _writing(cost: CostEntry) -> str:
    return f"{counted(cost.requests_to_write, 'request')}{waits(cost)}"


def _totals(plan: PlanDocument) -> Iterator[Total]:
    for name in TOTALS_BY_RISK:
        for text in pending(plan.summary, [name]):
            number, _, label = text.partition(" ")
            yield Total(_TOTALS[name], number, label)
    summary = plan.summary
    if summary.uncertain:
        yield Total("stays", f"{summary.uncertain:,}", words_of(plan).doubt)
    if summary.memories_unchanged:
        number, _, label = memories(summary.memories_unchanged).partition(" ")
        yield Total("stays", number, f"{label} unchanged")
    if summary.facts_unmanaged:
        number, _, label = counted(summary.facts_unmanaged, "live fact").partition(" ")
        yield Total("stays", number, f"{label} in no spec")


def _notes(notices: Sequence[NoticeEntry]) -> Iterator[Note]:
    for group in notice_groups(notices, None):
        places = [
            (named(item.address), item.count, named(keys_of(item, digests=True)), placed(item.source))
            for item in group.notices
            if item.address
        ]
        yield Note(
            text=f"{group.heading} ({named(group.kind)})",
            places=tuple(places[:_MOST_PLACES]),
            more=max(0, len(places) - _MOST_PLACES),
        )
