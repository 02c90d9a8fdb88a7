"""
Files that this tool keeps in `.reconciler/`, and files that it was asked for: private, whole, and never behind a link.

They hold what an account knows, so their owner alone can read them, whatever the umask. A repository may hold links
that somebody else made, so a link is refused where a file is to be, and in the folders between it and the top of the
repository. Links above that are the operator's (`/tmp` is one on macOS) and are followed.
`ids.json` is a cache: without it plans know less and ask more, but are never wrong.
"""

import errno
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from reconciler.errors import InputError, StateError
from reconciler.reading.work_tree import linked_folder


def existing(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names under which something stands already, links to nothing included; raises `InputError`."""
    paths = {name: folder / name for name in sorted(names)}
    for part in dict.fromkeys(parent for path in paths.values() for parent in path.parents):
        if part.is_symlink() and part.is_relative_to(folder):
            raise InputError(f"{part} is a link, and nothing is written through links: name the folder it leads to")
        if _is_there(part) and not part.is_dir():
            raise InputError(f"{part} is in the way: it is no folder")
    return tuple(name for name, path in paths.items() if _is_there(path))


def write_new(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files by their names in the folder, which is made where it is missing; raises `StateError`."""
    for name, text in sorted(texts.items()):
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise StateError(f"cannot write {path}: {error.strerror}") from error


def _is_there(path: Path) -> bool:
    """Return whether something stands at a path; a link to nothing does."""
    try:
        return path.is_symlink() or path.exists()
    except OSError as error:
        raise StateError(f"cannot look at {path}: {error.strerror}") from error


_FORMAT_VERSION = "1.0"
_OPEN = re.compile(r"/dev/std(?P<name>out|err)|/(?:dev|proc/self)/fd/(?P<number>[0-9]{1,9})")
_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag
_AS_IT_IS = getattr(os, "O_BINARY", 0)  # and would end lines with two characters without this one


class MemoryIds(Struct, frozen=True):
    """
    The ids remembered for one environment; another API or account under the same name has ids of its own.

    `account` tells accounts apart, and is a digest that says nothing of the key.
    """

    folder: Path
    environment: str
    api: str
    account: str

    def load(self) -> dict[str, str]:
        """Return the ids by `ContactMemory.identity`; none where the file is missing or is not what it should be."""
        return self._entries().get(self._name, {})

    def remember(self, learned: Mapping[str, str]) -> None:
        """Add ids to the file; raises `StateError` where it cannot be written."""
        known = self.load()
        if learned.items() <= known.items():
            return
        entries = {**self._entries(), self._name: {**known, **learned}}
        document = {"format_version": _FORMAT_VERSION, "environments": entries}
        write_file(self._path, json.dumps(document, indent=1, sort_keys=True) + "\n")

    @property
    def _path(self) -> Path:
        return self.folder / "ids.json"

    @property
    def _name(self) -> str:
        return f"{self.environment} {self.api} {self.account}"

    def _entries(self) -> dict[str, dict[str, str]]:
        try:
            document = json.loads(read_kept(self._path))
        except (OSError, ValueError, RecursionError):
            return {}
        entries = document.get("environments") if isinstance(document, dict) else None
        if not isinstance(entries, dict) or document.get("format_version") != _FORMAT_VERSION:
            return {}
        return {name: _texts(ids) for name, ids in entries.items() if isinstance(ids, dict)}


def _texts(ids: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in ids.items() if isinstance(value, str)}


def read_kept(path: Path) -> bytes:
    """Read a file of this tool's own; raises `OSError`, also for a pipe, which would be waited for."""
    _mode_of_file(path)
    return path.read_bytes()


def _mode_of_file(path: Path) -> int:
    """Return the rights of a file; raises `OSError` for what is none."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return stat.S_IMODE(mode)


def prepare_folder(folder: Path) -> Path:
    """Make the folder that holds what this tool keeps, out of git's sight; raises `StateError`."""
    make_private_folder(folder)
    ignore = folder / ".gitignore"
    check_no_link(ignore)
    try:
        if not ignore.exists():
            with os.fdopen(open_new(ignore), "w", encoding="utf-8", newline="") as file:
                file.write("*\n")
    except OSError as error:
        raise StateError(f"cannot write {ignore}: {error.strerror}") from error
    return folder


def make_private_folder(folder: Path) -> None:
    """Make a folder for this tool's own files where there is none; raises `StateError`, also for a link to one."""
    check_no_link(folder)
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"cannot make the folder {folder}: {error.strerror}") from error


def make_private_file(path: Path) -> None:
    """Make an empty file where there is none, and take it from others where there is; raises `StateError`."""
    check_no_link(path)
    try:
        if not path.exists():
            os.close(open_new(path))
        if _mode_of_file(path) & ~_PRIVATE:
            path.chmod(_PRIVATE)
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def check_no_link(path: Path) -> None:
    """Raise `StateError` where a link stands in the place of a file or folder that is to be written."""
    try:
        target = path.readlink() if path.is_symlink() else None
        folder = linked_folder(path)
    except OSError as error:
        raise StateError(f"cannot look at {path}: {error.strerror}") from error
    if folder is not None:
        raise StateError(f"{folder} is a link, and nothing is written through links: name the folder it leads to")
    if target is not None:
        circle = " (too many levels of symbolic links)" if _leads_in_a_circle(path) else ""
        raise StateError(
            f"{path} is a link to {target}{circle}, and nothing is written through links: "
            "remove it, or name the place that it leads to"
        )


def _leads_in_a_circle(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def open_new(path: Path, flags: int = 0) -> int:
    """Create a file for its owner alone and open it to write; raises `OSError` where anything stands there."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_IT_IS | flags, _PRIVATE)


def open_kept(path: Path) -> int:
    """Open a file that is there to read and write, and no link to one; raises `OSError`."""
    return os.open(path, os.O_RDWR | _NO_LINK | _AS_IT_IS)


def write_file(path: Path, text: str) -> None:
    """
    Write a file whole or not at all, for its owner alone, in UTF-8; a pipe or device as it is.

    Raises `StateError`, also where a link stands.
    """
    try:
        if _is_stream(path):
            _append(path, text)
        else:
            check_no_link(path)
            _replace(path, text, _PRIVATE)
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def rewrite_file(path: Path, text: str) -> None:
    """Write a person's own file anew, with the rights that it has, where a link leads to; raises `StateError`."""
    try:
        real = Path(os.path.realpath(path))
        _replace(real, text, stat.S_IMODE(real.stat().st_mode))
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def _is_stream(path: Path) -> bool:
    """Return whether a path is a pipe, a device, or another name of a file that is open, such as `/dev/stdout`."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    folder = os.path.realpath(path.parent)
    is_open = folder == "/dev" or (folder.startswith(("/dev/fd", "/proc/")) and folder.endswith("/fd"))
    is_other = not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return is_open or (is_other and not path.is_symlink())


def _append(path: Path, text: str) -> None:
    """Write to the end of a stream; to one that this process has open, after what it has written there."""
    own = _OPEN.fullmatch(str(path))
    if own:
        descriptor = os.dup(int(own["number"] or {"out": 1, "err": 2}[own["name"]]))
    else:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def _replace(path: Path, text: str, mode: int) -> None:
    """Put a finished file in the place of the old one, under a name that no other run uses until then."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Raise `StateError` unless a file can be written there, before anything depends on it."""
    try:
        if path.is_dir() and not path.is_symlink():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not _is_stream(path):
            check_no_link(path)
            _try_draft(path)
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def check_rewritable(path: Path) -> None:
    """Raise `StateError` unless a person's own file can be written anew."""
    try:
        _try_draft(Path(os.path.realpath(path)))
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def _try_draft(path: Path) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    Path(draft).unlink()


def check_folder(folder: Path) -> None:
    """Raise `InputError` where a link, or something that is no folder, stands in the folder's place."""
    if not _is_there(folder):
        return
    if folder.is_symlink():
        raise InputError(f"{folder} is a link, and nothing is written through links: name the folder that it leads to")
    if not folder.is_dir():
        raise InputError(f"{folder} is in the way: it is no folder; name another, or move it")


def write_new_files(folder: Path, texts: Mapping[str, str]) -> None:
    """
    Write files by their paths relative to the folder, which is made where it is missing.

    Raises `InputError` before anything is written where a file is in the way, and `StateError` where one cannot be
    written.
    """
    paths = {folder / name: text for name, text in sorted(texts.items())}
    for path in paths:
        check_folder(folder)
        check_folder(path.parent)
        if _is_there(path):
            # file names tell the names of people, and this is printed where others read
            raise InputError(f"{folder} holds files that this export would write; name another folder, or move them")
    for path, text in paths.items():
        _write_new(path, text, within=folder)


def _write_new(path: Path, text: str, *, within: Path) -> None:
    try:
        within.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(open_new(path), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}; mend that, and export to another folder") from error
