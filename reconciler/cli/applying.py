"""An apply, step by step: plan, show, ask, execute, record."""

import signal
import sys
from collections.abc import Sequence
from typing import TextIO

import click
from msgspec import Struct
from msgspec.structs import replace

from reconciler.api.recording import RecordingWriter
from reconciler.cli.bookkeeping import Books, keeping_books
from reconciler.cli.interrupt import watching_for_interrupts
from reconciler.cli.output import Writes, check_files, write_files
from reconciler.cli.progressive import Progressive
from reconciler.cli.prospect import Prospect, declared_prospect, reviewed_prospect
from reconciler.cli.session import Session
from reconciler.cli.terminal import Progress, emit, is_operators_terminal, palette, remark
from reconciler.cli.undoing import UndoFile
from reconciler.core.documents.describe import describe_plan, describe_receipt
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.plan.cost import Allowance
from reconciler.core.plan.receipt import Outcome, Receipt
from reconciler.errors import InputError, RefusedError, StateError
from reconciler.execute import Observer
from reconciler.render.formats import dry_run_formats, receipt_formats
from reconciler.render.text import render_plan_text
from reconciler.storage.files import prepare_folder
from reconciler.workflow.account import refuse_exceeded
from reconciler.workflow.applying import Applied, apply_plan, rehearse

_ERROR = 1
_INCOMPLETE = 3
_INTERRUPTED = 130


class Applying(Struct, frozen=True):
    """
    One call of `apply` or `undo`.

    An undo (`is_undo`) declares a part of what the specs do: what it does not name is no notice, and says nothing of
    earlier runs.
    """

    session: Session
    targets: tuple[str, ...]
    output_format: str
    files: Writes
    no_color: bool
    progressive: Progressive
    saved: PlanDocument | None = None
    strict: bool = False
    undo: UndoFile | None = None
    is_undo: bool = False

    async def prospect(self, *, asks: bool = False) -> Prospect:
        """Read the account and decide; `asks` says that somebody is asked before anything is written."""
        async with self.session.account.reader() as reader:
            run = replace(self.session.run(Progress("reading")), allowance=lambda: self._allowance(asks=asks))
            if self.saved is None:
                prospect = await declared_prospect(self.session, reader, run, self.targets)
                return _without_unmanaged(prospect) if self.is_undo else prospect
            return await reviewed_prospect(self.session, reader, run, self.saved, strict=self.strict)

    def _allowance(self, *, asks: bool) -> Allowance:
        """Return what the requests of the apply meet; while somebody is asked, what the plan saw grows old."""
        met = self.session.account.pacer.allowance()
        return replace(met, is_stale=met.is_stale or asks)

    async def run(self, *, yes: bool) -> int:
        """Plan, show, ask, execute, record; return the exit code."""
        _check_can_ask(yes=yes)
        if self.undo:
            self.undo.check(self.session.project)
        check_files([*self.files, *([("yaml", self.undo.path)] if self.undo else [])])
        async with keeping_books(self.session) as books, self.session.connected() as session:
            return await replace(self, session=session)._run(books, yes=yes)  # noqa: SLF001  this very class

    async def _run(self, books: Books, *, yes: bool) -> int:
        prospect = await self.prospect(asks=not yes)
        self._show(prospect)
        refuse_exceeded(prospect.plan)
        if not self.is_undo:
            books.settle_earlier_runs(prospect)
        saving = self.undo if prospect.plan.operations else None
        if saving:
            saving.announce(prospect.plan)
        if prospect.plan.operations and not yes:
            _ask(self.session)
            self.session.account.pacer.note_wait()
        if saving:
            saving.save(prospect.plan, self.session.account)
        with watching_for_interrupts(self.session.account.stop):
            with books.journal(prospect) as observer:
                executed = await self._execute(prospect, observer)
            applied = replace(executed, receipt=prospect.completed(executed.receipt))
            try:
                self._keep(prospect, applied, executed.receipt.outcomes)
            finally:
                was_told = self._tell(applied.receipt)
        if self.session.account.pacer.is_budget_spent:
            remark("hint: run it again to go on: what is done is not done twice")
        return _exit_code(applied.receipt) or (0 if was_told else _ERROR)

    def _show(self, prospect: Prospect) -> None:
        """Show the plan, on standard error where standard output is for the receipt."""
        for outcome in prospect.moved:
            remark(f"left out: {outcome.operation.address}: {outcome.detail}")
        is_document = self.output_format == "text"
        stream = sys.stdout if is_document else sys.stderr
        document = describe_plan(prospect.plan, self.session.masker(reveal=is_operators_terminal(stream)))
        text = render_plan_text(document, palette(stream, no_color=self.no_color))
        if is_document:
            emit(text)
        else:
            remark(text, nl=False)

    async def _execute(self, prospect: Prospect, observer: Observer) -> Applied:
        async with self.session.account.writer() as writer:
            run = self.session.run(Progress("applying"))
            return await apply_plan(
                prospect.plan,
                writer,
                run,
                stop=self.session.account.stop,
                observer=self.progressive.limited(observer, prospect.plan),
                canary=self.progressive.canary_of(self.session, prospect),
            )

    def _keep(self, prospect: Prospect, applied: Applied, outcomes: Sequence[Outcome]) -> None:
        """Keep what was learned and write the files, before anything is printed; raises `StateError`."""
        self._remember(applied)
        kept = describe_receipt(applied.receipt, self.session.masker(reveal=False))
        try:
            write_files(self.files, lambda name: receipt_formats()[name](kept))
        finally:
            if self.undo and prospect.plan.operations:
                self.undo.save(prospect.plan, self.session.account, outcomes)

    def _remember(self, applied: Applied) -> None:
        """Keep the ids that were learned; a cache that cannot be kept is no failure."""
        try:
            prepare_folder(self.session.account.memory_ids.folder)
            self.session.account.memory_ids.remember(applied.memory_ids)
        except StateError as error:
            remark(f"warning: memory ids are not remembered: {error}")

    def _tell(self, receipt: Receipt) -> bool:
        """
        Print what became of the apply, and where standard output takes nothing more, print it on standard error.

        Return whether standard output took it, or nobody reads that any more.
        """
        if not receipt.outcomes and self.output_format == "text":
            return True
        try:
            emit(self._rendered(receipt, sys.stdout), self.output_format)
        except BrokenPipeError:
            remark(self._rendered(receipt, sys.stderr).rstrip())
        except StateError as error:
            remark(self._rendered(receipt, sys.stderr).rstrip())
            remark(f"error: {error}")
            return False
        return True

    def _rendered(self, receipt: Receipt, stream: TextIO) -> str:
        document = describe_receipt(receipt, self.session.masker(reveal=is_operators_terminal(stream)))
        return receipt_formats(palette(stream, no_color=self.no_color))[self.output_format](document)


def _without_unmanaged(prospect: Prospect) -> Prospect:
    notices = tuple(notice for notice in prospect.plan.notices if notice.type not in {"unmanaged", "retained"})
    return replace(prospect, plan=replace(prospect.plan, notices=notices))


async def dry_run_of(applying: Applying) -> int:
    """Show each request of the apply; return the exit code."""
    prospect = await applying.prospect()
    reveal = applying.output_format == "text" and is_operators_terminal(sys.stdout)
    recorder = RecordingWriter(applying.session.masker(reveal=reveal))
    document = await rehearse(prospect.plan, recorder, recorder.requests)
    emit(dry_run_formats()[applying.output_format](document), applying.output_format)
    refuse_exceeded(prospect.plan)
    return 0


def _check_can_ask(*, yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        raise InputError("apply asks before it writes, and there is nobody to ask here; say --yes")


def _ask(session: Session) -> None:
    """Ask whether to go on; raises `RefusedError` unless the answer is yes."""
    # the event loop keeps Ctrl-C for itself, which would be lost while this waits for a line
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = click.confirm(
            f"Apply this to {session.account.api} (environment {session.account.environment.name})?", err=True
        )
    finally:
        signal.signal(signal.SIGINT, kept)
    if not answer:
        raise RefusedError("not applied: the answer was no, and nothing was written")


def _exit_code(receipt: Receipt) -> int:
    if receipt.interrupted:
        return _INTERRUPTED
    return 0 if receipt.is_complete else _INCOMPLETE
