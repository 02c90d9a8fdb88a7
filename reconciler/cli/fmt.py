"""`reconciler fmt`: brings files into canonical form."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from reconciler.cli.options import Invocation, invocation_options, pass_invocation

if TYPE_CHECKING:
    from reconciler.reading import SpecFile

_NOT_CANONICAL = 1
_MOST_NAMED = 3


class _Change(Struct, frozen=True):
    """A file that is not in canonical form: what it is called, where it is, its text, and what it should be."""

    name: str
    path: Path
    before: str
    after: str
    is_live: bool

    @property
    def diff(self) -> str:
        from difflib import unified_diff

        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in unified_diff(before, after, self.name, self.name)
        )


@click.command()
@invocation_options
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file is not in canonical form.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@pass_invocation
def fmt(invocation: Invocation, *, check: bool, diff: bool, paths: tuple[str, ...]) -> int:
    """
    Bring files into canonical form.

    Keys stand in one order (contacts, scopes and facts in yours), and text that other readers of YAML would take for
    something else is quoted: phone numbers, 02139, no, 12:30, 1_000, 3.10. Comments move with what they belong to, and
    what a file says is not changed. A file that cannot be kept whole is left as it is, with the reason; it is no
    failure of --check, since fmt would not change it.

    Without PATHS (files, folders or globs), reconciler.yaml and the specs of all its environments.
    """
    from reconciler.cli.screen import emit
    from reconciler.core.text import visible

    files = _files(invocation, paths)
    changes, left = _outcomes(files, _number_keys(invocation, files))
    if not (check or diff):
        _write(changes)
    emit("".join(_diff(change) if diff else f"{visible(change.name)}\n" for change in changes))
    _tell_left(left)
    if changes or len(left) < len(files) or not files:
        _tell(len(changes), written=not (check or diff), others=bool(left))
    return _NOT_CANONICAL if check and changes else 0


def _diff(change: _Change) -> str:
    """Give the diff of a file; of one whose values came from an account, on the operator's terminal alone."""
    from reconciler.cli.screen import is_operators_terminal, remark
    from reconciler.core.text import visible

    if not change.is_live or is_operators_terminal(sys.stdout):
        return change.diff
    remark(f"note: {visible(change.name)}: no diff is shown: by `live_values`, its values came from an account")
    return ""


def _files(invocation: Invocation, paths: Sequence[str]) -> "Sequence[SpecFile]":
    from reconciler.errors import SpecError
    from reconciler.project import FILE_NAME, load_project
    from reconciler.reading import SpecFile, find_files

    own: tuple[SpecFile, ...] = ()
    if paths:
        found = find_files(paths, root=Path())
    else:
        project = load_project(invocation.project)
        environments = project.environments
        entries = dict.fromkeys(entry for one in environments for entry in (*one.specs, *one.overlays))
        found = find_files(tuple(entries), root=project.root)
        file = project.root / FILE_NAME
        own = (SpecFile(FILE_NAME, file),) if file.is_file() else ()
    if found.problems:
        raise SpecError(found.problems)
    return (*own, *found.files)


def _outcomes(files: "Sequence[SpecFile]", numbers: Collection[str]) -> tuple[Sequence[_Change], Sequence[str]]:
    """
    Format all files; give what changes, and the names of those that are left as they are.

    Raises all that is wrong with any: nothing is written next to a file that is broken.
    """
    from reconciler.errors import SpecError
    from reconciler.reading import read_file

    problems = [problem for file in files for problem in read_file(file.path, name=file.name).problems]
    if problems:
        raise SpecError(tuple(problems))
    outcomes = [_outcome(file, numbers) for file in files]
    changes = [one for one in outcomes if isinstance(one, _Change)]
    return changes, [one for one in outcomes if isinstance(one, str)]


def _number_keys(invocation: Invocation, files: "Sequence[SpecFile]") -> frozenset[str]:
    """Return the keys that the catalogues of these files, and of the project that they are part of, type as numbers."""
    from reconciler.errors import ReconcilerError
    from reconciler.reading import read_file
    from reconciler.specs.catalogues import number_keys

    try:
        others = _files(invocation, ())
    except ReconcilerError:  # the files may be of no project, or of one that is broken
        others = ()
    documents = (one for file in {*files, *others} for one in read_file(file.path, name=file.name).documents)
    return frozenset(key for document in documents for key in number_keys(document))


def _outcome(file: "SpecFile", numbers: Collection[str]) -> _Change | str | None:
    """Give what changes in a file, its name where it is left as it is, or nothing."""
    from reconciler.cli.screen import remark
    from reconciler.core.text import visible
    from reconciler.formatting import LeftAlone, format_text
    from reconciler.reading import read_file
    from reconciler.specs.live_values import says_live

    before = file.path.read_bytes().decode()
    outcome = format_text(before, name=file.name, numbers=numbers)
    if isinstance(outcome, LeftAlone):
        place = f"{file.name}:{outcome.line}" if outcome.line else file.name
        remark(f"warning: {visible(place)}: left as it is: {visible(outcome.reason)}")
        return file.name
    is_live = any(says_live(one.value) for one in read_file(file.path, name=file.name).documents)
    return _Change(file.name, file.path, before, outcome.text, is_live) if outcome.text != before else None


def _write(changes: Sequence[_Change]) -> None:
    from reconciler.state import check_writable, write_file

    for change in changes:
        check_writable(change.path)
    for change in changes:
        write_file(change.path, change.after)


def _tell_left(names: Sequence[str]) -> None:
    from reconciler.cli.screen import remark
    from reconciler.core.text import visible
    from reconciler.render.words import counted, listed

    if names:
        shown = [visible(name) for name in names[:_MOST_NAMED]]
        more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
        left = counted(len(names), "file is left as it is", "files are left as they are")
        remark(f"{left}: {listed([*shown, *more])}.")


def _tell(changed: int, *, written: bool, others: bool) -> None:
    from reconciler.cli.screen import remark
    from reconciler.render.words import counted

    if not changed:
        remark(f"All {'other ' if others else ''}files are in canonical form.")
    elif written:
        remark(f"{counted(changed, 'file was', 'files were')} brought into canonical form.")
    else:
        remark(f"{counted(changed, 'file is', 'files are')} not in canonical form: run `reconciler fmt`.")
