"""
Problems of specs and notices of plans as SARIF 2.1.0, the format that code scanning reads.

GitHub refuses a whole file for one result without a place in a file, and for more than 25,000 results in a run. So
anything without a place becomes a notification of the invocation, and so does the number of results left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias
from urllib.parse import quote

from msgspec import Struct

from reconciler.core.documents.explanation import Advice, LintDocument
from reconciler.core.documents.plan import NoticeEntry, PlanDocument
from reconciler.core.model.text import json_text, shortened, visible
from reconciler.errors import Problem, Source
from reconciler.render.notices import keys_of, notice_sentence, refusal_sentences, view_sentences
from reconciler.render.words import counted

MOST_RESULTS = 25_000
"""GitHub's limit for a run: https://docs.github.com/en/code-security/code-scanning (SARIF support, limits)."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LONGEST_MESSAGE = 1_000

_Object: TypeAlias = dict[str, object]
_SarifLevel: TypeAlias = Literal["error", "warning", "note"]


class _SarifRule(Struct, frozen=True):
    name: str
    level: _SarifLevel
    description: str


class _SarifResult(Struct, frozen=True):
    rule: str
    message: str
    address: str
    source: Source | None


_RULES: Mapping[str, _SarifRule] = {
    "invalid_spec": _SarifRule("InvalidSpec", "error", "A spec, or reconciler.yaml, cannot be used as it is."),
    "ambiguous_contact": _SarifRule(
        "AmbiguousContact", "warning", "The account holds several contacts alike the declared one: none is touched."
    ),
    "ambiguous_user": _SarifRule(
        "AmbiguousUser", "warning", "A memory holds several users alike the declared one: none is touched."
    ),
    "ambiguous_memory": _SarifRule(
        "AmbiguousMemory", "warning", "The account holds several memories for one contact and scope: none is touched."
    ),
    "near_duplicate": _SarifRule(
        "NearDuplicate", "warning", "A new key is one typo away from a known one, and could never be removed."
    ),
    "not_read": _SarifRule("NotRead", "note", "Memories that were not chosen were not read."),
    "other_shard": _SarifRule("OtherShard", "note", "Memories of other shards were not read, because of --shard."),
    "remembered": _SarifRule(
        "Remembered", "note", "Users whom the account showed as declared earlier were not read again."
    ),
    "undeclared": _SarifRule(
        "Undeclared", "note", "Contacts and memories that the specs no longer declare stay in the account."
    ),
    "now_enforced": _SarifRule(
        "NowEnforced", "warning", "Facts changed from seeded to enforced: other live values will be overwritten."
    ),
    "now_seeded": _SarifRule("NowSeeded", "note", "Facts changed from enforced to seeded: live values will stay."),
    "key_changed": _SarifRule(
        "KeyChanged", "note", "Another external_memory_key is declared for a user; only adding a user sets it."
    ),
    "unconfirmed_key": _SarifRule(
        "UnconfirmedKey",
        "note",
        "The account does not show a declared external_memory_key; only adding a user sets it.",
    ),
    "unknown_contact": _SarifRule(
        "UnknownContact", "warning", "The account does not show a declared contact; the API decides."
    ),
    "rule": _SarifRule("Rule", "warning", "A rule of the specs that warns is broken."),
    "rule_not_judged": _SarifRule("RuleNotJudged", "note", "A rule reads what is not known here, and is not judged."),
    "rule_refuses": _SarifRule("RuleRefuses", "error", "A rule of the specs is broken, and apply refuses."),
    "retained": _SarifRule("Retained", "note", "Facts and users that the specs no longer name stay live."),
    "unmanaged": _SarifRule("Unmanaged", "note", "Live facts that no spec names are left alone."),
    "unverifiable": _SarifRule("Unverifiable", "note", "Contacts or users that the account gives no way to look up."),
    "cut_text": _SarifRule("CutText", "warning", "YAML takes a part of a text without quotes for a comment."),
    "deprecated_key": _SarifRule("DeprecatedKey", "warning", "A fact has a key that the catalogue calls deprecated."),
    "idle_facts": _SarifRule("IdleFacts", "warning", "Facts of a contact that is in no scope: no memory gets them."),
    "look_alike": _SarifRule(
        "LookAlike", "note", "Text without quotes that other readers of YAML take for something else."
    ),
    "review_due": _SarifRule("ReviewDue", "warning", "Facts were to be looked at again by a day that has passed."),
    "spreadsheet_debris": _SarifRule(
        "SpreadsheetDebris", "warning", "A value of a data file that a program left there, such as NULL."
    ),
    "unassigned_number": _SarifRule("UnassignedNumber", "warning", "A phone number that no country has assigned."),
    "unused_anchor": _SarifRule("UnusedAnchor", "warning", "An anchor that no alias refers to, perhaps text."),
    "unused_fact_key": _SarifRule("UnusedFactKey", "note", "A key of the catalogue that no fact has."),
    "unused_scope": _SarifRule("UnusedScope", "note", "A scope that no contact is in."),
    "unused_variable": _SarifRule("UnusedVariable", "note", "A variable that no spec refers to."),
    "view": _SarifRule("View", "note", "What the plan was seen from."),
}
_OTHER = _SarifRule("Other", "note", "A notice that this version does not know.")


def render_problems_sarif(problems: Sequence[Problem]) -> str:
    """Return problems as results at their places, sorted, each once."""
    return _log("reconciler/validate/", list(map(_problem, sorted(set(problems)))))


def render_lint_sarif(document: LintDocument) -> str:
    """Return advice as results at their places."""
    return _log(f"reconciler/lint/{visible(document.environment)}/", list(map(_advice, document.advice)))


def render_plan_sarif(plan: PlanDocument) -> str:
    """
    Return the notices of a plan, in its order.

    The place of a notice is where the spec declares its subject; without such a declaration it has no place.
    """
    about_plan = [
        _SarifResult("view", sentence, "", None) for sentence in (*refusal_sentences(plan), *view_sentences(plan))
    ]
    category = f"reconciler/{plan.kind}/{visible(plan.environment)}/"
    return _log(category, [*map(_notice, plan.notices), *_refusing(plan), *about_plan])


def _refusing(plan: PlanDocument) -> Iterator[_SarifResult]:
    """Yield each place at which a rule is broken that refuses the plan."""
    for rule in plan.rules:
        for place in rule.places if not rule.allowed else ():
            source = Source(place.source.file, place.source.line) if place.source else None
            detail = f" ({place.detail})" if place.detail else ""
            text = f"{place.address}: this breaks the rule {rule.name}: {rule.message}{detail}"
            yield _SarifResult("rule_refuses", text, place.address, source)


def _problem(problem: Problem) -> _SarifResult:
    message = f"{problem.message}; {problem.cure}" if problem.cure else problem.message
    text = f"{problem.address}: {message}" if problem.address else message
    source = Source(problem.file, problem.line, problem.column) if problem.file else None
    return _SarifResult("invalid_spec", text, problem.address, source)


def _advice(advice: Advice) -> _SarifResult:
    text = f"{advice.address}: {advice.message}; {advice.cure}"
    return _SarifResult(advice.rule, text, advice.address, Source(advice.file, advice.line, advice.column))


def _notice(notice: NoticeEntry) -> _SarifResult:
    text = notice_sentence(notice, notice.count)
    about = f"{notice.address}: {text}" if notice.address else text
    message = f"{about}: {keys_of(notice)}" if notice.keys else f"{about}."
    source = Source(notice.source.file, notice.source.line) if notice.source else None
    return _SarifResult(visible(notice.type), message, notice.address, source)


# SARIF


def _log(category: str, results: Sequence[_SarifResult]) -> str:
    """Return the log; GitHub keeps what was uploaded before under another category."""
    indices = {rule: index for index, rule in enumerate(sorted({result.rule for result in results}))}
    located = [result for result in results if result.source is not None]
    elsewhere = [result for result in results if result.source is None]
    run = {
        "tool": {"driver": {"name": "reconciler", "rules": list(map(_rule, indices))}},
        "automationDetails": {"id": category},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    *_left_out(located, "result"),
                    *_left_out(elsewhere, "notification"),
                    *(_notification(result, indices) for result in elsewhere[:MOST_RESULTS]),
                ],
            }
        ],
        "results": [_result(result, indices) for result in located[:MOST_RESULTS]],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(log, indent=2) + "\n"


def _left_out(results: Sequence[_SarifResult], what: str) -> Iterator[_Object]:
    count = len(results) - MOST_RESULTS
    if count > 0:
        text = f"{counted(count, 'more ' + what)} left out: a run holds {MOST_RESULTS:,}."
        yield {"level": "warning", "message": {"text": text}}


def _rule(name: str) -> _Object:
    rule = _RULES.get(name, _OTHER)
    description = {"text": rule.description}
    return {
        "id": name,
        "name": rule.name,
        "shortDescription": description,
        "fullDescription": description,
        "help": description,
        "defaultConfiguration": {"level": rule.level},
    }


def _result(result: _SarifResult, indices: Mapping[str, int]) -> _Object:
    return {
        "ruleId": result.rule,
        "ruleIndex": indices[result.rule],
        "level": _RULES.get(result.rule, _OTHER).level,
        "message": {"text": _text(result.message)},
        "locations": [_location(result)],
    }


def _notification(result: _SarifResult, indices: Mapping[str, int]) -> _Object:
    return {
        "associatedRule": {"id": result.rule, "index": indices[result.rule]},
        "level": _RULES.get(result.rule, _OTHER).level,
        "message": {"text": _text(result.message)},
        **({"locations": [_location(result)]} if result.address else {}),
    }


def _text(message: str) -> str:
    """Return the message as one line that is no link: SARIF takes `[text](target)` for one."""
    return shortened(visible(message).replace("](", "]\\("), _LONGEST_MESSAGE)


def _location(result: _SarifResult) -> _Object:
    location: _Object = {}
    if result.source is not None:
        location["physicalLocation"] = _physical(result.source)
    if result.address:
        location["logicalLocations"] = [{"fullyQualifiedName": visible(result.address)}]
    return location


def _physical(source: Source) -> _Object:
    location: _Object = {"artifactLocation": _artifact(source.file)}
    if source.line > 0:
        column = {"startColumn": source.column} if source.column > 0 else {}
        location["region"] = {"startLine": source.line, **column}
    return location


def _artifact(file: str) -> _Object:
    """Return the file as a URI, relative to the root of the sources unless the path is absolute."""
    path = quote(file.encode(errors="backslashreplace"))
    return {"uri": f"file://{path}"} if file.startswith("/") else {"uri": path, "uriBaseId": "%SRCROOT%"}
