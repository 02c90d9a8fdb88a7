"""What a watch tells: each state once, with what belongs to it, and again where it did not arrive."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.model.observed import Absent, Present, Unreadable
from reconciler.watching import news
from reconciler.watching.news import WatchNews, drift_of
from reconciler.watching.report import AccountSummary, Report
from reconciler.workflow.notifying import News
from tests.builders import memory, plan_all
from tests.watching.reports import account, report, summary

PLANNED = summary(facts_to_add=2)
DONE = {"done": 2, "failed": 0}


def drifting(number: int = 1, **changes: Any) -> Report:
    return report(account=AccountSummary(PLANNED, has_drift=True, drift=number), **changes)


def ended(result: Any, *, has_drift: bool = False, outcomes: dict[str, int] | None = None) -> Report:
    """Return the report of an apply."""
    seen = AccountSummary(PLANNED, has_drift=has_drift, outcomes=outcomes)
    return report(result, account=seen, errors=() if result == "ok" else ("why",))


CALM = report(account=account())
DRIFT = News("drift", planned=PLANNED)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> "Told":
    heard = Told()
    monkeypatch.setattr(news, "tell", heard.tell)
    return heard


class Told:
    """Hears what a watch tells; some of it does not arrive."""

    def __init__(self) -> None:
        self.lost = 0
        self.heard: list[News] = []
        self._watch = WatchNews()

    async def tell(self, one: News, place: object, command: str, around: object) -> bool:
        assert (place, command, around) == ("place", "watch", "around")
        if self.lost:
            self.lost -= 1
            return False
        self.heard.append(one)
        return True

    def after(self, *reports: Report) -> list[News]:
        self.heard = []
        for one in reports:
            asyncio.run(self._watch.tell(one, "place", "around"))  # type: ignore[arg-type]
        return self.heard


def test_drift_is_told_with_its_counts_once_another_one_anew_and_its_end(told: Told) -> None:
    assert told.after(CALM) == []
    assert told.after(drifting(), drifting()) == [DRIFT]
    assert told.after(drifting(2)) == [DRIFT]
    assert told.after(CALM, CALM) == [News("drift", is_over=True)]
    assert told.after(drifting(2)) == [DRIFT]


def test_a_run_that_could_not_look_says_nothing_of_drift(told: Told) -> None:
    down = report("unavailable", errors=("down",))
    stopped = report("stopped", account=account())

    assert told.after(drifting()) == [DRIFT]
    assert told.after(down, down, stopped) == [News("failed", errors=("down",))]
    assert told.after(drifting()) == [News("failed", is_over=True)]


def test_a_failure_is_told_once_with_what_was_done_and_another_one_anew(told: Told) -> None:
    part = ended("incomplete", has_drift=True, outcomes=DONE)

    assert told.after(part, part) == [News("failed", outcomes=DONE, errors=("why",))]
    assert told.after(replace(part, errors=("other",))) == [News("failed", outcomes=DONE, errors=("other",))]
    assert told.after(replace(part, result="unsaved", errors=("other",))) != []
    assert told.after(CALM) == [News("failed", is_over=True)]


def test_a_refusal_is_told_with_what_was_planned_in_place_of_its_drift(told: Told) -> None:
    refused = ended("refused", has_drift=True)

    assert told.after(refused, refused) == [News("refused", planned=PLANNED, errors=("why",))]
    assert told.after(drifting()) == [News("refused", is_over=True), DRIFT]
    assert told.after(refused, CALM)[1:] == [News("refused", is_over=True), News("drift", is_over=True)]


def test_what_was_applied_is_told_each_time_and_is_no_drift(told: Told) -> None:
    done = ended("ok", outcomes=DONE)

    assert told.after(done, done) == [News("applied", outcomes=DONE)] * 2
    assert told.after(ended("ok", outcomes={})) == []
    assert told.after(ended("ok", has_drift=True, outcomes=DONE)) == [News("applied", outcomes=DONE)]


def test_an_apply_that_left_nothing_open_ends_a_drift_and_one_that_did_does_not(told: Told) -> None:
    assert told.after(drifting()) == [DRIFT]
    assert told.after(ended("incomplete", has_drift=True, outcomes=DONE))[1:] == []
    assert told.after(ended("ok", outcomes=DONE)) == [
        News("applied", outcomes=DONE),
        News("failed", is_over=True),
        News("drift", is_over=True),
    ]


def test_what_did_not_arrive_is_told_again(told: Told) -> None:
    told.lost = 2
    assert told.after(drifting(), drifting(), drifting(), drifting()) == [DRIFT]
    told.lost = 1
    assert told.after(CALM, CALM, CALM) == [News("drift", is_over=True)]


def test_an_apply_that_nobody_heard_of_is_told_again_with_what_is_applied_since(told: Told) -> None:
    done, other = ended("ok", outcomes=DONE), ended("ok", outcomes={"done": 1, "failed": 0})

    told.lost = 1
    assert told.after(done, CALM, CALM) == [News("applied", outcomes=DONE)]
    told.lost = 2
    assert told.after(done, other, ended("unavailable"))[:1] == [News("applied", outcomes={"done": 3, "failed": 0})]
    assert told.after(other) == [News("applied", outcomes={"done": 1, "failed": 0}), News("failed", is_over=True)]


def test_the_same_pending_changes_have_one_number_whatever_their_values() -> None:
    def number(*facts: dict[str, Any], contacts: tuple[str, ...] = ("sarah", "jon")) -> int:
        made = plan_all(
            [(memory(one, contact=name), Present("m", {})) for one, name in zip(facts, contacts, strict=False)]
        )
        return drift_of(made)

    assert number({"a": 1}, {"b": 1}) == number({"a": 2}, {"b": 3})
    assert number({"a": 1}) != number({"b": 1})
    assert number({"a": 1}) != number({"a": 1}, {"a": 1})
    assert number({"a": 1}) != number({"a": 1}, contacts=("jon",))
    assert number() == drift_of(plan_all([]))
    assert drift_of(plan_all([(memory({"a": 1}), Absent())])) != number({"a": 1})
    assert drift_of(plan_all([(memory({"a": 1}), Unreadable())])) == number()  # nothing of it is certain
