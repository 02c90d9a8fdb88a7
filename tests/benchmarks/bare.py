"""
The bare clients: the same requests on the same transport, and nothing else; and a loader that only loads.

`get FILE` reads paths, one a line. `apply FILE` reads JSON lines: a path to GET, or the two bodies of a new memory.
`load PATH` loads YAML with CSafeLoader. What each needs is imported by it alone.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx import AsyncBaseTransport

_BAD = 400


class Client:
    """
    Sends requests through a transport.

    `httpx.AsyncClient` would look at each for cookies, redirects and authentication, which costs more than the request.
    """

    def __init__(self, transport: "AsyncBaseTransport", url: str) -> None:
        import httpx  # noqa: PLC0415

        self._transport = transport
        self._url = url
        self._request = httpx.Request
        self._headers = httpx.Headers({"authorization": "benchmark"})
        self._extensions = {"timeout": httpx.Timeout(30).as_dict()}

    async def send(self, method: str, path: str, body: object = None) -> bytes:
        """Send a request and read its answer; raises `RuntimeError` where it is refused."""
        request = self._request(method, self._url + path, headers=self._headers, json=body, extensions=self._extensions)
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        await response.aclose()
        if response.status_code >= _BAD:
            raise RuntimeError(f"{method} {path} was answered with {response.status_code}")
        return content


async def work(url: str, lines: Iterator[str], concurrency: int, act: Callable[[Client, str], Awaitable[None]]) -> None:
    """Act on every line with some workers over one iterator and one transport."""
    import asyncio  # noqa: PLC0415
    import ssl  # noqa: PLC0415

    import aiohttp  # noqa: PLC0415
    from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=concurrency), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )

    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # else httpx reads all certificates, for nothing
    async with AiohttpTransport(client=session, verify=unused) as transport, asyncio.TaskGroup() as group:
        client = Client(transport, url)

        async def pull() -> None:
            for line in lines:
                await act(client, line.rstrip("\n"))

        for _ in range(concurrency):
            group.create_task(pull())


async def get(client: Client, line: str) -> None:
    """Send a GET and read its answer."""
    await client.send("GET", line)


async def write(client: Client, line: str) -> None:
    """Send what a line of an apply says."""
    asked = json.loads(line)
    if "get" in asked:
        await get(client, asked["get"])
        return
    created: Any = json.loads(await client.send("POST", "/v1/memory/contact", asked["memory"]))
    path = f"/v1/memory/contact/{created['data']['memory']['id']}/facts"
    await client.send("PATCH", path, {"facts": asked["facts"]})


def load(path: Path) -> None:
    """Load a YAML file, or all of a folder's."""
    import yaml  # noqa: PLC0415  the clients do not need it

    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        with file.open("rb") as text:
            yaml.load(text, Loader=yaml.CSafeLoader)


if __name__ == "__main__":
    what, argument, *rest = sys.argv[1:]
    if what == "load":
        load(Path(argument))
    else:
        import asyncio

        with Path(argument).open() as given:
            asyncio.run(work(rest[0], iter(given), int(rest[1]), get if what == "get" else write))
