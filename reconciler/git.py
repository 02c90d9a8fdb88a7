"""Ask git for the files of a revision, and for the author of a line."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from reconciler.core.model.text import shortened
from reconciler.errors import InputError
from reconciler.reading.files import FORMATS, SPEC_ENDINGS

_PATIENCE = 120.0
_OF_A_REPOSITORY = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
}
"""Variables that would override the folder; git sets some of them for its hooks."""

_LINK = "120000"
_SUBMODULE = "160000"
_READ_SUFFIXES = tuple(FORMATS)
_LITERALLY = {"GIT_LITERAL_PATHSPECS": "1"}
_TRUST = "git config --global --add safe.directory "
_SHORT, _LONGEST_NAME = 10, 100
_EARLIER = ("origin/HEAD", "HEAD~1")
_NO_DATE = "no date"
_MOST_RANGES = 1_000
"""For more lines than these, git is asked about the whole file: a command takes only so many arguments."""


@contextmanager
def checked_out(folder: Path, ref: str, *, asked: str = "") -> Iterator[Path]:
    """
    Check out the files of a revision that specs can be read from, and yield the copy of `folder`.

    Messages name the revision as it was `asked` for.

    Neither the work tree nor git's index is touched. Raises `InputError` where git, a repository or the revision is
    missing, and `UntrustedError` where git does not read the repository.
    """
    commit = _commit(folder, ref)
    if ".." in ref:  # git takes the end of a range for a commit
        raise InputError(f"{asked or ref}: one revision is expected, and this is a range")
    if not commit:
        cure = "fetch it first (in CI, a checkout with its whole history)"
        raise InputError(f"{asked or ref}: git knows no such revision here; {cure}")
    prefix = _git(folder, "rev-parse", "--show-prefix")
    with tempfile.TemporaryDirectory(prefix="reconciler-") as temporary:
        top = Path(temporary, "files")
        Path(top, prefix).mkdir(parents=True)
        _check_out(folder, commit, top, Path(temporary, "index"))
        Path(top, ".git").write_text("the files of a commit\n", encoding="utf-8")  # so that it counts as a work tree
        yield Path(top, prefix)


def earlier_revision(folder: Path) -> str | None:
    """Return a revision to compare with: the remote's branch, or else the commit before; None where there is none."""
    try:
        here, *earlier = (_commit(folder, ref) for ref in ("HEAD", *_EARLIER))
    except InputError:
        return None
    return next((ref for ref, commit in zip(_EARLIER, earlier, strict=True) if commit not in {"", here}), None)


class Commit(Struct, frozen=True):
    """A commit: the start of its id, the day on which its author wrote it (UTC) or `no date`, the author's name."""

    id: str
    date: str
    author: str


def authors_of(folder: Path, lines: Mapping[str, Collection[int]]) -> Mapping[tuple[str, int], Commit]:
    """
    Return the commit that last changed each of these lines; files are named from the top of the repository.

    Lines that no commit holds are left out. Raises `InputError` where git or a repository is missing, or not trusted.
    """
    top = _top(folder)
    found: dict[tuple[str, int], Commit] = {}
    for file, wanted in lines.items():
        ranges = [f"-L{line},{line}" for line in sorted(wanted) if line] if len(wanted) < _MOST_RANGES else []
        try:
            blamed = _git(top, "blame", "--line-porcelain", "--no-textconv", *ranges, "--", file)
        except InputError:
            continue  # a file, or a line of it, that was never committed
        found.update({(file, line): commit for line, commit in _blamed(blamed) if line in wanted})
    return found


def head_of(folder: Path) -> str | None:
    """Return the commit that is checked out; None where there is none, and where git cannot tell."""
    try:
        return _commit(folder, "HEAD") or None
    except InputError:
        return None


def commit_of(folder: Path, read: Collection[str]) -> tuple[str, bool] | None:
    """
    Return the commit that is checked out, and whether a file that was `read` differs from it or a spec of it is gone.

    Files are named from the top of the work tree. None where git cannot tell.
    """
    if not (commit := head_of(folder)):
        return None
    try:
        top = _top(folder)
        below = ("--", *sorted({name.partition("/")[0] for name in read} - {".."}))
        known = _git(top, "ls-files", "-z", "--recurse-submodules", *below, more=_LITERALLY).split("\0")
        plain = ("--name-only", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=untracked")
        changed = _git(top, "diff", "-z", *plain, "HEAD", *below, more=_LITERALLY).split("\0")
    except InputError:
        return None
    return commit, not set(known).issuperset(read) or any(_matters(top, name, read) for name in filter(None, changed))


def _matters(top: Path, changed: str, read: Collection[str]) -> bool:
    """Return whether a file or submodule that differs from the commit was read, or is a spec that is gone."""
    if changed in read or any(name.startswith(f"{changed}/") for name in read):
        return True
    return changed.lower().endswith(SPEC_ENDINGS) and not os.path.lexists(top / changed)


def _blamed(text: str) -> Iterator[tuple[int, Commit]]:
    """Yield the lines that `git blame --line-porcelain` prints: a heading, fields, and the text after a tab."""
    identity, line, fields = "", 0, dict[str, str]()
    for row in text.split("\n"):
        if row.startswith("\t"):
            if identity.strip("0"):
                author = shortened(fields["author"], _LONGEST_NAME)
                yield line, Commit(identity[:_SHORT], _day(fields["author-time"]), author)
            identity, fields = "", {}
        elif not identity:
            identity, _, final, *_ = row.split()
            line = int(final)
        else:
            name, _, value = row.partition(" ")
            fields[name] = value


def _day(seconds: str) -> str:
    """Return the day of a time from git, which may be out of range."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return _NO_DATE


def _check_out(folder: Path, commit: str, files: Path, index: Path) -> None:
    """
    Write the files of a commit that may be specs or data, and all links, which may lead to some.

    Those of a submodule, too, at the commit that this one names, where the submodule is checked out here.
    """
    top = _top(folder)
    own = {"GIT_INDEX_FILE": str(index)}
    _git(top, "read-tree", commit, more=own)
    entries = _git(top, "ls-files", "-z", "--stage", more=own).split("\0")
    wanted = "".join(f"{name}\0" for name in filter(None, map(_readable, entries)))
    _git(top, "checkout-index", "-z", "--stdin", f"--prefix={files}/", more=own, given=wanted)
    for entry in entries:
        mode, _, name = entry.partition("\t")
        if mode.startswith(_SUBMODULE) and _is_checked_out(top, name):
            _check_out_submodule(top / name, mode.split()[1], files / name, index)


def _is_checked_out(top: Path, name: str) -> bool:
    """Return whether a submodule is in its place; a link there may lead out of the repository."""
    there = top / name
    return (there / ".git").exists() and os.path.realpath(there) == os.path.join(os.path.realpath(top), name)  # noqa: PTH118


def _check_out_submodule(folder: Path, commit: str, files: Path, index: Path) -> None:
    if not _commit(folder, commit):
        cure = f"fetch it: git -C {shlex.quote(str(folder))} fetch"
        raise InputError(f"the submodule {folder.name} lacks the commit {commit[:_SHORT]} that it was at; {cure}")
    files.mkdir(parents=True, exist_ok=True)
    _check_out(folder, commit, files, index.with_name(f"{index.name}-{commit}"))


def _readable(entry: str) -> str:
    """Return the file's name in a line of `git ls-files --stage`; empty where it is neither a spec, data nor a link."""
    mode, _, name = entry.partition("\t")
    if "�" in name or mode.startswith(_SUBMODULE):  # bytes that are no text, and what has files of its own
        return ""
    return name if name.lower().endswith(_READ_SUFFIXES) or mode.startswith(_LINK) else ""


def _commit(folder: Path, ref: str) -> str:
    """Return the id of the commit that a revision names; empty where there is none."""
    return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")


def _top(folder: Path) -> Path:
    """Return the top of the work tree that a folder is in."""
    return Path(_git(folder, "rev-parse", "--show-toplevel"))


class UntrustedError(InputError):
    """Git does not read a repository, because somebody else owns its folder; the message names the cure."""


def _failure(command: str, stderr: str) -> InputError:
    """Return the error for what git printed on standard error."""
    cure = next((line.strip() for line in stderr.splitlines() if line.strip().startswith(_TRUST)), "")
    if cure:
        return UntrustedError(f"git does not read this repository, since somebody else owns it; to trust it: {cure}")
    return InputError(f"git {command}: {stderr.strip().splitlines()[0]}")


def _git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None, given: str | None = None) -> str:
    """Call git and return what it prints; empty where it fails silently, as `rev-parse --verify` does."""
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    own = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    environment = {**own, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **(more or {})}
    try:
        done = subprocess.run(  # noqa: S603  a fixed program, arguments that no shell reads
            command,
            env=environment,
            input=given,
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
        raise _failure(arguments[0], done.stderr)
    return done.stdout.strip()
