"""Sends a request until it is answered, and notes the writes of which nobody knows whether they happened."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from reconciler.api import requests
from reconciler.api.answers import body_of
from reconciler.api.client.connection import Connection
from reconciler.api.client.endpoint import Endpoint
from reconciler.api.pacing import Retrying
from reconciler.api.requests import Request
from reconciler.core.matching import Asked, MemoryOwners
from reconciler.core.model.value import Json
from reconciler.errors import ApiError, ApiUnavailableError, EmptyAnswerError, OtherRecordError

_QUERIED = re.compile(r"=[^&]*")
_Result = TypeVar("_Result")


class Sender:
    """
    Sends requests through a connection.

    `doubts` are the errors of writes that may have happened, `has_written` is whether a write was begun. `memories`
    knows whose each memory is, so that no answer is believed that names another owner.
    """

    def __init__(self, connection: Connection, endpoint: Endpoint, memories: MemoryOwners) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._memories = memories
        self.requests_sent = 0
        self.doubts: list[ApiError] = []
        self.has_written = False

    async def _ask(self, request: Request, read: Callable[[Json, Asked], _Result]) -> _Result:
        """Send a request and read its answer, which has to be about what was asked."""
        data = (await self._body(request))["data"]
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

    async def _body(self, request: Request) -> Mapping[str, Json]:
        """Send a request, again where that is of use, and return the body of its answer."""
        content, pacer = requests.content(request), self._endpoint.pacer
        known = len(self.doubts)

        async def attempt() -> Mapping[str, Json]:
            return await pacer.send(lambda: self._send_once(request, content), is_limited=request.is_limited)

        try:
            return await Retrying(pacer).send(attempt)
        except ApiUnavailableError as error:
            if request.writes:  # earlier attempts may have been done even where the last one was not
                error.may_have_happened = len(self.doubts) > known
            raise

    async def _send_once(self, request: Request, content: bytes | None) -> Mapping[str, Json]:
        """Send a request and return the body of its answer; note a doubt where a failed write may have happened."""
        self.requests_sent += 1
        self.has_written = self.has_written or request.writes
        try:
            answer = await self._connection.exchange(request.method, request.path, content)
            is_empty = request.writes and answer.is_empty_success
            body = {"data": None} if is_empty else body_of(answer, hide=self._endpoint.key)
        except ApiError as error:
            self._report(request, str(error))
            if isinstance(error, ApiUnavailableError):
                error.is_final = request.refusal_answers and bool(error.code)
                if request.writes and error.may_have_happened:
                    self._note_doubt(error)
            raise
        self._report(request, "ok")
        return body

    def _note_doubt(self, error: OtherRecordError | ApiUnavailableError) -> None:
        error.may_have_happened = True
        self.doubts.append(error)

    def _report(self, request: Request, result: str) -> None:
        self._endpoint.on_request(f"{request.method} {_QUERIED.sub('=…', request.path)}: {result}")
