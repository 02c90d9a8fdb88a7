"""Snapshots: what the account holds is saved, masked, and a plan is made against it later."""

from collections.abc import Sequence
from pathlib import Path

from reconciler.clock import time_text
from reconciler.core.model.desired import Desired
from reconciler.core.remote import Reader
from reconciler.core.snapshot import Holdings, Snapshot, Taken, has_key_of, mask_holdings, unmask_snapshot
from reconciler.errors import InputError
from reconciler.observe import observe
from reconciler.observe.snapshot import SnapshotReader, list_account, read_all_users
from reconciler.render.words import memories
from reconciler.storage.saved_documents import load_snapshot
from reconciler.workflow.run import Run
from reconciler.workflow.session import Session


async def make_snapshot(session: Session, *, all_users: bool) -> Snapshot:
    """Read what the account lists and what is declared, and mask it; raises `ApiError`."""
    async with session.account.reader() as reader:
        selection = session.selected()
        desired, run = selection.desired, session.run("reading")
        if left_out := selection.left_out + selection.elsewhere:
            session.reporter.note(f"note: {memories(left_out)} not chosen, so not read beyond the listing")
        holdings, taken = await take_snapshot(desired, reader, run, all_users=all_users)
    return mask_holdings(holdings, taken, session.masker(reveal=False))


async def take_snapshot(desired: Desired, reader: Reader, run: Run, *, all_users: bool) -> tuple[Holdings, Taken]:
    """
    Read what the account lists and what is declared, and note where and when; raises `ApiError`.

    Users are read of the declared memories, or of all that are listed.
    """
    holdings = await list_account(reader, concurrency=run.concurrency)
    recorder = SnapshotReader(holdings, reader)
    await observe(recorder, desired, run.observing)
    if all_users:
        await read_all_users(recorder, concurrency=run.concurrency)
    return holdings, Taken(run.environment, run.api, time_text(run.clock.now()))


def open_snapshot(file: Path, session: Session, earlier: Sequence[Desired]) -> tuple[Snapshot, SnapshotReader]:
    """
    Return a snapshot and a reader of it, which knows the values that are declared, now or in `earlier` specs.

    Raises `InputError` for a snapshot of another account or made with another key.
    """
    snapshot, masker = load_snapshot(file), session.masker(reveal=False)
    _check_account(snapshot, session, file)
    if not has_key_of(snapshot, masker):
        environment = session.account.environment
        variable = "" if environment.api_key_command else f"{environment.api_key_env} or "
        raise InputError(f"{file} was made with another key; set {variable}RECONCILER_DIGEST_KEY to that one")
    return snapshot, SnapshotReader(unmask_snapshot(snapshot, [session.desired, *earlier], masker))


def _check_account(snapshot: Snapshot, session: Session, file: Path) -> None:
    """Raise `InputError` for the snapshot of another environment or API."""
    environment, api = session.account.environment.name, session.account.api
    if (snapshot.environment, snapshot.api) != (environment, api):
        raise InputError(
            f"{file} is a snapshot of {snapshot.environment} ({snapshot.api}), not of {environment} ({api}); "
            "make one with `reconciler snapshot --out FILE`"
        )
