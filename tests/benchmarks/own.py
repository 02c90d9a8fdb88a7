"""The project as whoever uses it has it: installed in a venv, with nothing beside it that only development needs."""

import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.benchmarks.peers.venvs import FOLDER, versions
from tests.benchmarks.serving import ROOT

VENV = FOLDER / "reconciler"
_SHOWN = 500
_LIBRARIES = ("httpx", "httpx-aiohttp", "aiohttp", "pyyaml", "pydantic", "click")
_GIB = 1024**3


class NotInstalledError(Exception):
    """The project cannot be installed here."""


@cache
def programs() -> Path:
    """Give the folder of Python and of this checkout's programs, installed anew; raises `NotInstalledError`."""
    pip = VENV / "bin" / "pip"
    if not pip.exists():
        _run(sys.executable, "-m", "venv", str(VENV))
    _run(str(pip), "install", "--quiet", str(ROOT))
    _run(str(pip), "install", "--quiet", "--force-reinstall", "--no-deps", str(ROOT))
    return VENV / "bin"


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()[-_SHOWN:]
        raise NotInstalledError(f"this checkout cannot be installed into {VENV}:\n{said}") from error
    except OSError as error:
        raise NotInstalledError(f"this checkout cannot be installed into {VENV}: {error}") from error


def described() -> str:
    """Return one line on the machine and the versions, without the machine's name; each peer names its own."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    named = [f"Python {platform.python_version()}", *versions(VENV, *_LIBRARIES)]
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {', '.join(named)}."
