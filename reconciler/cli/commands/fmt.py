"""`reconciler fmt`: quotes what other readers of YAML would misread, in place."""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli.here import file_here
from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.workflow.formatting import Rewrite

_NOT_FORMATTED = 1


@command("fmt", "fmt --check --diff specs/contacts")
@global_options("project")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@pass_invocation
def fmt(invocation: Invocation, *, check: bool, diff: bool, paths: tuple[str, ...]) -> int:
    """
    Quote what other readers of YAML would misread, and write phone numbers as E.164.

    Phone numbers, 02139, no, 12:30, 1_000 and 3.10 are text here, and something else for other readers. fmt puts them
    in quotes, in place, and writes +1 415-555-0192, quoted or not, as "+14155550192". It moves nothing and changes
    nothing else.

    Without PATHS (files, folders or globs), fmt takes reconciler.yaml and the specs of all its environments.
    """
    from reconciler.cli.terminal import emit, remark
    from reconciler.core.model.text import visible
    from reconciler.workflow.formatting import find_rewrites, write_rewrites

    found = find_rewrites(invocation.project, paths)
    for name in found.undo_files:
        remark(
            f"warning: {visible(file_here(name))}: left as it is: an undo file, and no spec; keep it out of the specs"
        )
    written = not (check or diff)
    if written:
        write_rewrites(found.files)
    text = "".join(_diff(one) if diff else f"{visible(file_here(one.name))}\n" for one in found.files)
    emit(text, effect="all files are formatted" if written else "")
    _report(len(found.files), paths, written=written)
    return _NOT_FORMATTED if check and found.files else 0


def _diff(rewrite: "Rewrite") -> str:
    """Return the diff of a file; of one with live or sensitive values, on the operator's terminal alone."""
    from difflib import unified_diff

    from reconciler.cli.terminal import is_operators_terminal, remark
    from reconciler.core.model.text import visible

    name = file_here(rewrite.name)
    if rewrite.is_withheld and not is_operators_terminal(sys.stdout):
        remark(f"note: {visible(name)}: no diff is shown: it holds values that are live or sensitive")
        return ""
    before, after = (text.splitlines(keepends=True) for text in (rewrite.before, rewrite.after))
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(before, after, name, name)
    )


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
