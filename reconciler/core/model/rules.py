"""Rules as data: what a repository says must hold, and what breaks it. Expressions are read in `core/rules`."""

from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.errors import Source

RuleKind: TypeAlias = Literal["contact", "memory", "change"]
"""What a rule is about, each by itself."""

RuleLevel: TypeAlias = Literal["refuse", "warn"]
"""`refuse`: nothing is applied while the rule is broken. `warn`: a notice."""


class Rule(Struct, frozen=True):
    """
    A rule of a repository: where `where` holds, `require` must hold, too; both are CEL.

    `where` is empty where a rule is for all. `message` is shown as it is. `source` is the place of the rule's name.
    """

    name: str
    kind: RuleKind
    where: str
    require: str
    message: str
    level: RuleLevel
    source: Source


class RulePlace(Struct, frozen=True):
    """
    What a rule was judged on: a contact, a memory or a change; without an address the totals of a plan.

    `detail` is why a broken rule could not be judged there; empty where it was.
    """

    address: str
    source: Source | None
    detail: str = ""


class RuleVerdict(Struct, frozen=True):
    """
    What breaks a rule, and where it is not judged, since it reads what is not known there.

    With `is_allowed`, the rule was raised for this run.
    """

    rule: Rule
    broken: tuple[RulePlace, ...]
    unjudged: tuple[RulePlace, ...] = ()
    is_allowed: bool = False
