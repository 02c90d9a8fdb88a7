"""
Names of files as the operator's shell knows them: from the current folder, and not from the top of the work tree.

This is for what is read where it was printed: errors, notes and text on standard output. Documents that go elsewhere
(JSON, SARIF, Markdown, annotations, files that are written) name files from the top, as CI does.
"""

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, get_args, get_type_hints

import click
from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.render.markup import SourceLinks

_Document = TypeVar("_Document")
_Rename: TypeAlias = Callable[[str], str]

_LETTER = r"[^\s:;,()\"'`]"
_PLACE = re.compile(rf"(?<!{_LETTER})(?P<file>{_LETTER}+\.[a-z]+)(?=:\d)")  # from the start of a word, so linear
_NO_FILES = frozenset((".", "environment"))
"""What stands in the place of a file where a problem is in none."""


def file_here(name: str) -> str:
    """Return what a file of the work tree is called from the current folder; it need not be there."""
    tree = None if name in _NO_FILES else _tree()
    if tree is None:
        return name
    called = tree.called(name)
    return called if tree.has(name) or not called.startswith("..") else name


def places_here(text: str) -> str:
    """Return a message with its places, written as `FILE:LINE`, as they are called from the current folder."""
    rename = _rename() if _PLACE.search(text) else None
    return _PLACE.sub(lambda found: rename(found["file"]), text) if rename else text


def document_here(document: _Document) -> _Document:
    """Return a document with its places as they are called from the current folder, to be shown as text."""
    rename = _rename()
    return _renamed(document, rename) if rename else document


def links_of(root: Path) -> "SourceLinks | None":
    """Return where the specs of a project can be read on the web, which a CI job knows."""
    if not os.environ.keys() & {"GITHUB_SHA", "CI_COMMIT_SHA"}:
        return None
    from reconciler.render.markup import source_links

    return source_links(os.environ, str(root.resolve()))


def _renamed(value: Any, rename: _Rename) -> Any:  # noqa: ANN401  any part of a document
    if isinstance(value, tuple):
        return tuple([_renamed(item, rename) for item in value])
    if not isinstance(value, Struct):
        return value
    if _is_place(value.__class__):
        return replace(value, file=rename(value.file))  # type: ignore[attr-defined]
    parts = ((name, getattr(value, name)) for name in _with_places(value.__class__))
    renamed = {name: _renamed(part, rename) for name, part in parts if part}
    return replace(value, **renamed) if renamed else value


@cache
def _with_places(kind: type[Struct]) -> tuple[str, ...]:
    """Return the fields of a part of a document that may hold places: most hold values, and need no look."""
    return tuple(name for name, hint in get_type_hints(kind).items() if _may_hold_places(hint))


def _may_hold_places(hint: Any) -> bool:  # noqa: ANN401  any type
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _is_place(hint) or bool(_with_places(hint))
    return any(map(_may_hold_places, get_args(hint)))


@cache
def _is_place(kind: type[Struct]) -> bool:
    return {"file", "line"} <= set(kind.__struct_fields__)


def _rename() -> _Rename | None:
    """Return what renames files that are there; None where their names are those of the documents."""
    tree = _tree()
    return cache(lambda name: tree.called(name) if name and tree.has(name) else name) if tree else None


class _Tree(Struct, frozen=True):
    """The top of the work tree, and the current folder, which is another one."""

    top: str
    here: str

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""
        return os.path.lexists(Path(self.top, name))

    def called(self, name: str) -> str:
        """Return the path from the current folder."""
        return Path(os.path.relpath(Path(self.top, name), self.here)).as_posix()


def _tree() -> _Tree | None:
    """Return the work tree of this run; None where the current folder is its top, or cannot be known."""
    from reconciler.errors import InputError
    from reconciler.reading.files import work_tree_of

    context = click.get_current_context(silent=True)
    invocation = context.find_object(Invocation) if context else None
    given = Path(invocation.project if invocation and invocation.project else ".")
    try:
        tree = work_tree_of(given if given.is_dir() else given.parent)
        top, here = os.path.realpath(tree.top), os.path.realpath(Path.cwd())
    except (InputError, OSError):
        return None
    return None if top == here else _Tree(top, here)
