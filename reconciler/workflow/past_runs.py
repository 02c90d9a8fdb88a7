"""What earlier runs left: the runs of a repository, and saved documents, as one that can be shown."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from reconciler.clock import utc_now
from reconciler.core.documents.campaign import CampaignDocument, describe_campaign
from reconciler.core.documents.merging import merge
from reconciler.core.documents.receipt import ReceiptDocument
from reconciler.core.documents.runs import AtWork, PastRun, RunsDocument, describe_past_run, describe_runs
from reconciler.errors import InputError, StateError
from reconciler.project import Project
from reconciler.render.words import counted, shards_sentence
from reconciler.storage.journal import JournalFolder, read_run
from reconciler.storage.lease import at_work
from reconciler.storage.saved_documents import SavedDocument, load_document
from reconciler.workflow.loading import check_place, choose_project
from reconciler.workflow.options import RunOptions
from reconciler.workflow.records import JOURNALS, LEASES, journals_of
from reconciler.workflow.run import Surroundings
from reconciler.workflow.state import State, states_of

_TORN = (
    "its first line is not whole; a run that is killed before it begins to write leaves such a file, or it is damaged"
)


def list_runs(options: RunOptions, surroundings: Surroundings) -> tuple[RunsDocument, str]:
    """
    Return the runs of the repository, or of the environment alone if one is named, and the places they are kept in.

    Raises `StateError`, and `InputError` where there is no project, or no such environment and no run of it.
    """
    project = choose_project(options, surroundings)
    states = states_of(project, options.environment)
    runs = [run for state in states for run in _runs_of(state) if options.environment in {None, run.header.environment}]
    if why := _unreadable(states):
        if not runs:
            raise StateError(why)
        surroundings.reporter.note(f"warning: {why}")
    if not (runs or options.state):
        check_place(project)
    if options.environment and not runs:
        project.environment(options.environment)
    runs.sort(key=lambda run: run.header.run.id)
    return describe_runs(runs), ", ".join(_place(state) for state in states)


def _unreadable(states: Iterable[State]) -> str:
    """Return which journals show nothing of their runs, and why; empty where there are none."""
    torn = [path for state in states for path in journals_of(state).torn()]
    others = f" and {len(torn) - 1:,} more" if torn[1:] else ""
    return f"cannot read {torn[0]}{others}: {_TORN}" if torn else ""


def _runs_of(state: State) -> list[PastRun]:
    journals = journals_of(state)
    journals.fetch(also_closed=False)
    return _with_running(journals.outlines(), at_work(state.store.below(LEASES), utc_now()))


def _with_running(runs: Iterable[PastRun], working: Iterable[AtWork]) -> list[PastRun]:
    ids = {one.run for one in working}
    return [replace(run, is_running=run.finished_at is None and run.header.run.id in ids) for run in runs]


def newest_campaign(options: RunOptions, surroundings: Surroundings) -> CampaignDocument:
    """
    Return the newest campaign of the environment, or of all if none is named, as far as their states know it.

    Raises `StateError`, and `InputError` where there is none.
    """
    project = choose_project(options, surroundings)
    states = states_of(project, options.environment)
    found: list[tuple[list[PastRun], list[AtWork]]] = []
    for state in states:
        journals = journals_of(state)
        working = at_work(state.store.below(LEASES), utc_now())
        journals.fetch(also_closed=False)
        if runs := journals.newest(options.environment):
            found.append((_with_running(runs, working), working))
    if not found:
        if why := _unreadable(states):
            raise StateError(why)
        check_place(project)
        if options.environment:
            project.environment(options.environment)
        whose = f" of {options.environment}" if options.environment else ""
        raise InputError(f"no run{whose} in {', '.join(map(_place, states))}: no apply has got as far as its plan yet")
    return describe_campaign(*max(found, key=lambda one: one[0][-1].header.run.id))


def _place(state: State) -> str:
    return str((state.folder / JOURNALS).absolute()) if state.store.folder else state.store.place(JOURNALS)


def open_documents(what: Sequence[str], options: RunOptions, surroundings: Surroundings) -> SavedDocument:
    """
    Return a saved document or the receipt of a run, or several of attempts or shards as one; raises `InputError`.

    Missing shards, and operations without a name, are reported.
    """
    found = [(one, _document(one, options, surroundings)) for one in what]
    document = found[0][1] if len(found) == 1 else merge(found)
    if len(found) > 1 and document.shards is not None:
        surroundings.reporter.note(f"warning: {shards_sentence(document.shards)}")
    not_named = document.totals.sum - len(document.outcomes) if isinstance(document, ReceiptDocument) else 0
    if not_named > 0:
        surroundings.reporter.note(f"note: {counted(not_named, 'operation')} never begun, and not named in the journal")
    return document


def _document(what: str, options: RunOptions, surroundings: Surroundings) -> SavedDocument:
    """Read a file, or the journal of a run; ids of runs hold no dot and no slash."""
    path = Path(what)
    if path.suffix == ".jsonl":
        return _receipt_of(path)
    if path.exists() or "." in what or os.sep in what:
        return load_document(path)
    project = choose_project(options, surroundings)
    if what in {one.name for one in project.environments}:
        raise InputError(f"no run {what!r}; it is an environment: `reconciler -e {what} show` shows its newest apply")
    return _receipt_of(_journals_with(what, project, options.environment).find(what))


def _journals_with(name: str, project: Project, environment: str | None) -> JournalFolder:
    """Return the journals among which a run is; those of a state that cannot be read count where no other has it."""
    found: list[JournalFolder] = []
    troubles: list[StateError] = []
    for state in states_of(project, environment):
        journals = journals_of(state)
        try:
            journals.fetch(also_closed=True, start=name)
        except StateError as error:
            troubles.append(error)
        found.append(journals)
    holding = [one for one in found if one.has(name)]
    if troubles and not holding:
        raise troubles[0]
    return (holding or found)[0]


def _receipt_of(journal: Path) -> ReceiptDocument:
    """Read a journal as the receipt of its run; raises `InputError` and `StateError`."""
    if not journal.exists():
        raise InputError(f"cannot read {journal}: no such file; `reconciler runs` lists the runs to show")
    if not journal.is_file():  # reading from a pipe would wait for ever
        raise InputError(f"cannot read {journal}: it is not a regular file; `reconciler runs` lists the runs to show")
    run = read_run(journal)
    if run is None:
        raise InputError(f"cannot read {journal}: {_TORN}")
    return describe_past_run(run)
