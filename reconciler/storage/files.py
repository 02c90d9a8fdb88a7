"""
Files that are written whole, never through a link: private ones of this tool, and new ones for people.

Private files lie in `.reconciler/` or where an option asks for them. They hold what an account knows, so only their
owner can read them, whatever the umask. A repository may hold links that somebody else made. So a link is refused in
the place of a file, and in the folders between it and the top of the repository. Links above the top are the
operator's (`/tmp` is one on macOS) and are followed. `init` and `export` make new files, and never replace one.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from reconciler.core.model.text import visible
from reconciler.errors import InputError, StateError
from reconciler.reading.document import too_large
from reconciler.reading.files import linked_folder

_OPEN = re.compile(r"/dev/std(?P<name>in|out|err)|/(?:dev|proc/self)/fd/(?P<number>[0-9]{1,9})")
PRIVATE = 0o600
_STREAMS = {"in": 0, "out": 1, "err": 2}
_LARGEST = 1 << 30
_BLOCK = 1 << 20
_PRIVATE_FOLDER = 0o700
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # nor this one, without which a pipe that nobody reads is waited for
_AS_IT_IS = getattr(os, "O_BINARY", 0)  # and would end lines with two characters without this one


@contextmanager
def state_errors(
    doing: str, path: Path, cure: str = "", cures: Mapping[int, str] = MappingProxyType({})
) -> Iterator[None]:
    """
    Raise `StateError` for an `OSError`, as in "cannot write PATH: No space left on device".

    Its cure is that of the `errno` among `cures`, or else `cure`.
    """
    try:
        yield
    except OSError as error:
        known = cures.get(error.errno or 0, cure)
        raise StateError(f"cannot {doing} {path}: {error.strerror}{known}") from error


def ensure_room(files: int) -> None:
    """Raise `OSError` where this process may not open so many more files: what needs them would fail in odd ways."""
    opened: list[int] = []
    try:
        while len(opened) < files:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for file in opened:
            os.close(file)


_OTHER_STATE = "; name another folder with --state"
_OURS = ("allowance", "ids.json", "journal", "leases", "sandbox.sqlite3", "shared", "lost+found")
"""How the names of all that this tool keeps begin; `lost+found` belongs to the disk."""
_ELSEWHERE = "; name a file elsewhere"


def _cures(path: Path) -> Mapping[int, str]:
    """Return what would be right where a file that somebody named cannot be written, by what the system says."""
    refused = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR), _ELSEWHERE)
    if not os.path.lexists(path.parent):
        refused[errno.ENOENT] = f"; make the folder {path.parent}, or name another file"
    return {**refused, errno.EISDIR: "; name a file in it", errno.ENOSPC: "; make room, or name a file elsewhere"}


def read_kept(path: Path, *, largest: int = _LARGEST) -> bytes:
    """Return the bytes of a file; raises `OSError`, also for a pipe, which could block, and for more than `largest`."""
    _mode_of_file(path)
    return _read(os.open(path, os.O_RDONLY | _AS_IT_IS), largest)


def read_gitignore(path: Path) -> bytes:
    """Return what a `.gitignore` holds; raises `OSError`, also for one that nobody can have written by hand."""
    return read_kept(path, largest=_BLOCK)


def read_named(path: Path) -> bytes:
    """Return what `read_kept` does; what this process has open, such as `/dev/stdin`, may be a pipe too."""
    own = _own_descriptor(path)
    return read_kept(path) if own is None else _read(own, _LARGEST)


def _read(descriptor: int, largest: int) -> bytes:
    """Return the rest of an open file, and close it; raises `OSError` if it has more than `largest`, before reading."""
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        blocks = iter(partial(file.read, _BLOCK), b"")
        data = b"" if size > largest else b"".join(islice(blocks, largest // _BLOCK + 1))
    if max(size, len(data)) > largest:
        raise OSError(errno.EFBIG, too_large(largest))
    return data


def _own_descriptor(path: Path) -> int | None:
    """Return a copy of a descriptor that this process has open, by its name; None for any other path."""
    own = _OPEN.fullmatch(str(path))
    return os.dup(int(own["number"] or _STREAMS[own["name"]])) if own else None


def _mode_of_file(path: Path) -> int:
    """Return the permissions of a file; raises `OSError` for anything that is no regular file."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return stat.S_IMODE(mode)


def prepare_folder(folder: Path) -> Path:
    """Make this tool's folder, which git ignores, and return it; raises `StateError`."""
    make_private_folder(folder)
    ignore = folder / ".gitignore"
    check_no_link(ignore)
    with state_errors("write", ignore, _OTHER_STATE):
        if not ignore.exists():
            _replace(ignore, "*\n", PRIVATE)
    return folder


def check_own_folder(folder: Path) -> None:
    """Raise `InputError` where a folder holds files of somebody else, which git would ignore from now on."""
    try:
        names = [] if _keeps_out_of_git(folder) else sorted(path.name for path in folder.iterdir())
    except OSError:  # it is not there yet, or cannot be read, which the first write reports
        return
    if others := [name for name in names if not name.startswith((".", *_OURS))]:
        raise InputError(
            f"{folder} holds other files, such as {visible(others[0])}; name a folder for the state alone "
            "(--state, or state in reconciler.yaml)"
        )


def _keeps_out_of_git(folder: Path) -> bool:
    """Return whether git ignores all that a folder holds."""
    try:
        return b"*" in read_gitignore(folder / ".gitignore").split()
    except OSError:
        return False


def make_private_folder(folder: Path) -> None:
    """Make a folder for this tool's files where there is none; raises `StateError`, also for a link to a folder."""
    check_no_link(folder)
    with state_errors("make the folder", folder, _OTHER_STATE):
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file where there is none, and take all rights on it from others; raises `StateError`."""
    check_no_link(path)
    with state_errors("write", path):
        with suppress(FileExistsError):
            os.close(open_new(path))
        if _mode_of_file(path) & ~PRIVATE:
            path.chmod(PRIVATE)


def check_no_link(path: Path) -> None:
    """Raise `StateError` where a file or folder that is to be written is a link, or is below one."""
    with state_errors("look at", path):
        target = path.readlink() if path.is_symlink() else None
        folder = linked_folder(path)
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
    """Create a file for its owner alone and open it to write; raises `OSError` where something has that name."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_IT_IS | flags, PRIVATE)


def open_kept(path: Path) -> int:
    """Open an existing file to read and write; raises `OSError`, also for a link."""
    return os.open(path, os.O_RDWR | _NO_LINK | _AS_IT_IS)


def write_file(path: Path, text: str | Iterable[str]) -> None:
    """
    Write a file whole or not at all, for its owner alone, in UTF-8; to a pipe or a device, write the text as it is.

    A large text comes in parts, which are written as they are made.
    Raises `StateError`, also for a link.
    """
    if not _is_stream(path):
        write_kept(path, text)
        return
    with state_errors("write", path, cures={errno.ENXIO: "; nobody reads this pipe: begin to, then run it again"}):
        _append(path, text)


def write_kept(path: Path, text: str | Iterable[str]) -> None:
    """Write a file of this tool whole or not at all, in the place of whatever is there; raises `StateError`."""
    with state_errors("write", path):
        check_no_link(path)
        _replace(path, text, PRIVATE)


def rewrite_file(path: Path, text: str) -> None:
    """Replace the text of a person's own file, keep its permissions and follow links; raises `StateError`."""
    with state_errors("write", path):
        real = Path(os.path.realpath(path))
        _replace(real, text, stat.S_IMODE(real.stat().st_mode))


def _is_stream(path: Path) -> bool:
    """Return whether a path is a pipe, a device, or the name of an open file, such as `/dev/stdout`."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    folder = os.path.realpath(path.parent)
    is_open = folder == "/dev" or (folder.startswith(("/dev/fd", "/proc/")) and folder.endswith("/fd"))
    is_other = not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return is_open or (is_other and not path.is_symlink())


def _append(path: Path, text: str | Iterable[str]) -> None:
    """Write to the end of a stream; one that this process has open is written through its own descriptor."""
    descriptor = _own_descriptor(path)
    if descriptor is None:
        seen = os.open(path, os.O_WRONLY | os.O_APPEND | _AT_ONCE)  # a pipe that nobody reads refuses this
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        finally:
            os.close(seen)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.writelines((text,) if isinstance(text, str) else text)


def _draft_beside(path: Path) -> tuple[int, str]:
    from tempfile import mkstemp  # noqa: PLC0415  most commands write no file

    return mkstemp(prefix=f".{path.name}.", dir=path.parent)


def _replace(path: Path, text: str | Iterable[str], mode: int) -> None:
    """Write a draft under a name of its own, then rename it to the path."""
    descriptor, draft = _draft_beside(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in (text,) if isinstance(text, str) else text:
                file.write(part.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Raise `StateError` unless `write_file` can write there."""
    with state_errors("write", path, cures=_cures(path)):
        if path.is_dir() and not path.is_symlink():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not _is_stream(path):
            check_no_link(path)
            _try_draft(path)


def check_rewritable(path: Path) -> None:
    """Raise `StateError` unless `rewrite_file` can write there."""
    with state_errors("write", path, cures=_cures(path)):
        _try_draft(Path(os.path.realpath(path)))


def _try_draft(path: Path) -> None:
    descriptor, draft = _draft_beside(path)
    os.close(descriptor)
    Path(draft).unlink()


def existing(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that exist already, links to nothing included; raises `InputError`."""
    paths = {name: folder / name for name in sorted(names)}
    for part in dict.fromkeys(parent for path in paths.values() for parent in path.parents):
        if part.is_symlink() and part.is_relative_to(folder):
            raise InputError(f"{part} is a link, and nothing is written through links: name the folder it leads to")
        if _is_there(part) and not part.is_dir():
            raise InputError(f"{part} is in the way: it is not a folder")
    return tuple(name for name, path in paths.items() if _is_there(path))


def write_new(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files by their names in the folder, which is made where it is missing; raises `StateError`."""
    for name, text in sorted(texts.items()):
        path = folder / name
        with state_errors("write", path, "; name another folder"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)


def check_folder(folder: Path) -> None:
    """Raise `InputError` where the folder's name belongs to a link or to anything else that is no folder."""
    if not _is_there(folder):
        return
    if folder.is_symlink():
        raise InputError(f"{folder} is a link, and nothing is written through links: name the folder that it leads to")
    if not folder.is_dir():
        raise InputError(f"{folder} is in the way: it is not a folder; name another, or move it")


def check_new_files(folder: Path, names: Iterable[str]) -> None:
    """Raise `InputError` where a file that `write_new_files` would write is in the way, or its folder is none."""
    for path in (folder / name for name in sorted(names)):
        check_folder(folder)
        check_folder(path.parent)
        if _is_there(path):
            # file names show the names of people, and this message is printed where others read
            raise InputError(f"{folder} holds files that this export would write; name another folder, or move them")


def write_new_files(folder: Path, texts: Mapping[str, str]) -> None:
    """
    Write private files by their paths relative to the folder, which is made where it is missing.

    Raises `InputError` before anything is written where a file is in the way, and `StateError`.
    """
    check_new_files(folder, texts)
    for path, text in ((folder / name, text) for name, text in sorted(texts.items())):
        with state_errors("write", path, cure="; mend that, and export to another folder"):
            folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            path.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            with os.fdopen(open_new(path), "w", encoding="utf-8", newline="\n") as file:
                file.write(text)


def check_new_file(path: Path) -> None:
    """Raise `InputError` where a file, or a link to nothing, has this name."""
    if _is_there(path):
        raise InputError(f"{path} exists, and no file is overwritten; name another one, or move it")


def _is_there(path: Path) -> bool:
    """Return whether something has this name, be it a link to nothing."""
    with state_errors("look at", path):
        return path.is_symlink() or path.exists()
