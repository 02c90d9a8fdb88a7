"""
Scripted misbehaviour: what goes wrong, for which requests, and on which side of the commit.

Before the commit nothing has happened; after it, the write is done and only the answer is lost or spoilt. What the
documentation leaves open, and a listing that is always wrong, are switches: see `settings`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from random import Random
from typing import Literal, TypeAlias, assert_never

from reconciler.sandbox.answers import (
    HTML_TYPE,
    INTERNAL_ERROR,
    TEXT_TYPE,
    Answer,
    Failure,
    json_answer,
    refusal,
    success,
)
from reconciler.sandbox.store import Store

About: TypeAlias = Literal[
    "contact",
    "scope",
    "memory",
    "listed_id",
    "listed_identifier",
    "listed_memory",
    "user_memory",
    "user_number",
]
"""What an answer is wrong about."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Another answer instead of the right one."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Truncate:
    """The right answer, cut in the middle of its JSON."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The right answer, but late; with enough seconds, never."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """No answer: the connection ends."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """The right answer, but before or after it someone else changes the account, behind the caller's back."""

    change: Callable[[Store], object]


@dataclass(frozen=True, slots=True)
class Mistake:
    """The request is handled as it was asked, but the answer is about another contact, scope or memory."""

    about: About


Fault: TypeAlias = Reply | Truncate | Wait | Drop | Meanwhile | Mistake

When: TypeAlias = Literal["before", "after"]

HOURS = 36_000.0


def envelope_error(status: int, code: str, message: str) -> Reply:
    """Answer with the documented envelope, under any status, 200 included."""
    return Reply(refusal(Failure(status, code, message)))


def status_error(status: int, message: str) -> Reply:
    """``{"status": "error", "message": …}``, as the call endpoints answer."""
    return Reply(json_answer({"status": "error", "message": message}, status=status))


def bare_error(status: int, message: str) -> Reply:
    """``{"error": …}``, as the speech endpoints answer."""
    return Reply(json_answer({"error": message}, status=status))


def too_many_requests(*, retry_after: str | None = None) -> Reply:
    """Answer with a 429 in plain text."""
    headers = () if retry_after is None else (("retry-after", retry_after),)
    body = b"Too many requests, please try again later."
    return Reply(Answer(status=429, body=body, content_type=TEXT_TYPE, headers=headers))


def server_error() -> Reply:
    """Answer with a 500 with the envelope."""
    return Reply(refusal(INTERNAL_ERROR))


def bad_gateway() -> Reply:
    """Answer with a 502 in HTML, from a proxy on the way."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return Reply(Answer(status=502, body=page, content_type=HTML_TYPE))


def empty_body() -> Reply:
    """Answer with a 200 that says JSON and holds nothing."""
    return Reply(Answer(status=200, body=b""))


def invalid_json() -> Reply:
    """Answer with a 200 that says JSON and holds something else."""
    return Reply(Answer(status=200, body=b"<not json>"))


def null_data() -> Reply:
    """Answer with a success about nothing."""
    return Reply(success(None))


def hang() -> Wait:
    """No answer for longer than anyone waits."""
    return Wait(HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    When a fault happens.

    Attributes:
        fault: What goes wrong.
        method: The HTTP method, or ``*``.
        path: A pattern for the decoded path, in which ``*`` stands for anything.
        occurrences: Which of the matching requests, counted from 1; empty is all of them.
        rate: The share of these that it happens to, decided by the seed.
        when: Before the commit, or after it.

    """

    fault: Fault
    method: str = "*"
    path: str = "*"
    occurrences: frozenset[int] = frozenset()
    rate: float = 1.0
    when: When = "before"

    def matches(self, *, method: str, path: str) -> bool:
        """Return whether the rule is about such a request."""
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)


class Faults:
    """The rules of one run; the first that applies wins, and the same seed gives the same faults."""

    def __init__(self, rules: Iterable[Rule] = (), *, seed: int = 0) -> None:
        self._rules = tuple(rules)
        self._counts = [0] * len(self._rules)
        self._random = Random(seed)  # noqa: S311 - repeatable is the point, not secret

    def draw(self, *, method: str, path: str) -> Rule | None:
        """Return the rule that applies to a request; call it once for each request, since it counts them."""
        due = [rule for number, rule in enumerate(self._rules) if self._due(number, rule, method, path)]
        return due[0] if due else None

    def _due(self, number: int, rule: Rule, method: str, path: str) -> bool:
        if not rule.matches(method=method, path=path):
            return False
        self._counts[number] += 1
        if rule.occurrences and self._counts[number] not in rule.occurrences:
            return False
        return rule.rate >= 1.0 or self._random.random() < rule.rate


def spoilt(fault: Reply | Truncate | Drop, answer: Answer | None) -> Answer | None:
    """Return the answer as the fault leaves it; None where there is none."""
    match fault:
        case Reply(other):
            return other
        case Truncate():
            return answer and replace(answer, body=answer.body[: len(answer.body) // 2])
        case Drop():
            return None
        case _:
            assert_never(fault)
