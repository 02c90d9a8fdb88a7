"""The project as whoever uses it has it: installed in a venv, with nothing beside it that only development needs."""

import subprocess
import sys
from functools import cache
from pathlib import Path

from benchmarks.peers.venvs import FOLDER
from benchmarks.serving import ROOT

_VENV = FOLDER / "reconciler"


@cache
def programs() -> Path:
    """Give the folder of Python and of this checkout's programs, installed anew; raises `CalledProcessError`."""
    pip = _VENV / "bin" / "pip"
    if not pip.exists():
        subprocess.run([sys.executable, "-m", "venv", _VENV], check=True, capture_output=True)
    subprocess.run([pip, "install", "--quiet", ROOT], check=True, capture_output=True)
    subprocess.run([pip, "install", "--quiet", "--force-reinstall", "--no-deps", ROOT], check=True, capture_output=True)
    return _VENV / "bin"
