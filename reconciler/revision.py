"""What git knows of a repository: its files at a revision, in a folder of their own, and who wrote a line."""

import os
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from reconciler.errors import InputError

_PATIENCE = 120.0
_OF_HOOKS = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
_SHORT = 10
_NO_DATE = "no date"


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


class Commit(Struct, frozen=True):
    """A commit: the start of its id, the day on which its author wrote it (UTC) or `no date`, the author's name."""

    id: str
    date: str
    author: str


def authors_of(folder: Path, lines: Mapping[str, Collection[int]]) -> Mapping[tuple[str, int], Commit]:
    """
    Give the commit that last changed each of these lines of files, which are named from the folder.

    Lines that no commit holds are left out. Raises `InputError` where git or a repository is missing.
    """
    _git(folder, "rev-parse", "--git-dir")
    found: dict[tuple[str, int], Commit] = {}
    for file, wanted in lines.items():
        ranges = (f"-L{line},{line}" for line in sorted(wanted) if line)
        try:
            told = _git(folder, "blame", "--line-porcelain", "--no-textconv", *ranges, "--", file)
        except InputError:
            continue  # a file, or a line of it, that was never committed
        found.update({(file, line): commit for line, commit in _blamed(told) if line in wanted})
    return found


def _blamed(told: str) -> Iterator[tuple[int, Commit]]:
    """Read what `git blame --line-porcelain` prints: of each line a heading, fields, and after a tab its text."""
    identity, line, fields = "", 0, dict[str, str]()
    for row in told.split("\n"):
        if row.startswith("\t"):
            if identity.strip("0"):
                yield line, Commit(identity[:_SHORT], _day(fields["author-time"]), fields["author"])
            identity, fields = "", {}
        elif not identity:
            identity, _, final, *_ = row.split()
            line = int(final)
        else:
            name, _, value = row.partition(" ")
            fields[name] = value


def _day(seconds: str) -> str:
    """Give the day of a time of git's, which may be one that no calendar has."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return _NO_DATE


def _check_out(folder: Path, tree: str, files: Path, index: Mapping[str, str]) -> None:
    """Write the files of a tree; one that did not exist yet is an empty folder."""
    if _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", tree):
        top = Path(_git(folder, "rev-parse", "--show-toplevel"))
        _git(folder, "read-tree", tree, more=index)
        _git(top, "checkout-index", "--all", f"--prefix={files}/", more=index)


def _git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str:
    """Call git and give what it prints; nothing where it only says no, as `rev-parse --verify` does."""
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    # a git hook is told of the repository by variables, which beat the folder that is meant here
    own = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    environment = {**own, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **(more or {})}
    try:
        done = subprocess.run(  # noqa: S603  a fixed program, arguments that no shell reads
            command,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_PATIENCE,
        )
    except FileNotFoundError as error:
        raise InputError("this needs git, which is not installed here") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"git {arguments[0]} took longer than {_PATIENCE:g} seconds") from error
    if done.returncode and done.stderr.strip():
        raise InputError(f"git {arguments[0]}: {done.stderr.strip().splitlines()[0]}")
    return done.stdout.strip()
