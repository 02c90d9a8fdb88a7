"""Writes the files of an export: readable by their owner alone, and never in the place of another file."""

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import InputError, StateError
from reconciler.state import open_new


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


def _is_there(path: Path) -> bool:
    """Say whether something stands at a path; a link to nothing does."""
    try:
        return path.is_symlink() or path.exists()
    except OSError as error:
        raise StateError(f"cannot look at {path}: {error.strerror}") from error
