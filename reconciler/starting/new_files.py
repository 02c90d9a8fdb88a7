"""Writes the files of a new repository, and never in the place of another."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.errors import InputError, StateError


def existing(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Give the names under which something stands already, links to nothing included; raises `InputError`."""
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
    return path.is_symlink() or path.exists()
