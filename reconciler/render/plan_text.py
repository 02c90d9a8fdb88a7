"""
Plans as text for a terminal or a log: memory by memory, with those that change alike shown once and counted.

Memories are alike when all their lines look alike. If that is still long, those are grouped that change the same keys.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from reconciler.core.documents.plan import PlanDocument
from reconciler.core.model.text import visible
from reconciler.core.plan.measures import PENDING
from reconciler.render.changes import Line, plan_lines
from reconciler.render.notices import NoticeGroup, keys_of, notice_groups, refusal_sentences, view_sentences
from reconciler.render.output import Palette
from reconciler.render.sections import Unit, text_of_others
from reconciler.render.words import PlanWords, columns_of, counted, listed, memories, pending, words_of

_WIDEST = 72
"""Sources stand in one column; a longer line pushes its own source to the right."""
_MOST_PLACES = 20
"""Places whose keys are listed below a note."""


_MOST_LINES = 200
"""If the groups of memories that look alike have more lines than this, those with the same keys are grouped."""
_MOST_NAMES = 3
"""Memories of a group that are named besides the first."""


def render_plan_text(plan: PlanDocument, palette: Palette, *, full: bool = False) -> str:
    """Return the plan as text: changes memory by memory, then totals, doubts, notices and cost; in full, each one."""
    return "\n".join([*_changes(plan, palette, full=full), *_conclusion(plan, palette), ""])


def _changes(plan: PlanDocument, palette: Palette, *, full: bool) -> Iterator[str]:
    units = (_unit(address, tuple(lines)) for address, lines in groupby(plan_lines(plan), key=lambda line: line.memory))
    groups = map(_Alike, units) if full else _alike(units)
    is_shortened = False
    for group in groups:
        yield palette.strong(visible(group.first.address))
        yield from _aligned(group.first.lines, palette)
        if group.others:
            is_shortened = True
            yield palette.faint(f"  {_others(group)}")
        yield ""
    if is_shortened:
        yield palette.faint("What changes alike is shown once; --full shows each of it.")


class _Alike:
    """Units that are alike: the first, how many `others`, the names of some, and whether values of any `differ`."""

    def __init__(self, first: Unit) -> None:
        self.first = first
        self.others = 0
        self.names: list[str] = []
        self.differ = False

    def add(self, unit: Unit) -> None:
        """Count another unit; it is not kept, since there may be very many."""
        self.others += 1
        if len(self.names) < _MOST_NAMES:
            self.names.append(visible(unit.address))
        self.differ = self.differ or unit.identity != self.first.identity


def _unit(address: str, lines: tuple[Line, ...]) -> Unit:
    operations = {line.operation for line in lines}
    named_by_address = operations & {"write_facts", "create_contact", "update_contact"}
    return Unit(address, operations.pop() if len(operations) == len(named_by_address) == 1 else "memory", lines)


def _alike(units: Iterable[Unit]) -> Iterable[_Alike]:
    """Group units that look alike, or where that leaves much to read, those that change the same keys."""
    by_look: dict[object, _Alike] = {}
    by_keys: dict[object, _Alike] = {}
    rows = 0
    for unit in units:
        _put(unit, by_keys, lambda line: (line.sign, line.operation, line.path))
        if rows <= _MOST_LINES and _put(unit, by_look, _look):
            rows += len(unit.lines)
    return by_look.values() if rows <= _MOST_LINES else by_keys.values()


def _look(line: Line) -> object:
    return line.sign, line.operation, line.path, line.phone_number, line.look


def _put(unit: Unit, groups: dict[object, _Alike], key: Callable[[Line], object]) -> bool:
    """Put a unit to those whose lines have equal keys; return whether it is the first of them."""
    keys = unit.type, tuple(map(key, unit.lines))
    known = groups.get(keys)
    if known is None:
        groups[keys] = _Alike(unit)
    else:
        known.add(unit)
    return known is None


def _others(group: _Alike) -> str:
    """Return `2,988 more memories get the same 2 facts: ` and the first of them."""
    rest = group.others - len(group.names)
    names = [*group.names, f"{rest:,} more"] if rest else group.names
    return f"{text_of_others(group.first, group.others, differ=group.differ)}: {listed(names)}"


def _aligned(lines: Sequence[Line], palette: Palette) -> Iterator[str]:
    """Yield each line with its place, the places in one column."""
    paints = {"+": palette.add, "~": palette.update, "?": palette.uncertain}
    texts = [line.text for line in lines]
    widths = [columns_of(text) for text in texts]
    widest = max((width for width in widths if width <= _WIDEST), default=0)
    for line, text, width in zip(lines, texts, widths, strict=True):
        padding = " " * (widest - width)
        yield f"  {paints[line.sign](f'{line.sign} {text}')}{padding}  {palette.faint(line.origin)}"


def _conclusion(plan: PlanDocument, palette: Palette) -> Iterator[str]:
    words = words_of(plan)
    yield palette.strong(_headline(plan, words))
    if plan.summary.uncertain:
        doubt = f"{words.doubt.capitalize()} (?): {counted(plan.summary.uncertain, 'operation')}."
        yield palette.uncertain(f"{doubt} {words.uncertain}")
    for group in notice_groups(plan.notices):
        yield from _notes(group)
    yield from view_sentences(plan)
    yield from map(palette.failure, refusal_sentences(plan))
    if words.cost:
        yield palette.faint(words.cost)


def _headline(plan: PlanDocument, words: PlanWords) -> str:
    summary = plan.summary
    changes = pending(summary, PENDING)
    unchanged = f"{memories(summary.memories_unchanged)} unchanged" if summary.memories_unchanged else ""
    if changes:
        return "; ".join(filter(None, [f"{words.title}: {listed(changes)}", unchanged])) + "."
    return ": ".join(filter(None, [words.nothing, unchanged])) + "."


def _notes(group: NoticeGroup) -> Iterator[str]:
    """Yield a sentence for all notices of a kind, and below it the keys of the first ones."""
    yield f"Note: {group.sentence} ({visible(group.kind)})."
    listed_first = group.with_keys[:_MOST_PLACES]
    yield from (f"  {visible(notice.address)}: {keys_of(notice)}" for notice in listed_first)
    if rest := len(group.with_keys) - len(listed_first):
        yield f"  and {counted(rest, 'more place')}"
