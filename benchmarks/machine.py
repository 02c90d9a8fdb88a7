"""Where it was measured: cores, memory, versions; no name of the machine."""

import os
import platform

from benchmarks import own
from benchmarks.peers import venvs

_LIBRARIES = ("httpx", "httpx-aiohttp", "aiohttp", "pyyaml", "pydantic", "click")
_GIB = 1024**3


def described() -> str:
    """Give one line on the machine and the versions; each peer tells its own."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    named = [f"Python {platform.python_version()}", *venvs.versions(own.VENV, *_LIBRARIES)]
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {', '.join(named)}."
