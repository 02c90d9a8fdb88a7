"""Format files: find what other readers of YAML would misread, and write it in quotes, in place."""

from collections.abc import Collection, Sequence
from heapq import merge
from pathlib import Path

from msgspec import Struct

from reconciler.errors import InputError, ReconcilerError, SpecError, StateError
from reconciler.project import FILE_NAME, load_project
from reconciler.reading import Files, ParsedFile, SpecFile, edited_in_order, find_files, read_file
from reconciler.reading.quoting import quoting_edits
from reconciler.render.words import counted
from reconciler.specs.catalogue import number_keys
from reconciler.specs.phone_numbers import number_edits
from reconciler.specs.problems import Problems, is_undo, learn, take_problems
from reconciler.storage.files import check_rewritable, rewrite_file
from reconciler.workflow.loading import check_place

_PROJECT_NUMBERS = frozenset(("max_update_share",))
"""The keys of `reconciler.yaml` that hold numbers with decimals."""

_ROOM = 16 << 20
"""The bytes of files that are kept after they were read; other files are read again, one at a time."""


class Rewrite(Struct, frozen=True):
    """
    A file that lacks quotes: its name, where it is, its text, and what the text should be.

    It `is_withheld` where its text holds live or sensitive values.
    """

    name: str
    path: Path
    before: str
    after: str
    is_withheld: bool


class Rewrites(Struct, frozen=True):
    """What is to be written, and the names of undo files, which are left as they are."""

    files: tuple[Rewrite, ...]
    undo_files: tuple[str, ...]


def find_rewrites(project: str | None, paths: Sequence[str]) -> Rewrites:
    """
    Return what changes in the files of `paths`, or of a whole project.

    Raises `SpecError` with all that is wrong in any file, so that nothing is written beside it, and `InputError`.
    """
    problems = Problems()
    names, of_project = _of_project(project, is_optional=bool(paths))
    found = find_files(paths, root=Path()) if paths else of_project
    problems.take(found.problems)
    numbers: set[str] = set()
    specs: dict[SpecFile, ParsedFile | None] = {}
    undo_files: list[str] = []
    wanted, room = frozenset(found.files), _ROOM
    for file in dict.fromkeys((*found.files, *of_project.files)):
        content = read_file(file.path, name=file.name)
        (take_problems if file in wanted else learn)(content, file, problems)
        numbers.update(key for one in content.documents for key in number_keys(one))
        if file in wanted and is_undo(content):
            undo_files.append(file.name)
        elif file in wanted:
            room -= len(content.data)
            specs[file] = content if room > 0 else None
    if problems.found:
        raise SpecError(problems.found)
    rewrites: list[Rewrite | None] = []
    for file in tuple(specs):
        content = specs.pop(file) or read_file(file.path, name=file.name)
        if content.problems:  # of a file that somebody has changed meanwhile
            problems.take(content.problems)
            raise SpecError(problems.found)
        meant = _PROJECT_NUMBERS if file.path.name in names else numbers
        rewrites.append(_rewrite(file, content, meant, problems))
    return Rewrites(tuple(filter(None, rewrites)), tuple(undo_files))


def write_rewrites(rewrites: Sequence[Rewrite]) -> None:
    """
    Write all files, once it is known that each can be written; raises `InputError` where one is another by now.

    Raises `StateError`, which says how many are written.
    """
    for one in rewrites:
        check_rewritable(one.path)
        if one.path.read_bytes() != one.before.encode():
            raise InputError(f"{one.name} changed while this ran, and nothing was written; run it again")
    for done, one in enumerate(rewrites):
        try:
            rewrite_file(one.path, one.after)
        except StateError as error:
            raise StateError(f"{error}; {done:,} of {counted(len(rewrites), 'file')} are formatted") from error


def _of_project(given: str | None, *, is_optional: bool) -> tuple[Collection[str], Files]:
    """Return the names of a project's own file, and all files of the project: their catalogues count for any path."""
    try:
        project = load_project(given)
        entries = dict.fromkeys(entry for one in project.environments for entry in (*one.specs, *one.overlays))
        if not is_optional:
            check_place(project)
        found = find_files(tuple(entries), root=project.root)
    except ReconcilerError:
        if is_optional:  # the paths may be of no project, or of one that is broken
            return {FILE_NAME}, Files((), ())
        raise
    if found.problems and is_optional:
        found = Files((), ())
    own = find_files([project.file], root=project.root).files if project.file else ()
    return {FILE_NAME, project.file or FILE_NAME}, Files((*own, *found.files), found.problems)


def _rewrite(file: SpecFile, parsed: ParsedFile, numbers: Collection[str], problems: Problems) -> Rewrite | None:
    """Return what changes in a file, if anything does."""
    text = parsed.data.decode("utf-8-sig")
    loose = {edit.start: edit for edit in number_edits(text, parsed.documents)}
    quoted = (edit for edit in quoting_edits(text, numbers) if edit.start not in loose)
    after = edited_in_order(text, merge(quoted, sorted(loose.values())))
    if after == text:
        return None
    before = parsed.data.decode()
    is_withheld = problems.withholds(file.name, *(one.value for one in parsed.documents))
    return Rewrite(file.name, file.path, before, before.removesuffix(text) + after, is_withheld)
