"""`reconciler fmt`: quotes what other readers of YAML would misread, in place."""

import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import groupby, islice, starmap
from typing import TYPE_CHECKING

import click

from reconciler.cli.here import file_here
from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options
from reconciler.cli.usage import command
from reconciler.core.model.text import visible

if TYPE_CHECKING:
    from reconciler.workflow.formatting import Rewrite

_NOT_FORMATTED = 1
_MOST_LINES, _MOST_NOTES, _LONGEST_LINE = 100, 10, 500
_CONTEXT = 3
"""The lines before and behind a change that a diff shows."""


@command("fmt", "fmt --check --diff specs/contacts")
@global_options("project")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--full", is_flag=True, help=f"Print more than {_MOST_LINES} lines, and long lines whole.")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@pass_invocation
def fmt(invocation: Invocation, *, check: bool, diff: bool, full: bool, paths: tuple[str, ...]) -> int:
    """
    Quote what other readers of YAML would misread, and write phone numbers as E.164.

    Phone numbers, 02139, no, 12:30, 1_000 and 3.10 are text here, and something else for other readers. fmt puts them
    in quotes, in place, and writes +1 415-555-0192, quoted or not, as "+14155550192". It moves nothing and changes
    nothing else.

    Without PATHS (files, folders or globs), fmt takes reconciler.yaml and the specs of all its environments.
    """
    from reconciler.cli.terminal import emit, remark
    from reconciler.render.words import counted
    from reconciler.workflow.formatting import find_rewrites, write_rewrites

    found = find_rewrites(invocation.project, paths)
    _note("warning", found.undo_files, "left as it is: an undo file, and no spec; keep it out of the specs")
    written = not (check or diff)
    if written:
        write_rewrites(found.files)
    lines = _diffs(found.files, full=full) if diff else (f"{visible(file_here(one.name))}\n" for one in found.files)
    text = "".join(lines if full else islice(lines, _MOST_LINES))
    emit(text, effect="all files are formatted" if written else "")
    if rest := sum(1 for _ in lines):
        remark(f"and {counted(rest, 'more line')}: --full prints all")
    _report(len(found.files), paths, written=written)
    return _NOT_FORMATTED if check and found.files else 0


def _note(kind: str, names: Sequence[str], text: str) -> None:
    """Write the same about each of some files, of which only the first are named."""
    from reconciler.cli.terminal import remark
    from reconciler.render.words import counted

    for name in names[:_MOST_NOTES]:
        remark(f"{kind}: {visible(file_here(name))}: {text}")
    if (rest := len(names) - _MOST_NOTES) > 0:
        remark(f"{kind}: and so {counted(rest, 'more file')}")


def _diffs(rewrites: Sequence["Rewrite"], *, full: bool) -> Iterator[str]:
    """Return the lines of the diffs; a file with live or sensitive values has one on the operator's terminal alone."""
    from reconciler.cli.terminal import is_operators_terminal

    shows_all = is_operators_terminal(sys.stdout)
    withheld = [one.name for one in rewrites if one.is_withheld and not shows_all]
    _note("note", withheld, "no diff is shown: it holds values that are live or sensitive")
    return (line for one in rewrites if shows_all or not one.is_withheld for line in _diff(one, full=full))


def _diff(rewrite: "Rewrite", *, full: bool) -> Iterator[str]:
    """
    Yield the lines of a file's diff.

    No rewrite adds or removes a line, so lines are compared one by one; to look for those that moved takes far longer.
    """
    name = visible(file_here(rewrite.name))
    yield from (f"--- {name}\n", f"+++ {name}\n")
    old, new = (StringIO(text, newline="\n").readlines() for text in (rewrite.before, rewrite.after))
    for start, end in _hunks(old, new):
        place = f"{start + 1},{end - start}"
        yield f"@@ -{place} +{place} @@\n"
        pairs = zip(old[start:end], new[start:end], strict=True)
        for is_same, shown in groupby(pairs if full else starmap(_cut, pairs), lambda pair: pair[0] == pair[1]):
            before, after = zip(*shown, strict=True)
            yield from _signed(" " if is_same else "-", before)
            yield from _signed("+", () if is_same else after)


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where each group of lines starts and ends that changed near each other."""
    start = end = 0
    for at, (before, after) in enumerate(zip(old, new, strict=True)):
        if before != after:
            if at - _CONTEXT > end:
                if end:
                    yield start, end
                start = at - _CONTEXT
            end = at + _CONTEXT + 1
    if end:
        yield start, min(end, len(old))


def _cut(old: str, new: str) -> tuple[str, str]:
    """Return a line before and after, of long ones what is around the first change."""
    if max(len(old), len(new)) <= _LONGEST_LINE:
        return old, new
    first = next((at for at, pair in enumerate(zip(old, new, strict=False)) if len(set(pair)) > 1), 0)
    start = max(0, first - _LONGEST_LINE // 2)
    end = start + _LONGEST_LINE
    before, after = (f"{line[start:end]}…\n" if len(line) > end else line[start:] for line in (old, new))
    return (f"…{before}", f"…{after}") if start else (before, after)


def _signed(sign: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        is_whole = line.endswith("\n")
        yield f"{sign}{line}" if is_whole else f"{sign}{line}\n"
        if not is_whole:
            yield "\\ No newline at end of file\n"


def _report(changed: int, paths: Sequence[str], *, written: bool) -> None:
    from reconciler.cli.terminal import remark
    from reconciler.render.words import counted

    if not changed:
        remark("All files are formatted.")
    elif written:
        remark(f"Formatted {counted(changed, 'file', 'files')}.")
    else:
        command = shlex.join(("reconciler", "fmt", *paths))
        remark(f"{counted(changed, 'file is', 'files are')} not formatted: run `{command}`.")
