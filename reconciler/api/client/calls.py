"""The calls of the API: a client that reads, one that writes, and one for a single contact or memory."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from reconciler.api import requests, wire
from reconciler.api.answers import Answered, body_of, is_add_user_refusal, unless_absent
from reconciler.api.client.connection import Connection, connected
from reconciler.api.client.endpoint import Endpoint
from reconciler.api.requests import READS, READS_AND_WRITES, Request
from reconciler.api.row import InOneGo, RequestRow, Retrying
from reconciler.core.matching import Asked, MemoryOwners
from reconciler.core.model.desired import Identifier, Identity, ScopeKey, User
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite
from reconciler.core.remote import (
    ContactPage,
    ContactRecord,
    Context,
    Kept,
    Reader,
    Record,
    Rests,
    Try,
    UserPage,
    Writer,
)
from reconciler.errors import (
    AddUserRefusedError,
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    EmptyAnswerError,
    NotSentError,
    OtherRecordError,
    RouteAbsentError,
)

_QUERIED = re.compile(r"=[^&]*")
_Result = TypeVar("_Result")


class Sender:
    """
    Sends requests through a connection.

    `doubts` are the errors of writes that may have happened, `has_written` is whether a write was begun. `memories`
    knows whose each memory is, so that no answer is believed that names another owner. `kept` weighs what is read.
    """

    def __init__(
        self, connection: Connection, endpoint: Endpoint, memories: MemoryOwners, kept: Kept | None = None
    ) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._memories = memories
        self.requests_sent = 0
        self.doubts: list[ApiError] = []
        self.has_written = False
        self._kept = kept

    async def _ask(self, request: Request, read: Callable[[Json, Asked], _Result]) -> _Result:
        """Send a request and read its answer, which has to be about what was asked."""
        answered = await self._answered(request)
        result = self._read(request, answered.body["data"], read)
        if self._kept is not None:
            count = len(result.users) if isinstance(result, UserPage) else 1
            self._kept.add(result, count=count, size=answered.size)
        return result

    def _read(self, request: Request, data: Json, read: Callable[[Json, Asked], _Result]) -> _Result:
        if request.writes and data is None:
            self._note_doubt(EmptyAnswerError())
        try:
            return read(data, self._memories.complete(request.asked))
        except (OtherRecordError, ApiUnavailableError) as error:
            if isinstance(error, OtherRecordError):
                self._report(request, str(error))
            if request.writes and not isinstance(error, EmptyAnswerError):
                self._note_doubt(error)
            raise

    async def _answered(self, request: Request) -> Answered:
        """Send a request, again where that is of use, and return its answer."""
        content, pacer = requests.content(request), self._endpoint.pacer
        known = len(self.doubts)

        async def attempt() -> Answered:
            return await pacer.send(lambda: self._send_once(request, content), is_limited=request.is_limited)

        try:
            return await Retrying(pacer).send(attempt)
        except ApiUnavailableError as error:
            if request.writes:  # earlier attempts may have been done even where the last one was not
                error.may_have_happened = len(self.doubts) > known
            raise

    async def _send_once(self, request: Request, content: bytes | None) -> Answered:
        """Send a request and return its answer; note a doubt where a failed write may have happened."""
        self.requests_sent += 1
        self.has_written = self.has_written or request.writes
        try:
            answer = await self._connection.exchange(
                request.method, request.path, content, most_bytes=request.most_bytes
            )
            is_empty = request.writes and answer.is_empty_success
            body = {"data": None} if is_empty else body_of(answer, hide=self._endpoint.key)
        except ApiError as error:
            self._report(request, str(error))
            if isinstance(error, ApiUnavailableError):
                error.is_final = error.is_final or (request.refusal_answers and bool(error.code))
                if request.writes and error.may_have_happened:
                    self._note_doubt(error)
            raise
        self._report(request, "ok")
        return Answered(body, len(answer.body))

    def _note_doubt(self, error: OtherRecordError | ApiUnavailableError) -> None:
        error.may_have_happened = True
        self.doubts.append(error)

    def _report(self, request: Request, result: str) -> None:
        if self._endpoint.on_request is not None:
            self._endpoint.on_request(f"{request.method} {_QUERIED.sub('=…', request.path)}: {result}")


_Done = TypeVar("_Done")


@asynccontextmanager
async def open_reader(endpoint: Endpoint) -> AsyncIterator[Reader]:
    """Open a client that can read and nothing else."""
    async with connected(endpoint, READS) as connection:
        kept = Kept("the memories and users of this account")  # the listing of contacts is weighed where it is kept
        yield _AccountReader(connection, endpoint, MemoryOwners(), kept)


@asynccontextmanager
async def open_writer(endpoint: Endpoint) -> AsyncIterator[Writer]:
    """Open a client that can read, add and update."""
    async with connected(endpoint, READS_AND_WRITES) as connection:
        yield _AccountWriter(connection, endpoint, MemoryOwners())


class _AccountReader(Sender):
    """Reads an account."""

    async def read_context(self, contact_id: str, scope_key: ScopeKey) -> Context:
        try:
            return await self._ask(requests.context(contact_id, scope_key), wire.context_from)
        except ApiRejectedError as error:
            if "persona" in error.said.casefold():  # the scope is missing, not the contact
                raise _unknown_persona(error, scope_key) from error
            return unless_absent(error, wire.NO_CONTEXT)

    async def read_memory(self, memory_id: str) -> Record | None:
        try:
            return await self._ask(requests.memory(memory_id), wire.record_from)
        except ApiRejectedError as error:
            return unless_absent(error, None)

    async def list_contacts(self, offset: int) -> ContactPage:
        answered = await self._answered(requests.contacts(offset))
        return wire.contacts_from(answered.body, answered.size)

    async def read_contact(self, identity: Identity) -> ContactRecord | None:
        try:
            return await self._ask(requests.contact(identity), wire.contact_from)
        except ApiRejectedError as error:
            return unless_absent(error, None)

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        return await self._ask(requests.users(memory_id, offset), wire.users_from)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        return await self._ask(requests.user_of(memory_id, user), wire.user_from)


class _AccountWriter(_AccountReader):
    """Reads an account, adds to it and updates it."""

    @property
    def began(self) -> float:
        return self._endpoint.pacer.began

    @property
    def now(self) -> float:
        return self._endpoint.pacer.now

    @asynccontextmanager
    async def unit(self) -> AsyncIterator["_AccountUnit"]:
        unit = _AccountUnit(self._connection, self._endpoint, self._memories)
        try:
            yield unit
        finally:
            unit.row.close()

    async def resolve_contact(self, identifier: Identifier, profile: Mapping[str, Json]) -> tuple[ContactRecord, bool]:
        contact, created = await self._ask(requests.resolve_contact(identifier, profile), wire.resolved_from)
        if contact.identifiers is None:
            await self._confirm(contact.contact_id, identifier)
        return contact, created

    async def _confirm(self, contact_id: str, identifier: Identifier) -> None:
        """
        Check that a contact has the identifier that was asked for, where the account offers the call.

        Where the run ends before the check, the answer is believed: nothing more is written through it.
        """
        try:
            await self._ask(requests.contact_with(contact_id, identifier), wire.contact_from)
        except NotSentError:
            return
        except ApiRejectedError as error:
            if not isinstance(error, RouteAbsentError):
                unless_absent(error, None)
        except (ApiUnavailableError, OtherRecordError) as error:
            self._note_doubt(error)  # the contact may have been created
            raise

    async def update_contact(self, contact_id: str, profile: Sequence[FactWrite]) -> ContactRecord | None:
        return await self._ask(requests.update_contact(contact_id, profile), wire.contact_from)

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        def read(data: Json, asked: Asked) -> tuple[Record, bool]:
            record, created = wire.created_from(data, asked)
            self.expect_memory(record.memory_id, contact_id, scope_key)
            return record, created

        return await self._ask(requests.create_memory(contact_id, scope_key), read)

    def expect_memory(self, memory_id: str, contact_id: str, scope_key: ScopeKey) -> None:
        self._memories.check(memory_id, contact_id, scope_key)

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
        values = {fact.key: fact.value for fact in facts}
        return await self._ask(requests.write_facts(memory_id, values), wire.facts_from)

    async def add_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        try:
            return await self._ask(requests.add_user(memory_id, user), wire.entry_from)
        except ApiError as error:
            if not is_add_user_refusal(error):
                raise
            refused = AddUserRefusedError(error.summary, code=error.code)
            refused.said = error.said
            raise refused from error

    async def update_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        return await self._ask(requests.update_user(memory_id, user), wire.entry_from)


class _AccountUnit(_AccountWriter):
    """
    A writer for one contact or memory.

    What it does in one go is sent as a row of requests, and repeated as a whole. It shares `memories` with the other
    units of the run: no two may find one memory for different contacts.
    """

    def __init__(self, connection: Connection, endpoint: Endpoint, memories: MemoryOwners) -> None:
        super().__init__(connection, endpoint, memories)
        self.row = RequestRow(endpoint.pacer)
        self._is_in_row = False

    async def in_one_go(self, work: Callable[[Try], Awaitable[_Done]], rests: Rests) -> _Done:
        self._is_in_row = True
        try:
            return await InOneGo(self._endpoint.pacer, self.row, self.doubts).do(work, rests)
        finally:
            self._is_in_row = False

    async def _answered(self, request: Request) -> Answered:
        if self._is_in_row:
            content = requests.content(request)
            return await self.row.send(lambda: self._send_once(request, content), is_limited=request.is_limited)
        self.row.close()  # a request that waits must not keep room from others
        return await super()._answered(request)


def _unknown_persona(error: ApiRejectedError, scope_key: ScopeKey) -> ApiRejectedError:
    scope = " ".join(scope_key.fields.values())
    summary = f"{error.summary}: the account does not know the persona {scope}"
    return ApiRejectedError(summary, status=error.status, code=error.code)
