"""
Plans and receipts as JUnit XML, the report of tests that CI systems show.

There is no single schema. The common readers share this: `testsuites`, one `testsuite`, and in each `testcase` at most
one of `failure`, `error` and `skipped`. GitLab shows only the text between the tags, and Jenkins the `message` too, so
both hold the result. GitLab keeps the first of several cases with one name and class, so no two cases share both.
Jenkins treats a report without cases as a failure, so an empty report has one case that passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Literal, TypeAlias
from xml.etree import ElementTree as ET

from msgspec import Struct

from reconciler.core.documents.plan import PlaceEntry, PlanDocument
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument
from reconciler.core.model.address import memory_of
from reconciler.core.model.text import shortened, visible
from reconciler.render.changes import Line, place_text, plan_lines
from reconciler.render.notices import refusal_sentences, view_sentences, warning_sentences
from reconciler.render.words import PlanWords, counted, detail_of, words_of

_MOST_LINES = 20
"""Changes that a case shows; it counts the rest. GitLab accepts no report of more than 30 MB."""
_LONGEST_TEXT = 1_000

_CaseResult: TypeAlias = Literal["passed", "pending", "uncertain", "different", "failed", "unknown", "skipped"]
_TAGS: Mapping[_CaseResult, str] = {
    "pending": "failure",
    "uncertain": "skipped",
    "different": "skipped",
    "failed": "failure",
    "unknown": "error",
    "skipped": "skipped",
}
_RESULTS: Mapping[str, _CaseResult] = {"done": "passed", "already": "passed", "failed": "failed", "skipped": "skipped"}
"""The result of an outcome; any other is `unknown`."""


class _Case(Struct, frozen=True):
    classname: str
    name: str
    place: PlaceEntry | None
    result: _CaseResult
    message: str
    lines: tuple[str, ...]


def render_plan_junit(plan: PlanDocument) -> str:
    """
    Return the plan as a report with a case for each contact and each memory that is not as declared.

    Made for drift checks: pending changes fail a case. Changes that may not be needed (`"certain": false`) are not
    pending; a case with only such changes is skipped. Memories that are as declared have no case. In a diff, all cases
    are skipped, since it is no failure that specs change.
    """
    words = words_of(plan)
    classname = f"{words.command}.{plan.environment}"
    by_memory: dict[str, list[Line]] = {}
    for line in plan_lines(plan):
        by_memory.setdefault(line.memory, []).append(line)
    places = {memory_of(entry.address): entry.source for entry in reversed(plan.operations)}
    cases = [_plan_case(classname, address, places[address], lines, words) for address, lines in by_memory.items()]
    name = f"{words.command} for {plan.environment}"
    about_plan = [*refusal_sentences(plan), *warning_sentences(plan), *view_sentences(plan)]
    return _report(name, plan.created_at, cases or [_nothing(classname, "no changes")], about_plan)


def render_receipt_junit(receipt: ReceiptDocument) -> str:
    """
    Return the receipt as a report with a case for each operation.

    `done` and `already` pass, `failed` is a failure, `skipped` is skipped. `unknown` (the answer was lost) is an error,
    and so is an outcome that this version does not know.
    """
    classname = f"apply.{receipt.environment}"
    cases = [_outcome_case(f"{classname}.{outcome.type}", outcome) for outcome in receipt.outcomes]
    name = f"apply to {receipt.environment}"
    return _report(name, receipt.started_at, cases or [_nothing(classname, "no operations")])


def _nothing(classname: str, name: str) -> _Case:
    return _Case(classname, name, None, "passed", "", ())


def _plan_case(classname: str, address: str, place: PlaceEntry, lines: Sequence[Line], words: PlanWords) -> _Case:
    pending = sum(line.certain for line in lines)
    doubt = words.doubt if words.is_diff else "not certain to be needed"
    uncertain = f"{counted(len(lines) - pending, 'change')} {doubt}"
    message = f"{counted(pending, 'change')} {words.case}" if pending else uncertain
    if 0 < pending < len(lines):
        message = f"{message}, {uncertain}"
    result: _CaseResult = "different" if words.is_diff else "pending" if pending else "uncertain"
    return _Case(classname, address, place, result, message, (message, *_texts(lines)))


def _texts(lines: Sequence[Line]) -> Iterator[str]:
    for line in islice(lines, _MOST_LINES):
        yield f"{line.sign} {line.text}  {line.origin}"
    if len(lines) > _MOST_LINES:
        yield f"and {counted(len(lines) - _MOST_LINES, 'more change')}"


def _outcome_case(classname: str, outcome: OutcomeEntry) -> _Case:
    detail = detail_of(outcome)
    lines = (detail, f"{outcome.type} {outcome.address}  {place_text(outcome.source)}")
    return _Case(classname, outcome.address, outcome.source, _RESULTS.get(outcome.outcome, "unknown"), detail, lines)


def _report(name: str, timestamp: str, cases: Sequence[_Case], about_plan: Sequence[str] = ()) -> str:
    totals = _totals(cases)
    suites = ET.Element("testsuites", {"name": "reconciler", **totals})
    suite = ET.SubElement(suites, "testsuite", {"name": visible(name), **totals, "timestamp": visible(timestamp)})
    suite.extend(map(_testcase, cases))
    if about_plan:
        ET.SubElement(suite, "system-out").text = "\n".join(map(visible, about_plan))
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
    if case.place is not None:
        element.set("file", visible(case.place.file))
        if case.place.line:
            element.set("line", str(case.place.line))
    if tag := _TAGS.get(case.result):
        message = shortened(visible(case.message), _LONGEST_TEXT)
        verdict = ET.SubElement(element, tag, {"message": message, "type": case.result})
        verdict.text = "\n".join(shortened(visible(line), _LONGEST_TEXT) for line in case.lines)
    return element
