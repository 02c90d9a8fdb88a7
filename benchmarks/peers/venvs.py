"""Peers from PyPI, each in a venv of its own, kept for the next run."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".venvs"
"""Where all venvs are that contestants run in."""


def installed(requirement: str, program: str) -> Path | str:
    """Give a program of a package, installed if need be; where that cannot be, the reason."""
    venv = FOLDER / requirement
    file = venv / "bin" / program
    if file.exists():
        return file
    try:
        subprocess.run([sys.executable, "-m", "venv", venv], check=True, capture_output=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", requirement], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return f"{requirement} cannot be installed from the package index"
    return file if file.exists() else f"{requirement} has no program {program}"


def version(requirement: str) -> str:
    """Give `NAME VERSION` of an installed package."""
    python = FOLDER / requirement / "bin" / "python"
    code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    said = subprocess.run([python, "-c", code, requirement], check=True, capture_output=True, text=True)
    return f"{requirement} {said.stdout.strip()}"
