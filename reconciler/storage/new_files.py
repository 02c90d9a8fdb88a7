"""New files in a person's folder, for `init` and `export`: never in the place of another, never through a link."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.errors import InputError
from reconciler.storage.files import open_new, state_errors

_PRIVATE_FOLDER = 0o700


def existing(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that exist already, links to nothing included; raises `InputError`."""
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
        with state_errors("write", path):
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
        raise InputError(f"{folder} is in the way: it is no folder; name another, or move it")


def write_new_files(folder: Path, texts: Mapping[str, str]) -> None:
    """
    Write private files by their paths relative to the folder, which is made where it is missing.

    Raises `InputError` before anything is written where a file is in the way, and `StateError`.
    """
    paths = {folder / name: text for name, text in sorted(texts.items())}
    for path in paths:
        check_folder(folder)
        check_folder(path.parent)
        if _is_there(path):
            # file names show the names of people, and this message is printed where others read
            raise InputError(f"{folder} holds files that this export would write; name another folder, or move them")
    for path, text in paths.items():
        with state_errors("write", path, cure="; mend that, and export to another folder"):
            folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            path.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            with os.fdopen(open_new(path), "w", encoding="utf-8", newline="\n") as file:
                file.write(text)


def _is_there(path: Path) -> bool:
    """Return whether something has this name, be it a link to nothing."""
    with state_errors("look at", path):
        return path.is_symlink() or path.exists()
