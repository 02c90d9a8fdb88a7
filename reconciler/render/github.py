"""
Plans and receipts as GitHub workflow commands: annotations on the lines of specs.

A runner shows ten annotations of a level for each step and silently drops the rest. So no more are written, and the
last one counts the others.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.receipt import ReceiptDocument
from reconciler.core.model.text import shortened, visible
from reconciler.render.changes import Line
from reconciler.render.notices import refusal_sentences, view_sentences, warning_sentences
from reconciler.render.sections import Level, Section, plan_sections, receipt_sections
from reconciler.render.words import counted

_LEVELS: tuple[Level, ...] = ("error", "warning", "notice")
_MOST = 10
_LONGEST_TEXT = 200
_LONGEST_REFUSAL = 600
_LONGEST_FILE = 4096
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def render_plan_github(plan: PlanDocument) -> str:
    """Return refusals as errors, updates of live values and rules that warn as warnings, everything else as notices."""
    return _about_rules(plan) + _rendered(plan_sections(plan), plan.environment, view_sentences(plan))


def _about_rules(plan: PlanDocument) -> str:
    """Return what guards and rules refuse, and what rules warn of."""
    title = _property(plan.environment, _LONGEST_TEXT)
    found = [("error", text) for text in refusal_sentences(plan)]
    found += [("warning", text) for text in warning_sentences(plan)]
    return "".join(f"::{level} title={title}::{_data(shortened(text, _LONGEST_REFUSAL))}\n" for level, text in found)


def render_receipt_github(receipt: ReceiptDocument) -> str:
    """Return failed operations as errors, and skipped or unknown ones as warnings."""
    return _rendered(receipt_sections(receipt), receipt.environment)


def _rendered(sections: Sequence[Section], environment: str, about_plan: Sequence[str] = ()) -> str:
    """Return the annotations; sentences about the whole plan are notices without a place."""
    title = _property(environment, _LONGEST_TEXT)
    whole = [f"::notice title={title}::{_data(shortened(text, _LONGEST_TEXT))}" for text in about_plan]
    lines = [
        line
        for level in _LEVELS
        for line in _of_level(level, sections, environment, _MOST - len(whole) if level == "notice" else _MOST)
    ]
    return "".join(f"{line}\n" for line in [*lines, *whole])


def _of_level(level: Level, sections: Iterable[Section], environment: str, allowed: int) -> Iterator[str]:
    """Yield one annotation for all lines that report the same change at the same place, and a count of the rest."""
    alike: dict[object, list[tuple[str, Line]]] = defaultdict(list)
    for section in (section for section in sections if section.level == level):
        for line in (line for unit in section.units for line in unit.lines):
            key = (section.title, line.place, line.sign, line.subject, line.path, line.identity)
            alike[key].append((f"{section.title} ({environment})", line))
    found = list(alike.values())
    most = allowed if len(found) <= allowed else allowed - 1
    for lines in found[:most]:
        yield _annotation(level, *lines[0], others=len(lines) - 1)
    if rest := sum(map(len, found[most:])):
        text = f"{counted(rest, 'more change')} not shown here; the whole is in the output of reconciler."
        yield f"::{level} title={_property(environment, _LONGEST_TEXT)}::{text}"


def _annotation(level: Level, title: str, line: Line, *, others: int) -> str:
    place = f"file={_property(line.place.file, _LONGEST_FILE)},line={line.place.line}"
    more = f"; the same at {counted(others, 'more address', 'more addresses')}" if others else ""
    return f"::{level} {place},title={_property(title, _LONGEST_TEXT)}::{_data(_message(line) + more)}"


def _message(line: Line) -> str:
    parts = [line.address, f"{line.sign} {line.name}".strip(), line.between.join(line.values)]
    message = ": ".join(shortened(part, 2 * _LONGEST_TEXT) for part in parts if part)
    return f"{message} ({line.cause})" if line.cause else message


def _data(text: str) -> str:
    """Return text for a message; no line ends are left in it, so nothing in it can begin a command."""
    return re.sub("[%\r\n]", lambda found: _DATA[found[0]], visible(text))


def _property(text: str, limit: int) -> str:
    return re.sub("[%\r\n:,]", lambda found: _PROPERTY[found[0]], visible(shortened(text, limit)))
