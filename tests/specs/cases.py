"""What a table of bad specs holds, and the sound beginnings that its files share."""

from collections.abc import Mapping
from typing import TypeAlias

Cases: TypeAlias = Mapping[str, tuple[Mapping[str, bytes], list[tuple[str, str]]]]
"""By name: the files, and for each problem its place and a piece of what is said there, both in order."""

SCOPE = b"scopes:\n  support: {persona_id: p-1}\n"
SARAH = SCOPE + b"contacts:\n  sarah:\n    contact_id: c-1\n"
USERS = SARAH + b"    scopes:\n      support:\n        users:\n"
