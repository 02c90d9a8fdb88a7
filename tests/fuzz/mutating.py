"""Answers that are still JSON after a change: a fuzzer that changes bytes alone seldom gets past the parser."""

import json
import random
from collections.abc import Callable
from typing import Any, TypeAlias

Mutator: TypeAlias = Callable[[bytes, int, int], bytes]

_HEAD = 2
_BY_BYTES = 0.3
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 2**53, 10**49, -(10**700), float("nan"), float("inf"), "", "m", "c", "p",
    "x" * 300, "\ud800", "\u202e\x1b[31m\n::error::", "..", "+14155550192", "error", "NOT_FOUND", "<<<<<<< a", [], {},
    [[]], {"id": "m"}, {"": {"": ""}}, {"\udfff": 1},
)  # fmt: skip


def mutator_of_answers(by_bytes: Callable[[bytes, int], bytes]) -> Mutator:
    """Return what changes one value of an answer, or its bytes as `by_bytes` does."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311  no secret
        head, body = data[:_HEAD], data[_HEAD:]
        start = body.find(b"{")
        try:
            value = json.loads(body[max(0, start) :])
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, (dict, list)) or chance.random() < _BY_BYTES:
            return by_bytes(data, most)
        _change(value, chance)
        try:
            return (head + body[: max(0, start)] + json.dumps(value).encode())[:most]
        except RecursionError:
            return by_bytes(data, most)

    return mutate


def _change(value: Any, chance: random.Random) -> None:
    """Change one entry somewhere in a value: to another, to one that is elsewhere in it, or remove or repeat it."""
    held = [part for part in _parts(value) if isinstance(part, (dict, list)) and part]
    if not held:
        return
    where = chance.choice(held)
    key = chance.choice(list(where)) if isinstance(where, dict) else chance.randrange(len(where))
    match chance.randrange(5):
        case 0:
            del where[key]
        case 1:
            where[key] = json.loads(json.dumps(chance.choice(list(_parts(value)))))
        case 2:
            for _ in range(chance.choice((1, 10, 70, 200))):
                where[key] = [where[key]] if chance.random() < 0.5 else {"k": where[key]}
        case 3 if isinstance(where, dict):
            where[str(chance.choice(_VALUES))] = chance.choice(_VALUES)
        case _:
            where[key] = json.loads(json.dumps(chance.choice(_VALUES)))


def _parts(value: Any) -> Any:
    """Yield a value and all that is in it, without recursion."""
    left = [value]
    while left:
        one = left.pop()
        yield one
        left.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
