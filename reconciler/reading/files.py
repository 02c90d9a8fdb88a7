"""Find spec files: folders, files and globs → their names, sorted, within the work tree that holds them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from reconciler.errors import InputError, Problem
from reconciler.reading.document import identity, reason

SPEC_ENDINGS = (".yaml", ".yml")
FORMATS: Mapping[str, Literal["csv", "json", "yaml"]] = {
    ".csv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    **dict.fromkeys(SPEC_ENDINGS, "yaml"),
}
"""What a data file is, by the ending of its name."""

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
    link, folder = None, os.path.abspath(path)  # noqa: PTH100  links are not followed yet; texts, as each write asks
    while (above := os.path.dirname(folder)) != folder:  # noqa: PTH120  the same
        folder = above
        if os.path.islink(above):  # noqa: PTH114  the same
            link = link or above
        elif link and os.path.lexists(os.path.join(above, _GIT)):  # noqa: PTH118  the same
            return Path(link)
    return None


def _below(path: str, folder: str) -> tuple[str, ...] | None:
    """Return the parts of a path below a folder, or None if it is not below."""
    try:
        return Path(path).relative_to(folder).parts
    except ValueError:
        return None


def printable(name: str) -> str:
    """Return a name that can be printed: file systems allow line breaks in names, and bytes that are no text."""
    return name if name.isprintable() else "".join(letter if letter.isprintable() else "�" for letter in name)


_JSON = ".json"


class SpecFile(Struct, frozen=True):
    """A file to read, and what it is called: its path from the top of the repository, with forward slashes."""

    name: str
    path: Path
    tree: WorkTree


class Files(Struct, frozen=True):
    """
    The files that were found, sorted by name, and the problems of entries that find none.

    Unless it `is_complete`, there may be more files: an entry cannot be followed, or a folder cannot be read. `json`
    are the files of folders that end in .json, which are not read.
    """

    files: tuple[SpecFile, ...]
    problems: tuple[Problem, ...]
    is_complete: bool = True
    json: tuple[SpecFile, ...] = ()


def find_files(entries: Sequence[str], *, root: Path, example: str = "contacts.yaml") -> Files:
    """
    Find the files of entries; each entry is a folder, a file or a glob, relative to the root.

    An entry outside of the repository is a problem and is not read.

    A folder stands for all `*.yaml` and `*.yml` in it, at any depth, without hidden ones. A file that is found twice is
    returned once. `example` is the name of a file that an empty folder could have.
    """
    search = _Search(root, example)
    for entry in dict.fromkeys(entries):
        search.take(entry)
    if not entries:
        search.problems[Problem(".", 0, 0, "", "no specs are named", "name a folder of specs, such as specs")] = None
    files = sorted(search.found.values(), key=lambda file: file.name)
    return Files(tuple(files), tuple(search.problems), search.is_complete, tuple(dict.fromkeys(search.json)))


def entry_name(root: Path, entry: str) -> str:
    """Return what an entry is called by the problem that it finds nothing."""
    return _called(root, entry, work_tree_of(root))


def _called(root: Path, entry: str, tree: WorkTree) -> str:
    return tree.name(root / entry) if tree.holds(root / entry) else printable(entry)


class _Search:
    """A search that remembers what it has found under which name."""

    def __init__(self, root: Path, example: str) -> None:
        self.found: dict[object, SpecFile] = {}
        self.problems: dict[Problem, None] = {}
        self.json: list[SpecFile] = []
        self.is_complete = True
        self._root = root
        self._tree = work_tree_of(root)
        self._example = example

    def take(self, entry: str) -> None:
        """Add all files of an entry."""
        path = self._root / entry
        try:
            is_glob = _is_glob(entry) and not _is_there(path)
            if not self._tree.holds(self._root / _fixed_part(entry) if is_glob else path):
                self._outside(entry)
            elif is_glob:
                self._take_glob(entry)
            elif path.is_dir():
                self._take_folder(path, entry)
            else:
                self._take_file(path, entry)
        except (OSError, ValueError) as error:
            self._unseen(entry, f"cannot be read: {reason(error)}", "fix it, or name other files")

    def _take_file(self, path: Path, entry: str) -> None:
        if not _is_there(path):
            self._wrong(entry, "no such file or folder", "check the name, or create it")
        elif FORMATS.get(path.suffix.lower(), "yaml") != "yaml":
            self._wrong(entry, "this is a table, and no spec", "name it under contacts_from, in a spec")
        else:
            self._add(SpecFile(self._tree.name(path), path, self._tree))

    def _take_folder(self, folder: Path, entry: str) -> None:
        before = len(self.problems)
        if not self._add_all(self._walk(folder)) and len(self.problems) == before:
            self._wrong(entry, "no spec files in this folder", f"add one, such as {entry.rstrip('/')}/{self._example}")

    def _take_glob(self, entry: str) -> None:
        if any("**" in part and part != "**" for part in Path(entry).parts):
            self._unseen(entry, "** is next to other letters", "write ** alone between slashes: specs/**/*.yaml")
        elif ".." in Path(entry).parts[len(Path(_fixed_part(entry)).parts) :]:
            self._unseen(entry, ".. comes after a pattern", "write .. at the start: ../specs/*.yaml")
        elif not self._add_all(file for match in self._matches(entry) for file in self._files_of(match)):
            self._wrong(entry, "no spec file matches", "check the pattern; spec files end in .yaml or .yml")

    def _matches(self, entry: str) -> Iterator[Path]:
        for match in _matches(self._root, entry):
            if self._tree.holds(match):
                yield match
            else:
                self._outside(entry)

    def _files_of(self, match: Path) -> Iterator[SpecFile]:
        if match.is_dir():
            yield from self._walk(match)
        elif match.suffix.lower() in SPEC_ENDINGS:
            yield SpecFile(self._tree.name(match), match, self._tree)

    def _walk(self, folder: Path) -> Iterator[SpecFile]:
        """Yield the spec files below a folder, each folder once: links can make circles."""
        seen: set[object] = set()
        waiting = [(folder, self._tree.name(folder))]
        while waiting:
            path, name = waiting.pop()
            if (place := identity(path)) in seen:
                continue
            seen.add(place)
            for file, is_link in self._listed(path):
                below = printable(file if name == "." else f"{name}/{file}")
                entry = path / file
                if is_link and not self._tree.holds(entry):
                    if entry.suffix.lower() in SPEC_ENDINGS or entry.is_dir():
                        self._outside(below, name=below)
                elif entry.suffix.lower() in SPEC_ENDINGS:
                    yield SpecFile(below, entry, self._tree)
                elif entry.is_dir():
                    waiting.append((entry, below))
                elif entry.suffix.lower() == _JSON and entry.is_file():
                    self.json.append(SpecFile(below, entry, self._tree))

    def _listed(self, path: Path) -> list[tuple[str, bool]]:
        """Return the names in a folder, without hidden ones, each with whether it is a link."""
        try:
            with os.scandir(path) as entries:
                return sorted((one.name, one.is_symlink()) for one in entries if not one.name.startswith("."))
        except OSError as error:
            why = f"this folder cannot be read: {reason(error)}"
            self._unseen(str(path), why, "fix it, or name other folders", name=self._tree.name(path))
            return []

    def _add_all(self, files: Iterable[SpecFile]) -> int:
        found = tuple(files)
        for file in found:
            self._add(file)
        return len(found)

    def _add(self, file: SpecFile) -> None:
        place = identity(file.path)
        known = self.found.get(place, file)
        self.found[place] = min(file, known, key=lambda one: one.name)

    def _outside(self, entry: str, *, name: str = "") -> None:
        self._unseen(entry, self._tree.refusal, self._tree.cure, name=name)

    def _unseen(self, entry: str, message: str, cure: str, *, name: str = "") -> None:
        self.is_complete = False
        self._wrong(entry, message, cure, name=name)

    def _wrong(self, entry: str, message: str, cure: str, *, name: str = "") -> None:
        """Record what is wrong with an entry, or with the file `name` below it."""
        called = name or _called(self._root, entry, self._tree)
        problem = Problem(called, 0, 0, "", message, cure)
        self.problems[problem] = None


def _fixed_part(entry: str) -> str:
    """Return the start of an entry that is no pattern."""
    parts = Path(entry).parts
    fixed = next((at for at, part in enumerate(parts) if _is_glob(part)), len(parts))
    return str(Path(*parts[:fixed]))


def _matches(root: Path, entry: str) -> Iterator[Path]:
    """Return what a glob matches; hidden files only if the glob names them."""
    fixed = _fixed_part(entry)
    from reconciler.reading.globs import Glob  # noqa: PLC0415  most entries are folders

    parts = Path(entry).parts
    return Glob(parts[len(Path(fixed).parts) :], named=frozenset(parts)).below(root / fixed)


def _is_glob(entry: str) -> bool:
    return any(letter in entry for letter in "*?[")


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()  # a link to nothing is there: reading it will say what is wrong with it
