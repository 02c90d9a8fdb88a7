"""Where it was measured: cores, memory, versions; no name of the machine."""

import os
import platform
import shutil
from importlib.metadata import version

from benchmarks.peers import terraform

_LIBRARIES = ("httpx", "httpx-aiohttp", "aiohttp", "pyyaml", "pydantic", "click")
_GIB = 1024**3


def described() -> str:
    """Give one line on the machine and the versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    program = shutil.which("terraform")
    peers = [terraform.version(program)] if program else []
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {', '.join([python, *libraries, *peers])}."
