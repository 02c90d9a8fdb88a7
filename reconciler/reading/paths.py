"""Paths: the keys and indexes that lead from the top of a document to a value, and how they are written."""

import json
import re
from collections.abc import Callable
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys of mappings as text, indexes of lists as numbers from 0."""

Addressing: TypeAlias = Callable[[KeyPath], str]
"""How the reader of a document speaks of a path to its user."""

_PLAIN_STEP = re.compile(r"[A-Za-z0-9_-]+")


def dotted(path: KeyPath) -> str:
    """Write a path as `environments.production.specs[0]`; a key that is not one plain word stands in quotes."""
    return "".join(map(_written, path)).removeprefix(".")


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_STEP.fullmatch(step) else f"[{quoted(step)}]"


def quoted(text: str) -> str:
    """Put text in quotes for a message of one line: what cannot be printed is escaped."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
