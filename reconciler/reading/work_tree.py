"""
The work tree: the folder whose files belong to the repository; files are named from its top.

Files outside of it, git's own and this tool's own are never read, since a preview may show to others what a spec holds.
Links are followed before that is decided. Git is not called, so its variables cannot widen the folder.
"""

import os
from pathlib import Path

from msgspec import Struct

from reconciler.errors import InputError

_GIT = ".git"
_OURS = ".reconciler"


class WorkTree(Struct, frozen=True):
    """The folder of a repository: git's work tree, or the project's own folder where there is no git."""

    top: Path
    is_of_git: bool

    def name(self, path: Path) -> str:
        """Return what a file is called: its path from the top, with forward slashes."""
        try:
            return printable(Path(os.path.relpath(path, self.top)).as_posix())
        except ValueError:  # on another drive
            return printable(path.as_posix())

    def holds(self, path: Path) -> bool:
        """Return whether a path, once links are followed, is inside, and none of git's or this tool's own files."""
        try:
            inside = _below(os.path.realpath(path), os.path.realpath(self.top))
        except ValueError:  # no file can have this name, as whoever tries to read it will say
            return True
        return inside is not None and not {_GIT, _OURS} & set(map(str.lower, inside))

    @property
    def refusal(self) -> str:
        """Return the message for a path outside."""
        return f"it is outside of {'the git repository' if self.is_of_git else 'the folder of the project'}"

    @property
    def cure(self) -> str:
        """Return the cure for a path outside."""
        if self.is_of_git:
            return "move it into the repository: what specs read is shown to others"
        return "move it into this folder, or keep both in one git repository: what specs read is shown to others"


def work_tree_of(folder: Path) -> WorkTree:
    """
    Return the work tree of the nearest repository around a folder; raise `InputError` if the folder is gone.

    A repository behind a link out of another repository does not count: the link may have come with a change.
    """
    try:
        start = Path(os.path.abspath(folder))  # noqa: PTH100  links must not be followed yet
    except FileNotFoundError as error:
        raise InputError("the current folder is gone: change to one that is there") from error
    marked = [one for one in (start, *start.parents) if os.path.lexists(one / _GIT)]
    for at, one in enumerate(marked):
        if all(_below(os.path.realpath(one), os.path.realpath(outer)) is not None for outer in marked[at + 1 :]):
            return WorkTree(one, is_of_git=True)
    return WorkTree(start, is_of_git=False)


def linked_folder(path: Path) -> Path | None:
    """
    Return the folder above a path that is a link inside of a git repository, if there is one.

    Such a link may have come with a change. Links above the repository are the operator's own.
    """
    above = Path(os.path.abspath(path)).parents  # noqa: PTH100  links must not be followed yet
    tops = [at for at, one in enumerate(above) if not one.is_symlink() and os.path.lexists(one / _GIT)]
    return next((one for one in above[: tops[-1]] if one.is_symlink()), None) if tops else None


def _below(path: str, folder: str) -> tuple[str, ...] | None:
    """Return the parts of a path below a folder, or None if it is not below."""
    try:
        return Path(path).relative_to(folder).parts
    except ValueError:
        return None


def printable(name: str) -> str:
    """Return a name that can be printed: file systems allow line breaks in names, and bytes that are no text."""
    return name if name.isprintable() else "".join(letter if letter.isprintable() else "�" for letter in name)
