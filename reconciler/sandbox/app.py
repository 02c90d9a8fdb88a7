"""The sandbox as an ASGI application, called in process or served on a port."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from reconciler.sandbox.answers import (
    INTERNAL_ERROR,
    Answer,
    RequestRefusedError,
    in_revision,
    refusal,
    success,
    unknown_route,
)
from reconciler.sandbox.request import (
    Call,
    Incoming,
    Limiter,
    body_object,
    check_key,
    check_role,
    read_request,
    trimmed,
)
from reconciler.sandbox.routing import Matched, Router
from reconciler.sandbox.settings import DEFAULTS, Settings
from reconciler.sandbox.store import Store
from reconciler.sandbox.values import ConnectionDropped, SandboxStateError

if TYPE_CHECKING:  # only tests script faults
    from reconciler.sandbox.faults import Faults, Meanwhile, When


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """
    One request. Never holds a header, and so never a key.

    Attributes:
        method: As sent.
        path: Decoded, without the query.
        query: Decoded.
        body: The parsed JSON, or the text that is none; None where nothing was sent.
        status: The HTTP status of the answer; None where the connection was dropped, or the caller left.
        mutates: Whether the route may write, by the documentation: some POSTs only read.
        committed: Whether anything was written.

    """

    method: str
    path: str
    query: Mapping[str, str]
    body: object
    status: int | None
    mutates: bool
    committed: bool


_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handled:
    """The answer (None drops the connection), whether anything was written, and the seconds before it is sent."""

    answer: Answer | None
    committed: bool = False
    linger: float = 0.0


class Sandbox:
    """The whole application behind one mount."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        faults: "Faults | None",
        *,
        limiter: Limiter,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._store = store
        self._settings = settings
        self._faults = faults
        self._limiter = limiter
        self._sleep = sleep
        self._router = Router(seeds_only=settings.seeds_only)
        self.log: deque[Logged] = deque(maxlen=settings.log_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = await read_request(scope, receive)
        outcome = await self._recorded(incoming)
        if outcome.linger:
            await self._sleep(outcome.linger)
        if outcome.answer is None:
            await drop(receive)
        else:
            await _response(outcome.answer)(scope, receive, send)

    async def _recorded(self, incoming: Incoming) -> _Handled:
        matched = self._router.match(incoming.method, incoming.segments)
        outcome = _Handled(answer=None)
        try:
            if self._settings.latency:
                await self._sleep(self._settings.latency)
            outcome = await self._disturbed(incoming, matched)
        finally:
            # Log also the request of a caller that leaves during a wait: its write may be committed.
            self.log.append(_logged(incoming, matched, outcome))
        return outcome

    async def _disturbed(self, incoming: Incoming, matched: Matched | None) -> _Handled:
        rule = self._faults.draw(method=incoming.method, path=incoming.path) if self._faults else None
        if rule is None:
            return self._handled(incoming, matched)
        from reconciler.sandbox.faults import Meanwhile, Mistake, Wait, spoilt  # noqa: PLC0415 - only tests script faults

        if isinstance(rule.fault, Wait):
            return await self._delayed(incoming, matched, seconds=rule.fault.seconds, when=rule.when)
        if isinstance(rule.fault, Meanwhile):
            return self._overtaken(incoming, matched, meanwhile=rule.fault, when=rule.when)
        if isinstance(rule.fault, Mistake):
            from reconciler.sandbox.mistakes import mistaken  # noqa: PLC0415 - only tests make mistakes

            outcome = self._handled(incoming, matched)
            return replace(outcome, answer=mistaken(outcome.answer, rule.fault.about, self._store))
        if rule.when == "before":
            return _Handled(answer=spoilt(rule.fault, success(None)))
        outcome = self._handled(incoming, matched)
        return replace(outcome, answer=spoilt(rule.fault, outcome.answer))

    async def _delayed(self, incoming: Incoming, matched: Matched | None, *, seconds: float, when: "When") -> _Handled:
        if when == "before":
            await self._sleep(seconds)
            return self._handled(incoming, matched)
        return replace(self._handled(incoming, matched), linger=seconds)

    def _overtaken(
        self, incoming: Incoming, matched: Matched | None, *, meanwhile: "Meanwhile", when: "When"
    ) -> _Handled:
        if when == "before":
            meanwhile.change(self._store)
            return self._handled(incoming, matched)
        outcome = self._handled(incoming, matched)
        meanwhile.change(self._store)
        return outcome

    def _handled(self, incoming: Incoming, matched: Matched | None) -> _Handled:
        try:
            return self._passed(incoming, matched)
        except RequestRefusedError as refused:
            return _Handled(answer=refusal(in_revision(refused.failure, self._settings.revision)))
        except SandboxStateError:
            raise  # the state is damaged, which no answer of the API can show
        except Exception:
            _LOGGER.exception("The sandbox failed on %s %s", incoming.method, incoming.path)
            return _Handled(answer=refusal(INTERNAL_ERROR))

    def _passed(self, incoming: Incoming, matched: Matched | None) -> _Handled:
        if matched is None:
            return _Handled(answer=unknown_route(method=incoming.method, path=incoming.path))
        check_key(incoming.authorization, self._settings)
        check_role(self._settings, mutates=matched.mutates)
        limited = self._limiter.refuse(authorization=incoming.authorization, segments=incoming.segments)
        return self._routed(incoming, matched) if limited is None else _Handled(answer=limited)

    def _routed(self, incoming: Incoming, matched: Matched) -> _Handled:
        body = body_object(incoming) if incoming.method != "GET" else {}
        if self._settings.texts == "trimmed":
            body = {key: trimmed(value) for key, value in body.items()}
        call = Call(store=self._store, settings=self._settings, ids=matched.ids, query=incoming.query, body=body)
        if not matched.mutates:
            return _Handled(answer=matched.answer(call))
        with self._store.transaction():
            before = self._store.changes()
            answer = matched.answer(call)
            return _Handled(answer=answer, committed=self._store.changes() != before)


def create_app(
    store: Store,
    settings: Settings = DEFAULTS,
    faults: "Faults | None" = None,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Starlette:
    """Return the sandbox over a store; `app.state` holds `store`, `settings` and `log`, a deque of the requests."""
    limiter = Limiter(settings, monotonic=monotonic, moment=store.moment)
    sandbox = Sandbox(store, settings, faults, limiter=limiter, sleep=sleep)
    app = Starlette(routes=[Mount("/", app=sandbox)])
    app.state.store, app.state.settings, app.state.log = store, settings, sandbox.log
    return app


async def drop(receive: Receive) -> None:
    """
    Abort the TCP connection under a request.

    ASGI knows no such thing, so this reaches for the transport of the server's own request object, whose bound method
    `receive` is. Without a transport the caller is in process, and gets an exception instead.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.WriteTransport):
        raise ConnectionDropped("the connection was dropped without an answer")
    transport.abort()
    # Wait until the server notices: an application that returns earlier looks as if it forgot to answer.
    while (await receive())["type"] != "http.disconnect":
        pass


def _response(answer: Answer) -> Response:
    return Response(
        answer.body, status_code=answer.status, headers=dict(answer.headers), media_type=answer.content_type
    )


def _logged(incoming: Incoming, matched: Matched | None, outcome: _Handled) -> Logged:
    return Logged(
        method=incoming.method,
        path=incoming.path,
        query=MappingProxyType(incoming.query),
        body=incoming.body,
        status=None if outcome.answer is None else outcome.answer.status,
        mutates=matched is not None and matched.mutates,
        committed=outcome.committed,
    )
