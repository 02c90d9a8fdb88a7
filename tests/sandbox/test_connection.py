import asyncio
from collections.abc import MutableMapping
from typing import Any

from reconciler.sandbox.app import drop


class Wire(asyncio.WriteTransport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True


class ServedRequest:
    """As much of a server's request object as dropping a connection needs."""

    def __init__(self) -> None:
        self.transport = Wire()
        self.messages = ["http.disconnect", "http.request"]

    async def receive(self) -> MutableMapping[str, Any]:
        return {"type": self.messages.pop()}


def test_a_dropped_connection_is_aborted_and_waits_for_the_server_to_notice() -> None:
    request = ServedRequest()
    asyncio.run(drop(request.receive))
    assert (request.transport.aborted, request.messages) == (True, [])
