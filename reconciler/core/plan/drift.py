"""Drift: the enforced facts that are live with another value than the declared one, as a plan shows them."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.address import fact_address
from reconciler.core.model.desired import ContactMemory, Desired
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import Updated
from reconciler.core.plan.operations import Plan, WriteFacts


class Drift(Struct, frozen=True):
    """
    One fact that drifted: where it is declared as what, and the parts of it that are live with other values.

    A part that is declared and not live is none of them: an apply adds it.
    """

    memory: ContactMemory
    key: str
    declared: Json
    changes: tuple[Updated, ...]

    @property
    def address(self) -> str:
        """Return the address of the fact."""
        return fact_address(self.memory.address, self.key)

    @property
    def taken(self) -> Json:
        """Return the declared value with the live values in the places that drifted."""
        return with_live_values(self.declared, self.changes)


def drifts_of(plan: Plan) -> Iterator[Drift]:
    """Yield the facts of a plan that drifted, in its order."""
    for operation in plan.operations:
        if isinstance(operation, WriteFacts):
            for write in operation.facts:
                changes = tuple(change for change in write.changes if isinstance(change, Updated))
                if changes:
                    yield Drift(operation.memory, write.key, write.declared, changes)


def facts_alone(desired: Desired) -> Desired:
    """Return declarations without what is no fact: profiles, users, and memories that are declared for their users."""
    return replace(
        desired,
        contacts=tuple(replace(contact, profile=()) for contact in desired.contacts),
        contact_memories=tuple(replace(memory, users=()) for memory in desired.contact_memories),
        existing_memories=(),
    )


def with_live_values(declared: Json, changes: Iterable[Updated]) -> Json:
    """Return a declared value of a fact with the live values of changes in it."""
    for change in changes:
        declared = _put(declared, change.path[1:], change.before)
    return declared


def _put(value: Json, path: tuple[str, ...], new: Json) -> Json:
    if not path:
        return new
    assert isinstance(value, dict)  # noqa: S101  a path leads through mappings on both sides
    return {**value, path[0]: _put(value[path[0]], path[1:], new)}
