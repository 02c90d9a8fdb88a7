"""A remote that lives in memory and fails on demand, for tests of the edges."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from typing import TypeVar

from reconciler.api.pacer import Pacer, Waiting
from reconciler.api.row import InOneGo, RequestRow
from reconciler.clock import Clock
from reconciler.core.model.desired import ContactId, Identifier, Identity, ScopeKey, User
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite
from reconciler.core.remote import ContactRecord, Record, Rests, Try, UserPage
from reconciler.errors import (
    AddUserRefusedError,
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    RouteAbsentError,
)

_Done = TypeVar("_Done")


class MovingTime:
    """A clock that only waits move, which are over at once."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._moved = asyncio.Event()

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += timedelta(seconds=seconds)
        self._moved.set()

    async def until(self, moment: datetime) -> None:
        """Let others wait until it is that late; where nobody waits on this clock, that is an error."""
        async with asyncio.timeout(30):
            while self.now < moment:
                self._moved.clear()
                await self._moved.wait()


async def _no_wait(_seconds: float, _why: str) -> None:
    await asyncio.sleep(0)


class FakeWriter:
    """
    Holds contacts and memories by id and notes every call that writes.

    `errors` gives, for a call's name, the error that it raises before it does anything, `errors_after` the one that it
    raises when it is done; `forgets` the keys that a write loses.
    """

    def __init__(  # noqa: PLR0913  one parameter a kind of misbehaviour
        self,
        *,
        errors: Mapping[str, ApiError] | None = None,
        errors_after: Mapping[str, ApiError] | None = None,
        forgets: Sequence[str] = (),
        forgets_memories: bool = False,
        lists_users: bool = False,
        memory_missing: bool = False,
        defects_in: Sequence[str] = (),
        hangs: bool = False,
    ) -> None:
        self.defects_in = defects_in
        self.hangs = hangs
        self.errors = errors or {}
        self.errors_after = errors_after or {}
        self.forgets = forgets
        self.forgets_memories = forgets_memories
        self.lists_users = lists_users
        self.memory_missing = memory_missing
        self.answers_with_facts = True
        self.calls: list[str] = []
        self.called = asyncio.Event()
        self.facts: dict[str, dict[str, Json]] = {}
        self.profiles: dict[str, dict[str, Json]] = {}
        self.users: set[tuple[str, str]] = set()
        self.doubts: list[ApiError] = []
        self.has_written = False

    began = now = 0.0

    def unit(self) -> AbstractAsyncContextManager["FakeWriter"]:
        return nullcontext(self)

    async def in_one_go(self, work: Callable[[Try], Awaitable[_Done]], rests: Rests) -> _Done:
        """Try as the client does, with a pacer of its own that never waits for real."""
        pacer = Pacer(concurrency=1, waiting=Waiting(clock=Clock(monotonic=lambda: 0.0), wait=_no_wait))
        return await InOneGo(pacer, RequestRow(pacer), self.doubts).do(work, rests)

    async def read_memory(self, memory_id: str) -> Record | None:
        self._call("read_memory", memory_id)
        if self.forgets_memories or memory_id not in self.facts:
            return None
        return Record(memory_id, "", None, self.facts[memory_id])

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        if self.memory_missing:
            raise ApiRejectedError("404", status=404, code="MEMORY_NOT_FOUND")
        if not self.lists_users:
            raise RouteAbsentError("404", status=404)
        phones = sorted(phone for memory, phone in self.users if memory == memory_id)[offset:]
        return UserPage({phone: LiveUser(None, None) for phone in phones}, has_more=False)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        del memory_id, user
        raise RouteAbsentError("404", status=404)

    async def read_contact(self, identity: Identity) -> ContactRecord | None:
        contact_id = identity.contact_id if isinstance(identity, ContactId) else f"c-{identity.value}"
        self._call("read_contact", contact_id)
        return ContactRecord(contact_id, self.profiles[contact_id], (), ()) if contact_id in self.profiles else None

    async def resolve_contact(self, identifier: Identifier, profile: Mapping[str, Json]) -> tuple[ContactRecord, bool]:
        self._call("resolve_contact", identifier.value)
        contact_id = f"c-{identifier.value}"
        created = contact_id not in self.profiles
        live = self.profiles.setdefault(contact_id, dict(profile))
        return ContactRecord(contact_id, live, ((identifier.kind, identifier.value),), ()), created

    async def update_contact(self, contact_id: str, profile: Sequence[FactWrite]) -> ContactRecord:
        self._call("update_contact", contact_id)
        kept = {write.key: write.value for write in profile if write.key not in self.forgets}
        live = self.profiles.setdefault(contact_id, {})
        live.update(kept)
        return ContactRecord(contact_id, live, (), ())

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        self._call("create_memory", contact_id)
        if self.hangs:
            self.called.set()
            await asyncio.Event().wait()
        memory_id = f"mem-{contact_id}-{'-'.join(scope_key.fields.values())}"
        created = memory_id not in self.facts
        return Record(memory_id, contact_id, scope_key, self.facts.setdefault(memory_id, {})), created

    def expect_memory(self, memory_id: str, contact_id: str, scope_key: ScopeKey) -> None:
        pass

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
        self._call("write_facts", memory_id)
        kept = {fact.key: fact.value for fact in facts if fact.key not in self.forgets}
        self.facts.setdefault(memory_id, {}).update(kept)
        return self.facts[memory_id] if self.answers_with_facts else None

    async def add_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        self._call("add_user", memory_id)
        if (memory_id, user.phone_number) in self.users:
            raise AddUserRefusedError("refused", code="MEMORY_ADD_USER_ERROR")
        self.users.add((memory_id, user.phone_number))
        if "add_user" in self.errors_after:
            raise self._lost("add_user", self.errors_after["add_user"])
        return {}

    async def update_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        del user
        self._call("update_user", memory_id)
        return {}

    def _call(self, name: str, subject: str) -> None:
        self.calls.append(f"{name} {subject}")
        self.has_written = self.has_written or not name.startswith("read")
        if subject in self.defects_in:
            raise ZeroDivisionError
        if name in self.errors:
            raise self._lost(name, self.errors[name])

    def _lost(self, name: str, error: ApiError) -> ApiError:
        """Return an error, noted as a doubt where a write may have happened."""
        if isinstance(error, ApiUnavailableError) and error.may_have_happened and not name.startswith("read"):
            self.doubts.append(error)
        return error
