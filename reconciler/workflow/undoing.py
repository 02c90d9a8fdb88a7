"""Undo files: `apply --save-undo` writes one before its first write, and `undo` applies it to the same account."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from msgspec.structs import replace

from reconciler.core.export.undo import Undo, build_undo, redeclared
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import worded_error
from reconciler.core.model.settings import Guards
from reconciler.core.model.text import visible
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import InputError, RefusedError, SpecError, StateError
from reconciler.project import Environment, Project
from reconciler.reading import work_tree_of
from reconciler.render.words import counted
from reconciler.specs.texts import accepts
from reconciler.specs.undo_file import UndoHeader, load_undo, undo_text
from reconciler.storage.files import check_writable, write_file
from reconciler.workflow.account import Account, api_of, open_account
from reconciler.workflow.loading import choose_project, load_environment
from reconciler.workflow.options import RunOptions
from reconciler.workflow.refusing import guards_of
from reconciler.workflow.run import Reporter, Surroundings
from reconciler.workflow.session import Session

_MOST_REPORTED = 20
_NOTHING_DONE = "nothing was read or written"


class UndoFile:
    """The file of one apply, readable by its owner alone."""

    def __init__(self, path: Path, reporter: Reporter) -> None:
        self.path = path
        self._reporter = reporter
        self._reported: set[str] = set()

    def check(self, project: Project) -> None:
        """Raise `InputError` for a file that is there, and may hold what was replaced, or that would be a spec."""
        if self.path.exists() or self.path.is_symlink():
            raise InputError(f"{self.path} is there already; name another file, so that no former value is lost")
        if _is_among_specs(self.path.resolve(), project):
            raise InputError(f"{self.path} would stand among the specs, and is none; name a file elsewhere")
        check_writable(self.path)

    def announce(self, plan: Plan) -> None:
        """Report, before anything is written, which former values the file will not hold, and what stays."""
        undo = build_undo(plan, accepts)
        self._warn_lost(undo)
        if undo.stays:
            stay = counted(len(undo.stays), "addition stays", "additions stay")
            self._reporter.note(f"note: {stay} whatever is undone: nothing can be deleted")

    def save(self, plan: Plan, account: Account, outcomes: Sequence[Outcome] | None = None) -> None:
        """Write what undoes the plan, or, once the outcomes are known, what was done of it; raises `StateError`."""
        undo = build_undo(plan, accepts, outcomes)
        try:
            text = undo_text(undo, environment=account.environment.name, api=account.api, account=account.digest)
        except (SpecError, ValueError) as error:
            raise StateError(f"{self.path} could not be read again, so it is not written") from error
        write_file(self.path, text)
        self._warn_lost(undo)

    def _warn_lost(self, undo: Undo) -> None:
        lost = [one for one in undo.lost if one.place not in self._reported]
        self._reported.update(one.place for one in lost)
        for one in lost[:_MOST_REPORTED]:
            self._reporter.note(f"warning: {visible(one.place)} is overwritten and cannot be undone: {one.reason}")
        if len(lost) > _MOST_REPORTED:
            more = counted(len(lost) - _MOST_REPORTED, "more value", "more values")
            self._reporter.note(f"warning: {more} cannot be undone; {self.path} lists all under cannot_restore")


def _is_among_specs(path: Path, project: Project) -> bool:
    entries = (entry for one in project.environments for entry in (*one.specs, *one.overlays))
    places = [project.root.resolve() / entry for entry in entries]
    return any(path.is_relative_to(place) or fnmatch(str(path), str(place)) for place in places)


@contextmanager
def undo_session(options: RunOptions, around: Surroundings, file: Path) -> Iterator[Session]:
    """
    Open a session that brings back what an undo file holds; raises `RefusedError` anywhere but where it is from.

    Also raises `InputError` and `SpecError` for a file that is none, and `StateError`.
    """
    saved = load_undo(file)
    header = saved.header
    project, reporter = choose_project(options, around), around.reporter
    environment = _environment(project, options, around, header, file)
    with open_account(project, environment, options, around) as account:
        if account.digest != header.account:
            raise RefusedError(
                f"{file} was written with another API key than this one: it names {visible(header.account)}, and URL "
                f"and key here are {account.digest}; where this is the same account with a new key, write that digest "
                f"into the file; {_NOTHING_DONE}"
            )
        _note_left_out(header, file, reporter)
        declared = _declared(project, environment, reporter)
        _warn_redeclared(saved.desired, declared, reporter)
        catalogue = declared.catalogue if declared else {}
        revealed = options.revealed if declared else ()  # where no catalogue can be read, any key may be sensitive
        desired = replace(saved.desired, catalogue=catalogue)
        guards = _guards(environment, options, reporter)
        read = (work_tree_of(project.root).name(file),)
        yield Session(project, desired, account, around, revealed, around.environ.get, guards, read, options.chosen)


def _environment(
    project: Project, options: RunOptions, around: Surroundings, header: UndoHeader, file: Path
) -> Environment:
    """Return the environment that a file is for; raises `RefusedError` where the run is for another one, or API."""
    name, asked = header.environment, options.environment
    environment = next((one for one in project.environments if one.name == name), None)
    if environment is None:
        where = f"{project.file} has no such one" if project.file else "there is no reconciler.yaml that has it"
        raise RefusedError(f"{file} is for the environment {visible(name)}, and {where}; {_NOTHING_DONE}")
    if asked not in {None, name}:
        command = f"`reconciler -e {name} undo {shlex.quote(str(file))}`"
        raise RefusedError(f"{file} is for the environment {name}, not for {asked}; {_NOTHING_DONE}; run {command}")
    api = api_of(environment, options, around.environ)
    if api != header.api:
        raise RefusedError(
            f"{file} is for {visible(header.api)}, and {name} is {api} here; check `api` in reconciler.yaml, or give "
            f"--api-url; {_NOTHING_DONE}"
        )
    return environment


def _guards(environment: Environment, options: RunOptions, reporter: Reporter) -> Guards:
    """
    Return the guards of an undo; the share of updates is limited by the flag alone.

    An undo looks at nothing but what it brings back, so that its share is always the whole.
    """
    guards = guards_of(environment, options, reporter.note)
    return replace(guards, max_update_share=options.max_update_share)


def _declared(project: Project, environment: Environment, reporter: Reporter) -> Desired | None:
    """Load what the environment's specs declare, and no secret; None, and a warning, where they cannot be read."""
    try:
        return load_environment(project, environment).desired
    except InputError as error:
        first = visible(worded_error(error, reveal=False).partition("\n")[0])
        reporter.note(
            f"warning: the specs cannot be read, so it is not shown what they declare with other values: {first}"
        )
        return None


def _note_left_out(header: UndoHeader, file: Path, reporter: Reporter) -> None:
    """Report how much the file does not bring back; it names all of it."""
    lost = sum(map(len, header.cannot_restore.values()))
    if lost:
        reporter.note(f"warning: {counted(lost, 'value')} cannot be brought back: see cannot_restore in {file}")
    if header.stays:
        stay = counted(len(header.stays), "addition stays", "additions stay")
        reporter.note(f"note: {stay}, since nothing can be deleted: see `stays` in {file}")


def _warn_redeclared(undone: Desired, declared: Desired | None, reporter: Reporter) -> None:
    """Report what the specs declare otherwise, with the lines: the next apply would overwrite it again."""
    found = redeclared(undone, declared) if declared else ()
    for one in found[:_MOST_REPORTED]:
        place = f"{one.source.file}:{one.source.line}"
        reporter.note(
            f"warning: {visible(place)}: {visible(one.address)} is declared otherwise: the next apply overwrites it"
        )
    if len(found) > _MOST_REPORTED:
        more = counted(len(found) - _MOST_REPORTED, "more value is", "more values are")
        reporter.note(f"warning: {more} declared otherwise: the next apply overwrites them")
    if found:
        reporter.note("hint: change these specs, too, so that what is undone stays undone")
