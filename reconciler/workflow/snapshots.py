"""What the account holds is taken down, to plan against it later."""

from reconciler.core.model.desired import Desired
from reconciler.core.remote import Reader
from reconciler.core.snapshot import Holdings, Taken
from reconciler.observe import observe
from reconciler.observe.snapshot import SnapshotReader, list_account, read_all_users
from reconciler.workflow.clock import time_text
from reconciler.workflow.run import Run


async def take_snapshot(desired: Desired, reader: Reader, run: Run, *, all_users: bool) -> tuple[Holdings, Taken]:
    """
    Read what the account lists and what is declared, and say where and when; raises `ApiError`.

    Users are read of the declared memories, or of all that are listed.
    """
    holdings = await list_account(reader, concurrency=run.concurrency)
    recorder = SnapshotReader(holdings, reader)
    await observe(recorder, desired, run.observing)
    if all_users:
        await read_all_users(recorder, concurrency=run.concurrency)
    return holdings, Taken(run.environment, run.api, time_text(run.clock()))
