"""`reconciler fmt`: quotes what other readers of YAML would misread, in place."""

import shlex
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from reconciler.cli.here import file_here
from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.reading import Files, ParsedFile, SpecFile
    from reconciler.specs.problems import Problems

_NOT_FORMATTED = 1
_BYTE_ORDER_MARK = "\ufeff"
_PROJECT_NUMBERS = frozenset(("max_update_share",))
"""The keys of `reconciler.yaml` that hold numbers with decimals."""


class _Rewrite(Struct, frozen=True):
    """A file that lacks quotes: its name, where it is, its text, and what the text should be."""

    name: str
    path: Path
    before: str
    after: str
    is_withheld: bool

    @property
    def diff(self) -> str:
        from difflib import unified_diff

        name = file_here(self.name)
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in unified_diff(before, after, name, name)
        )


@command("fmt", "fmt --check --diff specs/contacts")
@global_options("project")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file needs quotes.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@pass_invocation
def fmt(invocation: Invocation, *, check: bool, diff: bool, paths: tuple[str, ...]) -> int:
    """
    Quote what other readers of YAML would misread.

    Phone numbers, 02139, no, 12:30, 1_000 and 3.10 are text here, and something else for other readers. fmt puts them
    in quotes, in place, and writes +1 415-555-0192 as "+14155550192". It moves nothing and changes nothing else.

    Without PATHS (files, folders or globs), fmt takes reconciler.yaml and the specs of all its environments.
    """
    from reconciler.cli.terminal import emit
    from reconciler.core.model.text import visible

    changes = _changes(invocation, paths)
    written = not (check or diff)
    if written:
        _write(changes)
    text = "".join(_diff(change) if diff else f"{visible(file_here(change.name))}\n" for change in changes)
    emit(text, effect="all files are formatted" if written else "")
    _report(len(changes), paths, written=written)
    return _NOT_FORMATTED if check and changes else 0


def _diff(change: _Rewrite) -> str:
    """Return the diff of a file; of one with live or sensitive values, on the operator's terminal alone."""
    from reconciler.cli.terminal import is_operators_terminal, remark
    from reconciler.core.model.text import visible

    if not change.is_withheld or is_operators_terminal(sys.stdout):
        return change.diff
    remark(f"note: {visible(file_here(change.name))}: no diff is shown: it holds values that are live or sensitive")
    return ""


def _changes(invocation: Invocation, paths: Sequence[str]) -> Sequence[_Rewrite]:
    """Return what changes in all files; raise all that is wrong with any, so that nothing is written beside it."""
    from reconciler.errors import SpecError
    from reconciler.reading import find_files, read_file
    from reconciler.specs.catalogue import number_keys
    from reconciler.specs.problems import Problems, learn, take_problems

    problems = Problems()
    project, of_project = _of_project(invocation, is_optional=bool(paths))
    found = find_files(paths, root=Path()) if paths else of_project
    problems.take(found.problems)
    parsed = {file: read_file(file.path, name=file.name) for file in (*found.files, *of_project.files)}
    wanted = frozenset(found.files)
    for file, content in parsed.items():
        (take_problems if file in wanted else learn)(content, file, problems)
    if problems.found:
        raise SpecError(problems.found)
    numbers = {key for content in parsed.values() for one in content.documents for key in number_keys(one)}
    changes = (
        _change(file, parsed[file], _PROJECT_NUMBERS if file.path.name in project else numbers, problems)
        for file in found.files
    )
    return [change for change in changes if change]


def _of_project(invocation: Invocation, *, is_optional: bool) -> "tuple[Collection[str], Files]":
    """Return the names of a project's own file, and all files of the project: their catalogues count for any path."""
    from reconciler.errors import ReconcilerError
    from reconciler.project import FILE_NAME, load_project
    from reconciler.reading import Files, find_files

    try:
        project = load_project(invocation.project)
        entries = dict.fromkeys(entry for one in project.environments for entry in (*one.specs, *one.overlays))
        found = find_files(tuple(entries), root=project.root)
    except ReconcilerError:
        if is_optional:  # the paths may be of no project, or of one that is broken
            return {FILE_NAME}, Files((), ())
        raise
    if found.problems and is_optional:
        found = Files((), ())
    own = find_files([project.file], root=project.root).files if project.file else ()
    return {FILE_NAME, project.file or FILE_NAME}, Files((*own, *found.files), found.problems)


def _change(file: "SpecFile", parsed: "ParsedFile", numbers: Collection[str], problems: "Problems") -> _Rewrite | None:
    """Return what changes in a file, if anything does; nothing does in an undo file."""
    from reconciler.cli.terminal import remark
    from reconciler.core.model.text import visible
    from reconciler.reading import edited
    from reconciler.reading.quoting import quoting_edits
    from reconciler.specs.phone_numbers import number_edits
    from reconciler.specs.problems import is_undo

    if is_undo(parsed):
        name = visible(file_here(file.name))
        remark(f"warning: {name}: left as it is: an undo file, and no spec; keep it out of the specs")
        return None
    before = parsed.data.decode()
    mark = before[: before.startswith(_BYTE_ORDER_MARK)]
    text = before[len(mark) :]
    edits = {edit.start: edit for edit in (*quoting_edits(text, numbers), *number_edits(text, parsed.documents))}
    after = mark + edited(text, tuple(edits.values()))
    if after == before:
        return None
    is_withheld = problems.withholds(file.name, *(one.value for one in parsed.documents))
    return _Rewrite(file.name, file.path, before, after, is_withheld)


def _write(changes: Sequence[_Rewrite]) -> None:
    from reconciler.storage.files import check_rewritable, rewrite_file

    for change in changes:
        check_rewritable(change.path)
    for change in changes:
        rewrite_file(change.path, change.after)


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
