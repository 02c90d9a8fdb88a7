"""
Plans and receipts as JUnit XML, the report of tests that CI systems show.

There is no one schema. This is what the common readers share: `testsuites`, one `testsuite`, and in each `testcase` at
most one of `failure`, `error` and `skipped`. GitLab shows only what stands between the tags, Jenkins the `message` too,
so both say what is the matter. GitLab takes the first of several cases with one name and class, so no two share both.
Jenkins takes a report without a case for a failure, so where there is nothing to tell one case says that, and passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, assert_never
from xml.etree import ElementTree as ET

from msgspec import Struct

from reconciler.core.documents.plan import (
    AddUserEntry,
    CreateContactEntry,
    CreateMemoryEntry,
    FactAdded,
    FactEntry,
    FactUpdated,
    OperationEntry,
    OutcomeEntry,
    PlaceEntry,
    PlanDocument,
    ReceiptDocument,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
)
from reconciler.core.model.address import memory_of
from reconciler.core.model.text import quoted, shortened, visible
from reconciler.render.notices import view_sentences
from reconciler.render.words import cause_text, counted, detail_of, shown, shown_change

_MOST_LINES = 20
"""A case shows so many changes, and counts the rest: GitLab takes no report of more than 30 MB."""
_LONGEST_TEXT = 1_000
_LONGEST_KEY = 160

_Result: TypeAlias = Literal["passed", "pending", "uncertain", "failed", "unknown", "skipped"]
_TAGS: Mapping[_Result, str] = {
    "pending": "failure",
    "uncertain": "skipped",
    "failed": "failure",
    "unknown": "error",
    "skipped": "skipped",
}
_OUTCOMES: Mapping[str, _Result] = {"done": "passed", "already": "passed", "failed": "failed", "skipped": "skipped"}


class _Case(Struct, frozen=True):
    classname: str
    name: str
    source: PlaceEntry | None
    result: _Result
    message: str
    lines: tuple[str, ...]


class _Change(Struct, frozen=True):
    text: str
    source: PlaceEntry
    certain: bool
    cause: str


def render_plan_junit(plan: PlanDocument) -> str:
    """
    Return the plan as a report with a case for each contact and each memory that is not as declared.

    Made for drift checks: pending changes fail a case. Where all of them may not be needed (`"certain": false`), which
    never counts as pending, the case is skipped. What is as declared is counted in the plan and has no case.
    """
    classname = f"plan.{plan.environment}"
    cases = [_plan_case(classname, address, entries) for address, entries in _by_address(plan.operations).items()]
    name = f"plan for {plan.environment}"
    return _report(name, plan.created_at, cases or [_nothing(classname, "no changes")], view_sentences(plan))


def render_receipt_junit(receipt: ReceiptDocument) -> str:
    """
    Return the receipt as a report with a case for each operation.

    `done` and `already` pass, `failed` is a failure, `skipped` is skipped. `unknown`, where the answer was lost, is an
    error, and so is an outcome that this program does not know.
    """
    classname = f"apply.{receipt.environment}"
    cases = [_outcome_case(f"{classname}.{outcome.type}", outcome) for outcome in receipt.outcomes]
    name = f"apply to {receipt.environment}"
    return _report(name, receipt.started_at, cases or [_nothing(classname, "no operations")])


def _nothing(classname: str, name: str) -> _Case:
    return _Case(classname, name, None, "passed", "", ())


# plans


def _by_address(entries: Sequence[OperationEntry]) -> Mapping[str, Sequence[OperationEntry]]:
    """Sort operations by contact or memory; those on users belong to the memory."""
    grouped: dict[str, list[OperationEntry]] = {}
    for entry in entries:
        grouped.setdefault(memory_of(entry.address), []).append(entry)
    return grouped


def _plan_case(classname: str, address: str, entries: Sequence[OperationEntry]) -> _Case:
    changes = [change for entry in entries for change in _changes(entry)]
    pending = sum(change.certain for change in changes)
    uncertain = counted(len(changes) - pending, "change") + " not certain to be needed"
    message = f"{counted(pending, 'change')} pending" if pending else uncertain
    if 0 < pending < len(changes):
        message = f"{message}, {uncertain}"
    lines = (message, *_shown_lines(changes))
    return _Case(classname, address, entries[0].source, "pending" if pending else "uncertain", message, lines)


def _shown_lines(changes: Sequence[_Change]) -> Iterator[str]:
    for change in changes[:_MOST_LINES]:
        place = _place(change.source)
        yield f"{change.text}  {place}, {change.cause}" if change.cause else f"{change.text}  {place}"
    if len(changes) > _MOST_LINES:
        yield f"and {counted(len(changes) - _MOST_LINES, 'more change')}"


def _changes(entry: OperationEntry) -> Iterator[_Change]:
    match entry:
        case CreateContactEntry():
            yield _creation(entry, "contact")
        case CreateMemoryEntry():
            yield _creation(entry, "memory")
        case AddUserEntry():
            yield _creation(entry, f"user {entry.phone_number}")
        case WriteFactsEntry(facts=changes) | UpdateContactEntry(changes=changes):
            yield from (_change(change, "", certain=entry.certain) for change in changes)
        case UpdateUserEntry(changes=changes):
            yield from (_change(change, f"user {entry.phone_number} ", certain=entry.certain) for change in changes)
        case _:
            assert_never(entry)


def _creation(entry: CreateContactEntry | CreateMemoryEntry | AddUserEntry, what: str) -> _Change:
    sign, cause = "+" if entry.certain else "?", cause_text(entry.cause, creation=True)
    return _Change(f"{sign} {what}", entry.source, entry.certain, cause)


def _change(change: FactEntry, whose: str, *, certain: bool) -> _Change:
    key = shortened(".".join(step if step.isidentifier() else quoted(step) for step in change.path), _LONGEST_KEY)
    match change:
        case FactAdded():
            sign, value = "+", shown(change.after)
        case FactUpdated():
            sign, value = "~", " → ".join(shown_change(change.before, change.after))
        case _:
            assert_never(change)
    text = f"{sign if certain else '?'} {whose}{key}: {value}"
    return _Change(text, change.source, certain, cause_text(change.cause))


# receipts


def _outcome_case(classname: str, outcome: OutcomeEntry) -> _Case:
    detail = detail_of(outcome)
    lines = (detail, f"{outcome.type} {outcome.address}  {_place(outcome.source)}")
    result = _OUTCOMES.get(outcome.outcome, "unknown")
    return _Case(classname, outcome.address, outcome.source, result, detail, lines)


# XML


def _report(name: str, timestamp: str, cases: Sequence[_Case], said: Sequence[str] = ()) -> str:
    totals = _totals(cases)
    suites = ET.Element("testsuites", {"name": "reconciler", **totals})
    suite = ET.SubElement(suites, "testsuite", {"name": visible(name), **totals, "timestamp": visible(timestamp)})
    suite.extend(map(_testcase, cases))
    if said:
        ET.SubElement(suite, "system-out").text = "\n".join(map(visible, said))
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _totals(cases: Sequence[_Case]) -> Mapping[str, str]:
    tags = [_TAGS.get(case.result) for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
        "time": "0",
    }


def _testcase(case: _Case) -> ET.Element:
    element = ET.Element("testcase", {"classname": visible(case.classname), "name": visible(case.name), "time": "0"})
    if case.source is not None:
        element.set("file", visible(case.source.file))
        if case.source.line:
            element.set("line", str(case.source.line))
    if tag := _TAGS.get(case.result):
        message = shortened(visible(case.message), _LONGEST_TEXT)
        verdict = ET.SubElement(element, tag, {"message": message, "type": case.result})
        verdict.text = "\n".join(shortened(visible(line), _LONGEST_TEXT) for line in case.lines)
    return element


def _place(source: PlaceEntry) -> str:
    return f"{source.file}:{source.line}" if source.line else source.file
