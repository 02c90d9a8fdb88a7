"""A remote that lives in memory and fails on demand, for tests of the edges."""

from collections.abc import Mapping, Sequence

from reconciler.core.desired import ScopeKey, User
from reconciler.core.diff import FactWrite
from reconciler.core.remote import Record
from reconciler.core.value import Json
from reconciler.errors import AddUserRefusedError, ApiError


class FakeWriter:
    """
    Holds memories by id and notes every call.

    `errors` gives, for a call's name, the error that it raises; `forgets` the keys that a write of facts loses.
    """

    def __init__(
        self,
        *,
        errors: Mapping[str, ApiError] | None = None,
        forgets: Sequence[str] = (),
        forgets_memories: bool = False,
    ) -> None:
        self.errors = errors or {}
        self.forgets_memories = forgets_memories
        self.forgets = forgets
        self.answers_with_facts = True
        self.calls: list[str] = []
        self.facts: dict[str, dict[str, Json]] = {}
        self.users: set[tuple[str, str]] = set()

    async def read_memory(self, memory_id: str) -> Record | None:
        self._call("read_memory", memory_id)
        if self.forgets_memories or memory_id not in self.facts:
            return None
        return Record(memory_id, "", None, self.facts[memory_id])

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        self._call("create_memory", contact_id)
        memory_id = f"mem-{contact_id}-{'-'.join(scope_key.fields.values())}"
        created = memory_id not in self.facts
        return Record(memory_id, contact_id, scope_key, self.facts.setdefault(memory_id, {})), created

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
        self._call("write_facts", memory_id)
        kept = {fact.key: fact.value for fact in facts if fact.key not in self.forgets}
        self.facts.setdefault(memory_id, {}).update(kept)
        return self.facts[memory_id] if self.answers_with_facts else None

    async def add_user(self, memory_id: str, user: User) -> None:
        self._call("add_user", memory_id)
        if (memory_id, user.phone_number) in self.users:
            raise AddUserRefusedError("refused", code="MEMORY_ADD_USER_ERROR")
        self.users.add((memory_id, user.phone_number))

    def _call(self, name: str, subject: str) -> None:
        self.calls.append(f"{name} {subject}")
        if name in self.errors:
            raise self.errors[name]
