"""What `lint` says: nothing is wrong, and something could be better."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

LintRule: TypeAlias = Literal[
    "deprecated_key",
    "idle_facts",
    "look_alike",
    "near_duplicate",
    "review_due",
    "unused_fact_key",
    "unused_scope",
    "unused_variable",
]


@dataclass(frozen=True, slots=True, order=True)
class Advice:
    """One thing that could be better: where, at which address, by which rule, what, and what would be better."""

    file: str
    line: int
    column: int
    address: str
    rule: LintRule
    message: str
    cure: str


@dataclass(frozen=True, slots=True)
class LintDocument:
    """All advice about the specs of an environment, sorted by place; `today` is a day in ISO 8601."""

    format_version: str
    kind: Literal["lint"]
    environment: str
    today: str
    advice: tuple[Advice, ...]
