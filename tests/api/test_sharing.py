"""What a run does with its draws from a window that runs share, one draw at a time; many runs are in tests/storage."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.api.sharing import SharedWindow
from reconciler.core.model.settings import Rate
from reconciler.errors import StateError
from reconciler.storage.allowance import Drawn

SINCE = 10**9
"""The time of day, in seconds, when the clock that never goes back stands at 0."""

LOST = Drawn(0, 0, 5.0, is_recorded=False)


@dataclass
class Draws:
    """Answers each draw with the next of some answers, and notes what it was told."""

    answers: list[Drawn | Exception]
    told: list[tuple[float, int, list[float], int]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def draw(self, now: float, *, least: int, ended: Sequence[float], unused: int) -> Drawn:
        self.told.append((now - SINCE, least, [end - SINCE for end in ended], unused))
        self.threads.add(threading.get_ident())
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Run:
    """A run that shares ten requests a minute."""

    def __init__(self, *answers: Drawn | Exception, blocks: bool = False) -> None:
        self.draws = Draws([*answers])
        self.now = 0.0
        self.window = SharedWindow(Rate(10, 60), self.draws.draw, time_of_day=lambda: SINCE + self.now, blocks=blocks)

    def prepare(self, now: float, room: int) -> None:
        self.now = now
        asyncio.run(self.window.prepare(now, room))


def test_what_was_drawn_is_used_before_anything_is_drawn_again() -> None:
    run = Run(Drawn(3, 5))
    run.prepare(0.0, 2)
    assert (run.window.used(0.0), run.window.free(0.0)) == (2, 8)
    assert (run.window.wait(0.0, room=3), run.window.wait(0.0)) == (0.0, 0.0)

    run.window.start(3)
    assert run.window.used(0.0) == 5
    assert run.window.wait(0.0) > 0
    run.window.give_back(2)
    run.prepare(1.0, 2)

    assert run.window.wait(1.0, room=2) == 0.0
    assert run.window.used(1.0) == 3
    assert run.draws.told == [(0.0, 2, [], 0)]


def test_too_little_is_given_back_and_a_draw_asks_for_all_of_it_and_never_for_more_than_a_window() -> None:
    run = Run(Drawn(3, 5), Drawn(4, 4), Drawn(10, 0))
    run.prepare(0.0, 3)
    run.window.start()
    run.prepare(1.0, 4)
    run.window.start(2)
    run.prepare(2.0, 40)

    assert run.draws.told == [(0.0, 3, [], 0), (1.0, 4, [], 2), (2.0, 10, [], 2)]
    assert run.window.wait(2.0, room=40) == 0.0


def test_what_started_before_it_was_drawn_is_drawn_too() -> None:
    run = Run(Drawn(3, 5))
    run.window.start(2)
    assert run.window.used(0.0) == 0
    run.prepare(0.0, 1)

    assert run.draws.told == [(0.0, 3, [], 0)]
    assert run.window.wait(0.0) == 0.0
    assert run.window.wait(0.0, room=2) > 0


@pytest.mark.parametrize(("now", "draws"), [(1.0, 1), (60.0, 1), (60.5, 2)])
def test_what_was_not_sent_within_a_window_is_given_back(now: float, draws: int) -> None:
    run = Run(Drawn(3, 5), Drawn(2, 6))
    run.prepare(0.0, 1)
    run.prepare(now, 1)

    assert run.draws.told[1:] == [(now, 1, [], 3)][: draws - 1]


def test_a_draw_that_granted_nothing_keeps_nothing_longer() -> None:
    run = Run(Drawn(3, 5), Drawn(0, 5), Drawn(1, 5))
    run.prepare(0.0, 1)
    run.prepare(50.0, 4)
    assert run.window.wait(50.0) > 0
    run.window.give_back(1)
    run.prepare(61.0, 1)

    assert run.draws.told[1:] == [(50.0, 4, [], 3), (61.0, 1, [], 1)]


def test_nothing_is_asked_before_it_is_worth_another_try_unless_something_was_answered() -> None:
    run = Run(Drawn(0, 0, 7.0), Drawn(0, 0, 5.0), Drawn(1, 0))
    run.prepare(0.0, 1)
    assert run.window.wait(0.0) == 7.0
    run.prepare(6.5, 1)
    assert len(run.draws.told) == 1

    run.window.end(6.0)
    run.prepare(6.5, 1)
    assert run.window.wait(6.5) == 5.0
    assert run.window.wait(11.4999) == pytest.approx(0.001)
    run.prepare(11.5, 1)

    assert run.draws.told == [(0.0, 1, [], 0), (6.5, 1, [6.0], 0), (11.5, 1, [], 0)]
    assert run.window.wait(11.5) == 0.0


def test_what_a_lost_draw_told_is_told_again() -> None:
    run = Run(Drawn(3, 5), LOST, Drawn(4, 0))
    run.prepare(0.0, 3)
    run.window.start()
    run.window.end(0.5)
    run.prepare(1.0, 3)
    assert run.window.used(1.0) == 3  # as before
    run.window.end(1.5)
    run.prepare(2.0, 3)

    assert run.draws.told[1:] == [(1.0, 3, [0.5], 2), (2.0, 3, [0.5, 1.5], 2)]


def test_after_a_draw_that_failed_what_was_left_is_not_used_and_answers_are_told_again() -> None:
    run = Run(Drawn(3, 5), StateError("cannot read"), Drawn(1, 0))
    run.prepare(0.0, 3)
    run.window.start()
    run.window.end(0.5)
    with pytest.raises(StateError, match="cannot read"):
        run.prepare(1.0, 3)
    run.prepare(2.0, 1)

    assert run.draws.told[1:] == [(1.0, 3, [0.5], 2), (2.0, 1, [0.5], 0)]


@pytest.mark.parametrize(("lost", "draws"), [(0, 1), (19, 20), (20, 20), (30, 20)])
def test_at_its_end_a_run_hands_back_what_it_has_however_often_others_come_first(lost: int, draws: int) -> None:
    run = Run(Drawn(3, 5), *[LOST] * lost, Drawn(0, 8))
    run.prepare(0.0, 3)
    run.window.start()
    run.window.end(0.5)
    run.now = 2.0
    run.window.settle(2.0)

    assert run.draws.told[1:] == [(2.0, 0, [0.5], 2)] * draws


@pytest.mark.parametrize("what", ["nothing", "unused", "ended"])
def test_a_run_that_has_nothing_to_hand_back_draws_nothing_at_its_end(what: str) -> None:
    run = Run(Drawn(1, 9), Drawn(0, 10))
    run.prepare(0.0, 1)
    if what != "unused":
        run.window.start()
    if what == "ended":
        run.window.end(0.0)
    run.window.settle(0.0)

    assert len(run.draws.told) == (1 if what == "nothing" else 2)


@pytest.mark.parametrize("blocks", [True, False])
def test_a_draw_that_takes_its_time_is_made_in_a_thread(*, blocks: bool) -> None:
    run = Run(Drawn(3, 5), blocks=blocks)
    run.prepare(0.0, 1)

    assert (threading.get_ident() in run.draws.threads) is not blocks


def test_of_those_who_prepare_at_once_one_draws_for_all() -> None:
    run = Run(Drawn(3, 5), blocks=True)

    async def together() -> list[Any]:
        return await asyncio.gather(*(run.window.prepare(0.0, 1) for _ in range(3)))

    asyncio.run(together())
    assert len(run.draws.told) == 1
