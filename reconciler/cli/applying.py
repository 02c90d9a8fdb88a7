"""An apply, step by step: plan, show, ask, execute, record."""

import signal
import sys

import click
from msgspec import Struct
from msgspec.structs import replace

from reconciler.api.recording import RecordingWriter
from reconciler.cli.bookkeeping import Books, keeping_books
from reconciler.cli.interrupt import watching_for_interrupts
from reconciler.cli.progressive import Progressive
from reconciler.cli.prospect import Prospect, declared_prospect, reviewed_prospect
from reconciler.cli.screen import Progress, emit, is_operators_terminal, palette, remark
from reconciler.cli.session import Session
from reconciler.cli.undoing import UndoFile
from reconciler.cli.views import Writes, check_files, write_files
from reconciler.core.describe import describe_plan, describe_receipt
from reconciler.core.document import PlanDocument
from reconciler.core.receipt import Receipt
from reconciler.errors import InputError, RefusedError, StateError
from reconciler.execute import Observer
from reconciler.render.formats import dry_run_formats, receipt_formats
from reconciler.render.plan_text import render_plan_text
from reconciler.state import prepare_folder
from reconciler.workflow.account import refuse_exceeded
from reconciler.workflow.applying import Applied, apply_plan, rehearse

_INCOMPLETE = 3
_INTERRUPTED = 130


class Applying(Struct, frozen=True):
    """One call of `apply`."""

    session: Session
    targets: tuple[str, ...]
    output_format: str
    files: Writes
    no_color: bool
    progressive: Progressive
    saved: PlanDocument | None = None
    strict: bool = False
    undo: UndoFile | None = None

    async def prospect(self) -> Prospect:
        """Read the account and decide."""
        async with self.session.account.reader() as reader:
            run = replace(
                self.session.run(Progress("reading")), seconds_needed=self.session.account.pacer.seconds_needed
            )
            if self.saved is None:
                return await declared_prospect(self.session, reader, run, self.targets)
            return await reviewed_prospect(self.session, reader, run, self.saved, strict=self.strict)

    async def run(self, *, yes: bool) -> int:
        """Plan, show, ask, execute, record; gives the exit code."""
        _check_can_ask(yes=yes)
        if self.undo:
            self.undo.check()
        check_files([*self.files, *([("yaml", self.undo.path)] if self.undo else [])])
        async with keeping_books(self.session) as books, self.session.connected() as session:
            return await replace(self, session=session)._run(books, yes=yes)  # noqa: SLF001  this very class

    async def _run(self, books: Books, *, yes: bool) -> int:
        prospect = await self.prospect()
        self._show(prospect)
        refuse_exceeded(prospect.plan)
        books.settle_earlier_runs(prospect)
        if prospect.plan.operations and not yes:
            _ask(self.session)
        if self.undo and prospect.plan.operations:
            self.undo.write(prospect.plan)
        with watching_for_interrupts(self.session.account.stop):
            with books.journal(prospect) as observer:
                executed = await self._execute(prospect, observer)
            applied = replace(executed, receipt=prospect.completed(executed.receipt))
            self._record(applied)
            if self.undo and prospect.plan.operations:
                self.undo.write(prospect.plan, executed.receipt.outcomes)
        if self.session.account.pacer.is_budget_spent:
            remark("hint: run it again to go on: what is done is not done twice")
        return _exit_code(applied.receipt)

    def _show(self, prospect: Prospect) -> None:
        """Show the plan, on standard error where standard output is for the receipt."""
        for outcome in prospect.moved:
            remark(f"left out: {outcome.operation.address}: {outcome.detail}")
        stream = sys.stdout if self.output_format == "text" else sys.stderr
        document = describe_plan(prospect.plan, self.session.masker(reveal=is_operators_terminal(stream)))
        text = render_plan_text(document, palette(stream, no_color=self.no_color))
        click.echo(text, file=stream, nl=False, color=True)

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

    def _record(self, applied: Applied) -> None:
        """Show the receipt, keep what was learned, and only then write the files, which may fail."""
        document = describe_receipt(applied.receipt, reveal=is_operators_terminal(sys.stdout))
        if document.outcomes or self.output_format != "text":
            colours = palette(sys.stdout, no_color=self.no_color)
            self._tell(receipt_formats(colours)[self.output_format](document))
        self._remember(applied)
        kept = describe_receipt(applied.receipt)
        write_files(self.files, lambda name: receipt_formats()[name](kept))

    def _remember(self, applied: Applied) -> None:
        """Keep the ids that were learned; a cache that cannot be kept is no failure."""
        try:
            prepare_folder(self.session.account.memory_ids.folder)
            self.session.account.memory_ids.remember(applied.memory_ids)
        except StateError as error:
            remark(f"warning: memory ids are not remembered: {error}")

    def _tell(self, text: str) -> None:
        """Print what became of the apply, and where nobody reads standard output any more, on standard error."""
        try:
            emit(text)
        except BrokenPipeError:
            remark(text.rstrip())


async def dry_run_of(applying: Applying) -> int:
    """Show each request of the apply; gives the exit code."""
    prospect = await applying.prospect()
    reveal = applying.output_format == "text" and is_operators_terminal(sys.stdout)
    recorder = RecordingWriter(applying.session.masker(reveal=reveal))
    emit(dry_run_formats()[applying.output_format](await rehearse(prospect.plan, recorder, recorder.requests)))
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
