"""What a fresh plan says of operations that an earlier run left open."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.address import is_within, operation_key, user_address
from reconciler.core.desired import Desired
from reconciler.core.past_run import Step
from reconciler.core.plan import Plan

Finding: TypeAlias = Literal["held", "planned", "unclear", "undeclared", "not_read"]
"""
What is known by now of an operation that was left open.

`held`: the account holds what is declared. `planned`: it is in the new plan. `unclear`: the account gives no way to
tell, so that it stays open until it was done once more. `undeclared`: the specs no longer ask for it. `not_read`: this
plan did not look (`--target`, `--shard`).
"""

_BLIND_TO_ALL = {"ambiguous_memory", "unknown_contact"}
_ON_USERS = {"add_user", "update_user"}


class View(Struct, frozen=True):
    """A fresh plan, all that is declared, and the part of it that the plan looked at."""

    plan: Plan
    declared: Desired
    looked_at: Desired

    def findings(self, steps: Iterable[Step]) -> Mapping[Step, Finding]:
        """Give what is found of each step."""
        declared, looked_at = _by_address(self.declared), _by_address(self.looked_at)
        planned = {operation_key(operation): operation.certain for operation in self.plan.operations}
        doubtful = {operation.address for operation in self.plan.operations if not operation.certain}
        blind = tuple(notice.address for notice in self.plan.notices if notice.type in _BLIND_TO_ALL)
        blind_to_users = tuple(notice.address for notice in self.plan.notices if notice.type == "unverifiable")

        def finding(step: Step) -> Finding:
            address = step.address
            if address not in declared:
                return "undeclared"
            if looked_at.get(address) != declared[address]:
                return "not_read"
            if planned.get(operation_key(step)):
                return "planned"
            unseen = (*blind, *blind_to_users) if step.type in _ON_USERS else blind
            return "unclear" if address in doubtful or _is_any_within(address, unseen) else "held"

        return {step: finding(step) for step in steps}


def _is_any_within(address: str, owners: Iterable[str]) -> bool:
    return any(is_within(address, owner) for owner in owners)


def _by_address(desired: Desired) -> dict[str, object]:
    """Give every declaration by its address, down to users."""
    found: dict[str, object] = {item.address: item for item in (*desired.contacts, *desired.memories)}
    for memory in desired.memories:
        found |= {user_address(memory.address, user.phone_number): user for user in memory.users}
    return found
