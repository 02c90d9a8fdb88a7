"""
The bare clients: the same requests on the same transport, and nothing else; and a loader that only loads.

`get FILE` reads paths, one a line. `apply FILE` reads JSON lines: a path to GET, or the two bodies of a new memory.
`load PATH` loads YAML with CSafeLoader.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httpx import AsyncClient

_HEADERS = {"authorization": "benchmark"}


async def send(
    url: str, lines: Iterator[str], concurrency: int, act: Callable[["AsyncClient", str], Awaitable[None]]
) -> None:
    """Act on every line with some workers over one iterator and one client."""
    import aiohttp  # noqa: PLC0415  the loader of YAML needs none of these
    import httpx  # noqa: PLC0415
    from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency))

    async with httpx.AsyncClient(base_url=url, transport=AiohttpTransport(client=session), timeout=30) as client:

        async def pull() -> None:
            for line in lines:
                await act(client, line.rstrip("\n"))

        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(pull())


async def get(client: "AsyncClient", line: str) -> None:
    """Send a GET and read its answer."""
    response = await client.request("GET", line, headers=_HEADERS)
    response.raise_for_status()


async def write(client: "AsyncClient", line: str) -> None:
    """Send what a line of an apply says."""
    asked = json.loads(line)
    if "get" in asked:
        await get(client, asked["get"])
        return
    created = await client.request("POST", "/v1/memory/contact", json=asked["memory"], headers=_HEADERS)
    path = f"/v1/memory/contact/{created.json()['data']['memory']['id']}/facts"
    written = await client.request("PATCH", path, json={"facts": asked["facts"]}, headers=_HEADERS)
    written.raise_for_status()


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
        with Path(argument).open() as given:
            asyncio.run(send(rest[0], iter(given), int(rest[1]), get if what == "get" else write))
