"""Making a plan: from the account, or offline from a snapshot of it."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.loading import load_environment
from reconciler.cli.session import Session
from reconciler.cli.terminal import Progress, remark
from reconciler.core.model.masking import worded_error
from reconciler.core.model.text import visible
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.totals import guarded
from reconciler.core.remote import Reader
from reconciler.errors import InputError
from reconciler.project import load_project
from reconciler.render.words import memories
from reconciler.workflow.planning import Revision, make_plan
from reconciler.workflow.run import Run

if TYPE_CHECKING:
    from reconciler.core.snapshot import Snapshot


class Planning(Struct, frozen=True):
    """What is planned, for whom; `base` is a git revision whose specs are compared with."""

    session: Session
    targets: tuple[str, ...]
    base: str | None = None

    def live(self) -> Plan:
        """Plan against the account."""

        async def read() -> Plan:
            async with self.session.account.reader() as reader:
                return await self._make(reader, self.session.run(Progress("reading")), self._revision())

        return _run(read())

    def offline(self, file: Path) -> Plan:
        """Plan against a snapshot; raises `InputError` for one of another account or made with another key."""
        from reconciler.core.snapshot import has_key_of, unmask_snapshot
        from reconciler.observe.snapshot import SnapshotReader
        from reconciler.storage.saved_documents import load_snapshot

        snapshot, masker = load_snapshot(file), self.session.masker(reveal=False)
        _check_account(snapshot, self.session, file)
        if not has_key_of(snapshot, masker):
            variable = self.session.account.environment.api_key_env
            raise InputError(f"{file} was made with another key; set {variable} or RECONCILER_DIGEST_KEY to that one")
        revision = self._revision()
        declared = [self.session.desired, *([revision.desired] if revision else [])]
        reader = SnapshotReader(unmask_snapshot(snapshot, declared, masker))
        run = replace(self.session.run(Progress("reading")), known_ids={}, snapshot_taken_at=snapshot.taken_at)
        made = _run(self._make(reader, run, revision))
        if snapshot.contacts is not None and not snapshot.is_complete:
            remark("warning: the listing moved while the snapshot was taken; contacts that it lacks may be there")
        if reader.lacking:
            remark(f"warning: the snapshot lacks {memories(len(reader.lacking))}, planned as if they held nothing")
        return made

    async def _make(self, reader: Reader, run: Run, revision: Revision | None) -> Plan:
        made = await make_plan(self.session.desired, reader, run, targets=self.targets, base=revision)
        return guarded(made, self.session.guards)

    def _revision(self) -> Revision | None:
        """Load the specs of the base; those that cannot be used now are no reason to plan nothing."""
        if self.base is None:
            return None
        from reconciler.git import UntrustedError, checked_out

        try:
            with checked_out(self.session.project.root, self.base) as folder:
                return self._loaded_at(self.base, folder)
        except UntrustedError as error:
            remark(f"warning: no causes are told: {visible(str(error))}")
            return None

    def _loaded_at(self, base: str, folder: Path) -> Revision | None:
        """Load the specs of the base from the folder into which they were checked out."""
        project, environment = self.session.project, self.session.account.environment.name
        try:
            before = load_project(str(folder / project.file if project.file else folder))
            loaded = load_environment(before, before.environment(environment), self.session.environ)
            return Revision(base, loaded.desired)
        except InputError as error:
            first = worded_error(error, reveal=False).partition("\n")[0]
            remark(f"warning: the specs at {base} cannot be used, so no causes are told: {first}")
            return None


def _run(work: Coroutine[None, None, Plan]) -> Plan:
    """
    Run to the end.

    A plan must not be what the task itself returns: `asyncio.run` writes a task with its result out as text, in an
    error that nobody sees, when it looks whose handler of Ctrl-C is in place.
    """
    made: list[Plan] = []

    async def keep() -> None:
        made.append(await work)

    asyncio.run(keep())
    return made[0]


def _check_account(snapshot: "Snapshot", session: Session, file: Path) -> None:
    """Raise `InputError` for the snapshot of another environment or API."""
    environment, api = session.account.environment.name, session.account.api
    if (snapshot.environment, snapshot.api) != (environment, api):
        raise InputError(
            f"{file} is a snapshot of {snapshot.environment} ({snapshot.api}), not of {environment} ({api})"
        )
