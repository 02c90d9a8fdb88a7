"""Work in an event loop: how it begins and ends."""

from typing import Any

from reconciler.concurrency import run_in_loop


class _Large:
    def __repr__(self) -> str:
        raise AssertionError("it was made a text, which takes long")


def test_no_text_is_made_of_what_a_loop_returns() -> None:
    large = _Large()

    async def work() -> Any:
        return large

    assert run_in_loop(work()) is large
