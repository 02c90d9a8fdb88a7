"""
Plans and receipts as GitHub workflow commands: annotations on the lines of specs.

A runner shows ten annotations of a kind for each step and drops the rest in silence, so no more are written, and the
last one counts what is left.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.documents.plan import PlaceEntry, PlanDocument, ReceiptDocument
from reconciler.core.model.text import shortened, visible
from reconciler.render.changes import Line, Section, Unit, plan_sections, receipt_sections
from reconciler.render.notices import view_sentences
from reconciler.render.words import counted

_Kind: TypeAlias = Literal["error", "warning", "notice"]
_KINDS: tuple[_Kind, ...] = ("error", "warning", "notice")
_MOST = 10
_LONGEST_TEXT = 200
_LONGEST_FILE = 4096
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


class _Said(Struct, frozen=True):
    """What an annotation says of one line of a spec, whatever the number of addresses that it is said of."""

    title: str
    place: PlaceEntry
    sign: str
    path: tuple[str, ...]
    identity: str


def render_plan_github(plan: PlanDocument) -> str:
    """Render updates of live values as warnings and all else as notices."""
    return _rendered(plan_sections(plan), plan.environment, view_sentences(plan))


def render_receipt_github(receipt: ReceiptDocument) -> str:
    """Return what failed as errors, and what was skipped or is unknown as warnings."""
    return _rendered(receipt_sections(receipt), receipt.environment)


def _rendered(sections: Sequence[Section], environment: str, said: Sequence[str] = ()) -> str:
    """Return the annotations; what is `said` of the whole are notices, too."""
    title = _property(environment, _LONGEST_TEXT)
    whole = [f"::notice title={title}::{_data(shortened(text, _LONGEST_TEXT))}" for text in said]
    lines = [
        line
        for kind in _KINDS
        for line in _of_kind(kind, sections, environment, _MOST - len(whole) if kind == "notice" else _MOST)
    ]
    return "".join(f"{line}\n" for line in [*lines, *whole])


def _of_kind(kind: _Kind, sections: Iterable[Section], environment: str, allowed: int) -> Iterator[str]:
    found = [
        (section, unit, line)
        for section in sections
        if section.level == kind
        for unit in section.units
        for line in unit.lines
    ]
    times = Counter(_said(section, line) for section, _, line in found)
    firsts = {_said(section, line): (unit, line) for section, unit, line in reversed(found)}
    ranked = list(times)
    most = allowed if len(ranked) <= allowed else allowed - 1
    for said in ranked[:most]:
        yield _annotation(kind, said, *firsts[said], environment=environment, others=times[said] - 1)
    if rest := sum(times[said] for said in ranked[most:]):
        yield f"::{kind} title={_property(environment, _LONGEST_TEXT)}::{_rest(rest)}"


def _said(section: Section, line: Line) -> _Said:
    return _Said(section.title, line.place, line.sign, line.path, line.identity)


def _annotation(kind: _Kind, said: _Said, unit: Unit, line: Line, *, environment: str, others: int) -> str:  # noqa: PLR0913  what an annotation says
    title = _property(f"{said.title} ({environment})", _LONGEST_TEXT)
    place = f"file={_property(said.place.file, _LONGEST_FILE)},line={said.place.line}"
    more = f"; the same at {counted(others, 'more address', 'more addresses')}" if others else ""
    return f"::{kind} {place},title={title}::{_data(_message(unit, line) + more)}"


def _message(unit: Unit, line: Line) -> str:
    name = f"{line.sign} {line.name}".strip()
    values = line.joint.join(line.values)
    parts = [unit.address, name, values] if values else [unit.address, name]
    said = ": ".join(shortened(part, 2 * _LONGEST_TEXT) for part in parts)
    return f"{said} ({line.cause})" if line.cause else said


def _rest(count: int) -> str:
    return f"{counted(count, 'more change')} not shown here; the whole is in the output of reconciler."


def _data(text: str) -> str:
    """Return text for a message; no line ends are left in it, so nothing in it can begin a command."""
    return re.sub("[%\r\n]", lambda found: _DATA[found[0]], visible(text))


def _property(text: str, limit: int) -> str:
    return re.sub("[%\r\n:,]", lambda found: _PROPERTY[found[0]], visible(shortened(text, limit)))
