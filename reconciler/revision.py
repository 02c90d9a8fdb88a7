"""A repository as it was at a git revision, in a folder of its own."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import InputError

_PATIENCE = 120.0


@contextmanager
def checked_out(folder: Path, ref: str) -> Iterator[Path]:
    """
    Give the folder as it was at a revision; neither the work tree nor git's index is touched.

    Raises `InputError` where git, a repository or the revision is missing.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if not commit:
        raise InputError(
            f"--base {ref}: git knows no such revision here; fetch it first (in CI, a checkout with its whole history)"
        )
    prefix = _git(folder, "rev-parse", "--show-prefix")
    with tempfile.TemporaryDirectory(prefix="reconciler-") as temporary:
        files = Path(temporary, "files")
        files.mkdir()
        index = {"GIT_INDEX_FILE": str(Path(temporary, "index"))}
        _check_out(folder, f"{commit}:{prefix.rstrip('/')}", files, index)
        yield files


def _check_out(folder: Path, tree: str, files: Path, index: Mapping[str, str]) -> None:
    """Write the files of a tree; one that did not exist yet is an empty folder."""
    if _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", tree):
        top = Path(_git(folder, "rev-parse", "--show-toplevel"))
        _git(folder, "read-tree", tree, more=index)
        _git(top, "checkout-index", "--all", f"--prefix={files}/", more=index)


def _git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str:
    """Call git and give what it prints; nothing where it only says no, as `rev-parse --verify` does."""
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **(more or {})}
    try:
        done = subprocess.run(  # noqa: S603  a fixed program, arguments that no shell reads
            command, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except FileNotFoundError as error:
        raise InputError("--base needs git, which is not installed here") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"git {arguments[0]} took longer than {_PATIENCE:g} seconds") from error
    if done.returncode and done.stderr.strip():
        raise InputError(f"git {arguments[0]}: {done.stderr.strip().splitlines()[0]}")
    return done.stdout.strip()
