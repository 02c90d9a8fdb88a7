"""For all tests: property tests repeat themselves exactly, nothing leaves loopback, and none waits for a disk."""

import gc
import os
import socket
from collections.abc import Generator
from typing import Any

import pytest

from reconciler.cli.terminal import Waits
from tests.effort import register_profiles

register_profiles()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-goldens", action="store_true", help="write what scenarios print to their folders")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse every connection that would leave this machine, and sync nothing: a killed process needs no sync."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        assert host in {"127.0.0.1", "::1", "localhost"}, f"a test connects to {host}"
        connect(self, address)

    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(socket.socket, "connect", checked)
    patch.setattr(os, "fsync", os.fstat)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, and never among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait end at once; it is announced as ever."""
    wait = Waits.__call__

    async def shortly(waits: Waits, seconds: float, why: str) -> None:
        await wait(waits, min(seconds, 0.001), why)

    monkeypatch.setattr(Waits, "__call__", shortly)
