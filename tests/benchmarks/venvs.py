"""What contestants run in: a venv for each peer from PyPI, and one for this project as its users have it."""

import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.benchmarks.process import ROOT

FOLDER = Path(__file__).parent / ".venvs"
VENV = FOLDER / "reconciler"
_OF_BARE_CLIENTS = "httpx-aiohttp"
_LIBRARIES = ("httpx", "httpx-aiohttp", "aiohttp", "pyyaml", "pydantic", "click")
_WHOLE = "installed"  # a file in each venv that is complete
_VERSIONS = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]), sep='\\n')"
_SHOWN, _GIB = 500, 1024**3


class NotInstalledError(Exception):
    """The project cannot be installed here."""


@cache
def programs() -> Path:
    """Return the folder of Python and of this checkout's programs, installed anew; raises `NotInstalledError`."""
    pip = VENV / "bin" / "pip"
    try:
        if not pip.exists():
            _run(sys.executable, "-m", "venv", VENV)
        _run(pip, "install", "--quiet", ROOT, _OF_BARE_CLIENTS)
        _run(pip, "install", "--quiet", "--force-reinstall", "--no-deps", ROOT)
    except (OSError, subprocess.CalledProcessError) as error:
        why = (getattr(error, "stderr", "") or getattr(error, "stdout", "") or str(error)).strip()[-_SHOWN:]
        raise NotInstalledError(f"this checkout cannot be installed into {VENV}:\n{why}") from error
    return VENV / "bin"


def installed(requirement: str, program: str) -> Path | str:
    """Return a program of a package, installed if need be; where that fails, the reason, and nothing is left."""
    venv = FOLDER / requirement
    file, whole = venv / "bin" / program, venv / _WHOLE
    try:
        if not whole.exists():
            _install(requirement, venv)
            whole.touch()
    except (OSError, subprocess.CalledProcessError):
        return f"{requirement} cannot be installed from the package index"
    return file if file.exists() else f"{requirement} has no program {program}"


def _install(requirement: str, venv: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    try:
        _run(sys.executable, "-m", "venv", venv)
        _run(venv / "bin" / "pip", "install", "--quiet", requirement)
    except BaseException:
        shutil.rmtree(venv, ignore_errors=True)
        raise


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def versions(venv: Path, *packages: str) -> list[str]:
    """Return `NAME VERSION` of packages in a venv; nothing where it, or one of them, is missing."""
    command = [str(venv / "bin" / "python"), "-c", _VERSIONS, *packages]
    try:
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return []
    return [f"{name} {version}" for name, version in zip(packages, found, strict=True)]


def version(requirement: str) -> str:
    """Return `NAME VERSION` of a package in its own venv; empty where it is missing."""
    return "".join(versions(FOLDER / requirement, requirement))


def machine() -> str:
    """Return one line on the machine and the versions, without the machine's name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    named = [f"Python {platform.python_version()}", *versions(VENV, *_LIBRARIES)]
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {', '.join(named)}."
