"""Both transports of the client: tests that take `transport` run over httpcore, and once more over aiohttp."""

import math

import pytest

from reconciler.api.client import transport as carrying
from reconciler.api.client.endpoint import Endpoint


@pytest.fixture(params=["httpcore", "aiohttp"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Carry all requests that leave the process over one of them, whatever the concurrency."""
    carried = math.inf if request.param == "httpcore" else 0

    def carried_by_httpcore(endpoint: Endpoint) -> float:
        return carried if endpoint.app is None else math.inf

    monkeypatch.setattr(carrying, "_carried_by_httpcore", carried_by_httpcore)
    return str(request.param)
