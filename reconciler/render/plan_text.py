"""A plan as text for a terminal or a log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from reconciler.core.document import (
    AddUserEntry,
    CreateMemoryEntry,
    FactAdded,
    FactEntry,
    FactUpdated,
    NoticeEntry,
    OperationEntry,
    PlaceEntry,
    PlanDocument,
    SummaryEntry,
    WriteFactsEntry,
)
from reconciler.core.text import quoted
from reconciler.render.paint import Paint, Palette
from reconciler.render.words import counted, listed, memories, shown

_WIDEST = 72
"""Sources stand in one column; a longer line pushes its own source to the right."""


@dataclass(frozen=True, slots=True)
class _Line:
    paint: Paint
    sign: str
    text: str
    source: PlaceEntry


def render_plan_text(plan: PlanDocument, palette: Palette) -> str:
    """Give the plan as text: what changes memory by memory, then totals, what cannot be known, notices and cost."""
    return "\n".join([*_changes(plan, palette), *_conclusion(plan, palette), ""])


def _changes(plan: PlanDocument, palette: Palette) -> Iterator[str]:
    for address, entries in groupby(plan.operations, key=_memory_of):
        yield palette.strong(address)
        yield from _aligned([line for entry in entries for line in _lines(entry, palette)], palette)
        yield ""


def _memory_of(entry: OperationEntry) -> str:
    return entry.address.partition(".users[")[0]


def _aligned(lines: Sequence[_Line], palette: Palette) -> Iterator[str]:
    width = max((len(line.text) for line in lines if len(line.text) <= _WIDEST), default=0)
    for line in lines:
        place = palette.faint(f"{line.source.file}:{line.source.line}")
        padding = " " * (width - len(line.text))
        yield f"  {line.paint(f'{line.sign} {line.text}')}{padding}  {place}"


def _lines(entry: OperationEntry, palette: Palette) -> Iterator[_Line]:
    match entry:
        case CreateMemoryEntry(certain=True):
            yield _Line(palette.add, "+", "memory", entry.source)
        case CreateMemoryEntry():
            yield _Line(palette.uncertain, "?", "memory, if there is none", entry.source)
        case WriteFactsEntry(facts=facts):
            yield from (_fact_line(fact, palette) for fact in facts)
        case AddUserEntry(certain=True):
            yield _Line(palette.add, "+", _user(entry), entry.source)
        case AddUserEntry():
            yield _Line(palette.uncertain, "?", f"{_user(entry)}, if not there", entry.source)
        case _:
            assert_never(entry)


def _fact_line(fact: FactEntry, palette: Palette) -> _Line:
    key = ".".join(step if step.isidentifier() else quoted(step) for step in fact.path)
    match fact:
        case FactAdded():
            return _Line(palette.add, "+", f"{key}: {shown(fact.after)}", fact.source)
        case FactUpdated():
            return _Line(palette.update, "~", f"{key}: {shown(fact.before)} → {shown(fact.after)}", fact.source)
        case _:
            assert_never(fact)


def _user(entry: AddUserEntry) -> str:
    fields = {
        "metadata": entry.metadata,
        "summary": entry.summary,
        "external_memory_key": entry.external_memory_key,
    }
    declared = [f"{name} {shown(text)}" for name, text in fields.items() if text is not None]
    return f"user {entry.phone_number}" + (f" ({', '.join(declared)})" if declared else "")


def _conclusion(plan: PlanDocument, palette: Palette) -> Iterator[str]:
    yield palette.strong(_headline(plan.summary))
    if plan.summary.uncertain:
        yield palette.uncertain(
            f"Not certain (?): {counted(plan.summary.uncertain, 'operation')}. This account gives no way to see "
            "whether they are needed; apply does them, and they change nothing where they are not."
        )
    yield from (f"Note: {sentence}" for sentence in _notices(plan.notices))
    yield palette.faint(
        f"Cost: {counted(plan.cost.requests_read, 'request')} to read, {plan.cost.requests_to_write:,} to write."
    )


def _headline(summary: SummaryEntry) -> str:
    parts = [
        memories(summary.memories_to_create) + " to create" if summary.memories_to_create else "",
        counted(summary.facts_to_add, "fact") + " to add" if summary.facts_to_add else "",
        counted(summary.facts_to_update, "fact") + " to update" if summary.facts_to_update else "",
        counted(summary.users_to_add, "user") + " to add" if summary.users_to_add else "",
    ]
    pending = [part for part in parts if part]
    unchanged = f"{memories(summary.memories_unchanged)} unchanged"
    return f"Plan: {listed(pending)}; {unchanged}." if pending else f"No changes: {unchanged}."


def _notices(notices: Sequence[NoticeEntry]) -> Iterator[str]:
    for kind, group in groupby(notices, key=lambda notice: notice.type):
        yield _notice(kind, list(group))


def _notice(kind: str, notices: Sequence[NoticeEntry]) -> str:
    count = sum(notice.count for notice in notices)
    where = f" in {notices[0].address}" if len(notices) == 1 else f" in {memories(len(notices))}"
    match kind:
        case "unmanaged":
            return f"{counted(count, 'live fact')}{where} stay as they are: no spec names them (unmanaged)."
        case "unverifiable":
            return f"{counted(count, 'user')}{where} cannot be looked up (unverifiable)."
        case "unknown_contact":
            return f"the API does not know the contact of {memories(count)}{where} (unknown_contact)."
        case _:
            return f"{memories(count)} not read, because of --target ({kind})."
