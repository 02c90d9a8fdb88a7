"""`reconciler runs`: lists the runs that wrote, or were about to."""

from typing import TYPE_CHECKING

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import format_option, global_options
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.core.documents.receipt import ReceiptDocument
    from reconciler.core.documents.runs import PastRun


@command("runs", "-e production runs --format json")
@global_options("project", "environment", "state")
@format_option("text", "json")
@pass_invocation
def runs(invocation: Invocation, *, output_format: str) -> int:
    """List the runs of this repository, the newest first."""
    from reconciler.cli.terminal import emit
    from reconciler.core.documents.runs import describe_runs
    from reconciler.render.json import render_json
    from reconciler.render.tables import render_runs_text

    wanted = invocation.environment
    document = describe_runs(run for run in _past_runs(invocation) if wanted in {None, run.header.environment})
    emit(render_json(document) if output_format == "json" else render_runs_text(document), output_format)
    return 0


def receipt_of(journal: "Path") -> "ReceiptDocument":
    """Read a journal as the receipt of its run; raises `InputError` and `StateError`."""
    from reconciler.cli.terminal import remark
    from reconciler.core.documents.runs import describe_past_run
    from reconciler.errors import InputError
    from reconciler.render.words import counted
    from reconciler.storage.journal import read_run

    run = read_run(journal)
    if run is None:
        raise InputError(f"{journal} ends before its first line: the run was killed before it began to write")
    if run.not_begun:
        remark(f"note: {counted(run.not_begun, 'operation')} never begun, and not named in the journal")
    return describe_past_run(run)


def journal_of(invocation: Invocation, name: str) -> "Path":
    """Return the journal of a run by its id or the start of it; raises `InputError`."""
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.storage.journal import JournalFolder
    from reconciler.workflow.records import JOURNALS
    from reconciler.workflow.session import choose_project

    return JournalFolder(choose_project(invocation, surroundings_of(invocation)).state_folder / JOURNALS).find(name)


def _past_runs(invocation: Invocation) -> "list[PastRun]":
    """Read all journals; those without an end may be at work still."""
    from msgspec.structs import replace

    from reconciler.cli.surroundings import surroundings_of
    from reconciler.clock import utc_now
    from reconciler.storage.journal import JournalFolder
    from reconciler.storage.lease import running
    from reconciler.workflow.records import JOURNALS, LEASES
    from reconciler.workflow.session import choose_project

    folder = choose_project(invocation, surroundings_of(invocation)).state_folder
    at_work = running(folder / LEASES, utc_now())
    return [
        replace(run, is_running=run.finished_at is None and run.header.run in at_work)
        for run in JournalFolder(folder / JOURNALS).runs()
    ]
