"""
The bare clients: the same requests through httpx over aiohttp, and nothing else.

They stay as they are when the tool's own transport changes, so that figures of different times can be compared.

`get FILE` reads paths, one a line. `apply FILE` reads JSON lines: a path to GET, or the two bodies of a new memory.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

_BAD = 400


class Client:
    """
    Sends requests through a transport.

    `httpx.AsyncClient` would look at each for cookies, redirects and authentication, which costs more than the request.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, url: str) -> None:
        self._transport, self._url = transport, url
        self._headers = httpx.Headers({"authorization": "benchmark"})
        self._extensions = {"timeout": httpx.Timeout(30).as_dict()}

    async def send(self, method: str, path: str, body: object = None) -> bytes:
        """Send a request and read its answer; raises `RuntimeError` where it is refused."""
        request = httpx.Request(method, self._url + path, headers=self._headers, json=body, extensions=self._extensions)
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        await response.aclose()
        if response.status_code >= _BAD:
            raise RuntimeError(f"{method} {path} was answered with {response.status_code}")
        return content


async def work(url: str, lines: Iterator[str], concurrency: int, act: Callable[[Client, str], Awaitable[None]]) -> None:
    """Act on every line with some workers over one iterator and one transport."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=concurrency)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # else httpx reads all certificates, for nothing
    async with AiohttpTransport(client=session, verify=unused) as transport, asyncio.TaskGroup() as group:
        client = Client(transport, url)

        async def pull() -> None:
            for line in lines:
                await act(client, line.rstrip("\n"))

        for _ in range(concurrency):
            group.create_task(pull())


async def get(client: Client, line: str) -> None:
    await client.send("GET", line)


async def write(client: Client, line: str) -> None:
    asked = json.loads(line)
    if "get" in asked:
        await get(client, asked["get"])
        return
    created: Any = json.loads(await client.send("POST", "/v1/memory/contact", asked["memory"]))
    path = f"/v1/memory/contact/{created['data']['memory']['id']}/facts"
    await client.send("PATCH", path, {"facts": asked["facts"]})


if __name__ == "__main__":
    what, argument, base_url, workers = sys.argv[1:]
    with Path(argument).open() as given:
        asyncio.run(work(base_url, iter(given), int(workers), {"get": get, "apply": write}[what]))
