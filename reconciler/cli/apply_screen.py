"""How `apply` and `undo` show a plan, ask, and show the receipt."""

import signal
import sys
from pathlib import Path
from typing import TextIO

import click
from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.here import document_here
from reconciler.cli.invocation import Invocation
from reconciler.cli.output import Writes, check_files, emit_paged, write_files
from reconciler.cli.signals import handling
from reconciler.cli.streams import silence
from reconciler.cli.terminal import emit, is_operators_terminal, palette, remark, show_beside
from reconciler.concurrency import run_in_loop
from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.receipt import describe_receipt
from reconciler.core.plan.receipt import Receipt
from reconciler.errors import InputError, RefusedError, StateError
from reconciler.render.formats import dry_run_formats, receipt_formats
from reconciler.render.plan_text import render_plan_text
from reconciler.workflow.applying import Apply
from reconciler.workflow.notifying import Ended
from reconciler.workflow.proposal import Proposal
from reconciler.workflow.refusing import refuse
from reconciler.workflow.run import Reporter
from reconciler.workflow.session import Session
from reconciler.workflow.undoing import UndoFile

_DRY_RUN_FORMATS = ("text", "json")
_NOTHING_LEFT = "Nothing of this plan is left to apply.\n"
_NOTHING_WRITTEN = "nothing was written to the account"
_RECEIPT_ABOVE = "the apply is over, and the receipt above shows what was written to the account"
_MAY_BE_WRITTEN = frozenset(("done", "failed", "unknown"))
_ERROR = 1
_INCOMPLETE = 3
_INTERRUPTED = 130


class ApplyOutput(Struct, frozen=True):
    """What one call of `apply` or `undo` prints and saves, and whether it asks and writes."""

    output_format: str
    writes: Writes
    receipt: Path | None
    save_undo: Path | None
    no_color: bool
    yes: bool
    dry_run: bool
    full: bool

    @property
    def files(self) -> Writes:
        """Return the formats of the receipt that are saved, with their files."""
        return (*self.writes, *([("json", self.receipt)] if self.receipt is not None else []))

    def undo_file(self, reporter: Reporter) -> UndoFile | None:
        """Return the undo file to save, if one is wanted."""
        return UndoFile(self.save_undo, reporter) if self.save_undo is not None else None

    def check(self, invocation: Invocation) -> None:
        """Raise `click.UsageError` for options that do not go together."""
        if self.dry_run and (self.files or self.save_undo or self.output_format not in _DRY_RUN_FORMATS):
            raise click.UsageError(
                "--dry-run writes nothing; leave out --receipt, --write and --save-undo, and give --format text or json"
            )
        if invocation.fail_fast and invocation.max_failures is not None:
            raise click.UsageError("--fail-fast means --max-failures 1; give one of the two")


def run_apply(apply: Apply, output: ApplyOutput, ended: Ended) -> int:
    """Plan, show, ask, execute and record, or rehearse that; return the exit code, and tell `ended` of it."""
    ended.place = apply.session.account.environment, apply.session.project.root
    if output.dry_run:
        return _run_dry(apply, output.output_format)
    if not output.yes and not sys.stdin.isatty():
        raise InputError("this is no terminal, so nobody can be asked before anything is written; add --yes")
    apply.check()
    check_files([*output.files, *([("yaml", output.save_undo)] if output.save_undo else [])])
    screen = _TerminalScreen(apply.session, output)
    ended.receipt = receipt = run_in_loop(apply.run(screen))
    if receipt.interrupted:
        return _INTERRUPTED
    if not receipt.is_complete:
        return _INCOMPLETE
    return 0 if screen.was_shown else _ERROR


def _run_dry(apply: Apply, output_format: str) -> int:
    """Show each request of an apply, and send none of them; return the exit code."""
    reveal = output_format == "text" and is_operators_terminal(sys.stdout)
    plan, document = run_in_loop(apply.rehearse(apply.session.masker(reveal=reveal)))
    emit(dry_run_formats()[output_format](document), output_format)
    refuse(plan)
    return 0


def _emit_plan(text: str, *, is_read: bool) -> None:
    """Print the plan before anything is written; raises `StateError`, also where nobody reads standard output."""
    try:
        emit_paged(text, is_read=is_read, effect=_NOTHING_WRITTEN)
    except BrokenPipeError as error:
        silence(sys.stdout)
        raise StateError(f"standard output was closed before the plan was shown; {_NOTHING_WRITTEN}") from error


class _TerminalScreen:
    """The terminal of one apply; `was_shown` turns false when standard output did not take the receipt."""

    def __init__(self, session: Session, output: ApplyOutput) -> None:
        self.asks = not output.yes
        self.was_shown = True
        self._session = session
        self._output = output

    def show_plan(self, proposal: Proposal) -> None:
        """Show the plan, on standard error where standard output is for the receipt."""
        for outcome in proposal.changed:
            remark(f"left out: {outcome.operation.address}: {outcome.detail}")
        is_document = self._output.output_format == "text"
        stream = sys.stdout if is_document else sys.stderr
        masker = self._session.masker(reveal=is_operators_terminal(stream))
        document = describe_plan(proposal.plan, masker, digested=False)
        colours = palette(stream, no_color=self._output.no_color)
        text = render_plan_text(document_here(document), colours, full=self._output.full)
        if proposal.changed and not proposal.plan.operations:
            text = _NOTHING_LEFT
        if is_document:
            _emit_plan(text, is_read=self.asks)
        else:
            show_beside(text, nl=False)

    def confirm(self) -> None:
        """Ask whether to go on; raises `RefusedError` unless the answer is yes."""
        account = self._session.account
        # the event loop keeps Ctrl-C for itself, which would be lost while this waits for a line
        with handling(signal.SIGINT, signal.default_int_handler):
            answer = click.confirm(f"Apply this to {account.api} (environment {account.environment.name})?", err=True)
        if not answer:
            raise RefusedError("not applied: the answer was no, and nothing was written")

    def save_receipt(self, receipt: Receipt) -> None:
        """Write the receipt to the files that were named; raises `StateError`."""
        document = describe_receipt(receipt, self._session.masker(reveal=False))
        try:
            write_files(self._output.files, lambda name: receipt_formats()[name](document))
        except StateError as error:
            raise StateError(f"{error}; {_effect(receipt)}") from error

    def show_receipt(self, receipt: Receipt) -> None:
        """Print the receipt, and where standard output takes nothing more, print it on standard error."""
        if not receipt.outcomes and self._output.output_format == "text":
            return
        try:
            emit(self._rendered(receipt, sys.stdout), self._output.output_format)
        except BrokenPipeError:
            show_beside(self._rendered(receipt, sys.stderr).rstrip())
        except StateError as error:
            show_beside(self._rendered(receipt, sys.stderr).rstrip())
            remark(f"error: {error}; {_effect(receipt)}")
            self.was_shown = False

    def _rendered(self, receipt: Receipt, stream: TextIO) -> str:
        document = describe_receipt(receipt, self._session.masker(reveal=is_operators_terminal(stream)))
        colours, name = palette(stream, no_color=self._output.no_color), self._output.output_format
        if name == "text":  # whoever applies knows who that is
            document = replace(document_here(document), run=None)
        return receipt_formats(colours, full=self._output.full)[name](document)


def _effect(receipt: Receipt) -> str:
    """Return what an apply has come to whose receipt cannot be written or printed."""
    written = any(outcome.result in _MAY_BE_WRITTEN for outcome in receipt.outcomes)
    return _RECEIPT_ABOVE if written else _NOTHING_WRITTEN
