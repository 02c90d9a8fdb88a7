"""Ending a connection without an answer."""

import asyncio

from starlette.types import Receive

from reconciler.sandbox.errors import ConnectionDropped


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
    # The server notices a moment later; an application that returns before that looks as if it forgot to answer.
    while (await receive())["type"] != "http.disconnect":
        pass
