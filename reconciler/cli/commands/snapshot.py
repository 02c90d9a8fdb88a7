"""`reconciler snapshot`: saves what the account holds, masked, for plans where it cannot be reached."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import connection_options, selection_options, target_option
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.core.snapshot import Snapshot


@command("-e production snapshot --out live.json", "snapshot --all-users --out live.json")
@connection_options
@target_option
@selection_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file, in place of standard output.")
@click.option("--all-users", is_flag=True, help="Read the users of every memory, not of the declared ones alone.")
@pass_invocation
def snapshot(invocation: Invocation, *, out: Path | None, all_users: bool) -> int:
    """
    Save what the account holds, for `plan --live`.

    Every live value, key, identifier and phone number stands there as a keyed digest; ids of contacts, memories and
    personas stand in the open. Only reads from the account.
    """
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.cli.terminal import emit, remark
    from reconciler.concurrency import run_in_loop
    from reconciler.render.json import render_json
    from reconciler.storage.files import check_writable, write_file
    from reconciler.workflow.session import open_session
    from reconciler.workflow.snapshots import make_snapshot

    if out is not None:
        check_writable(out)
    with open_session(invocation, surroundings_of(invocation)) as session:
        taken = run_in_loop(make_snapshot(session, all_users=all_users))
    if taken.contacts is None:
        remark("note: this account lists no contacts, so the snapshot holds the declared memories alone")
    elif not taken.is_complete:
        remark(
            "warning: the list of contacts changed while it was read, and some may be missing; take the snapshot again"
        )
    text = render_json(taken)
    if out is None:
        emit(text, "json")
    else:
        write_file(out, text)
        remark(_summary(taken, out))
    return 0


def _summary(taken: "Snapshot", out: Path) -> str:
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted, memories

    contacts = taken.contacts or ()
    number = sum(len(contact.memories or ()) for contact in contacts) + len(taken.contexts)
    what = f"{counted(len(contacts), 'contact')} with {memories(number)}"
    return f"Saved {what} of {taken.environment} to {visible(str(out))}."
