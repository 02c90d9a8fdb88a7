"""Bounded concurrency: a few workers that pull from one iterator."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


async def for_each(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]], *, concurrency: int) -> None:
    """Do the work on every item, at most `concurrency` at once; the first error stops the others and is raised."""
    remaining = iter(items)

    async def pull() -> None:
        for item in remaining:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(pull())
    except BaseExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
