"""
Where a command's document goes: files, each in a format of its own, and standard output, through a pager if it is long.

`PAGER` names the pager, and `less` is it where nothing does. `PAGER=cat`, or an empty one, is for none.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import click
from msgspec import Struct

from reconciler.cli.here import document_here, links_of
from reconciler.cli.signals import handling
from reconciler.cli.streams import leaving, without_secrets_of_run
from reconciler.cli.terminal import emit, is_operators_terminal, palette
from reconciler.errors import InputError, StateError
from reconciler.render.output import fitted
from reconciler.storage.files import check_writable, write_file

if TYPE_CHECKING:
    from reconciler.core.documents.plan import PlanDocument
    from reconciler.core.model.masking import Masker
    from reconciler.project import Project

_LESS = "FRX"
"""As git has it: end where all fits, show colours, and leave the page on the screen."""


def emit_paged(document: str, output_format: str = "text", *, is_read: bool = True, effect: str = "") -> None:
    """Write the one document of a command, through the pager where somebody reads a long text; raises as `emit`."""
    if output_format == "text" and is_read and _has_pager() and _rows(document) >= shutil.get_terminal_size().lines:
        _page(fitted(leaving(document), sys.stdout.encoding or "utf-8"))
    else:
        emit(document, output_format, effect=effect)


def _has_pager() -> bool:
    if not (sys.stdin.isatty() and is_operators_terminal(sys.stdout)):
        return False
    program = os.environ.get("PAGER", "less").strip().partition(" ")[0].strip("'\"")
    return program not in {"", "cat"} and shutil.which(program) is not None


def _rows(document: str) -> int:
    """Return the rows that a document takes on the terminal, where long lines are wrapped."""
    width = max(1, shutil.get_terminal_size().columns)
    return sum(max(1, -(-len(click.unstyle(line)) // width)) for line in document.splitlines())


def _page(text: str) -> None:
    os.environ.setdefault("LESS", _LESS)
    with handling(signal.SIGINT, _left_to_the_pager):
        click.echo_via_pager(text.removesuffix("\n"))


def _left_to_the_pager(_number: int, _frame: object) -> None:
    """Let Ctrl-C do what the pager makes of it: a pager that ends by it ends the page, and the command goes on."""


Writes: TypeAlias = Sequence[tuple[str, Path]]
"""Formats and the files that they are written to."""


def check_files(writes: Writes) -> None:
    """
    Check, before any work is done for them, that all files can be written, each for one document alone.

    Raises `StateError`, and `InputError` for a file that is named twice or may be a spec.
    """
    seen: set[str] = set()
    for _, path in writes:
        check_writable(path)
        _check_place(path)
        place = os.path.realpath(path)  # which, unlike `resolve`, takes links in a circle
        if place in seen and not _takes_many(path):
            raise InputError(f"{path} is named for two documents, of which one would be lost; name two files")
        seen.add(place)


def _check_place(path: Path) -> None:
    """Raise `InputError` for a place that holds, or would hold, what specs read, and for git's own files."""
    if path.is_file() and _may_be_read(path):
        raise InputError(f"{path} exists and may be a spec; name a new file, or one with another ending")
    if not _takes_many(path) and ".git" in path.resolve().parts:
        raise InputError(f"{path} is among git's own files; name a file elsewhere")


def _may_be_read(path: Path) -> bool:
    """Return whether specs may read a file; a table of problems is none of theirs, and is written again."""
    from reconciler.reading.files import FORMATS
    from reconciler.render.problems_csv import PROBLEM_COLUMNS

    ending = path.suffix.lower()
    if ending != ".csv":
        return ending in FORMATS
    head = ",".join(PROBLEM_COLUMNS).encode()
    with path.open("rb") as file:
        return file.read(len(head) + 1) != head + b"\n"


def _takes_many(path: Path) -> bool:
    """Return whether a path is a pipe or a device."""
    return path.exists() and not path.is_file()


def write_files(writes: Writes, render: Callable[[str], str | Iterable[str]]) -> None:
    """
    Write all files that can be written, whatever becomes of one.

    `render` returns the document in a format, a large one in parts.
    """
    failures: list[str] = []
    for name, path in writes:
        try:
            rendered = render(name)
            parts = (rendered,) if isinstance(rendered, str) else rendered
            write_file(path, (fitted(without_secrets_of_run(part, name), "utf-8", name) for part in parts))
        except StateError as error:
            failures.append(str(error))
    if failures:
        raise StateError("\n".join(failures))


def _json_parts(document: "PlanDocument") -> Iterator[str]:
    from reconciler.render.json import json_parts

    return json_parts(document)


class _MaskerOf(Protocol):
    def __call__(self, *, reveal: bool) -> "Masker": ...


class PlanOutput(Struct, frozen=True):
    """What one call of `plan` or `diff` prints, and the files that it writes."""

    output_format: str
    writes: Writes
    full: bool
    no_color: bool

    def emit(
        self, project: "Project", describe: "Callable[[Masker], PlanDocument]", masker: _MaskerOf, also: Writes = ()
    ) -> None:
        """Write the files, and those that are wanted `also`, then print; only an operator's terminal shows values."""
        from reconciler.render.formats import plan_formats

        links, full, is_text = links_of(project.root), self.full, self.output_format == "text"
        reveal = is_text and is_operators_terminal(sys.stdout)
        shown = None if reveal else describe(masker(reveal=False))
        if writes := (*self.writes, *also):
            masked = shown or describe(masker(reveal=False))
            formats = plan_formats(full=full, links=links, project=project.from_top)
            write_files(writes, lambda name: _json_parts(masked) if name == "json" else formats[name](masked))
            del masked  # before the other is made, since both are large
        shown = shown or describe(masker(reveal=True))
        colours = palette(sys.stdout, no_color=self.no_color)
        renderers = plan_formats(colours, full=full, links=links, project=project.from_top)
        text = renderers[self.output_format](document_here(shown) if is_text else shown)
        emit_paged(text, self.output_format, is_read=not self.writes)
