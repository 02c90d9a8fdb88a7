"""Where the runs of an environment keep what they know: a folder of this machine, a shared one, or a bucket."""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from reconciler.clock import utc_now
from reconciler.core.model.settings import is_bucket
from reconciler.errors import StateError
from reconciler.project import Environment, Project
from reconciler.storage.files import check_own_folder
from reconciler.storage.store import FolderStore, Store

if TYPE_CHECKING:  # what only loads specs sends nothing
    from reconciler.api.pacer import Pacer


class State(Struct, frozen=True):
    """
    The store of an environment, and a folder of this machine: the store itself, or the place of copies of a bucket.

    It is shared where somebody named it: the default, `.reconciler/`, is for one working copy.
    """

    store: Store
    folder: Path
    is_shared: bool

    @property
    def place(self) -> str:
        """Return what messages call it."""
        return self.store.place("").rstrip("/")


def is_shared(project: Project, environment: Environment) -> bool:
    """Return whether the state of an environment was named, and may be that of several machines."""
    return bool(project.state or project.state_url or environment.state)


def state_of(project: Project, environment: Environment) -> State:
    """Return the state of an environment; nothing is read yet. Raises `InputError`."""
    named = project.state_url or (environment.state if not project.state else None)
    if named and is_bucket(named):
        from reconciler.storage.bucket import open_bucket  # noqa: PLC0415  few environments have one

        copies = project.root / ".reconciler" / "shared" / hashlib.sha256(named.encode()).hexdigest()[:16]
        return State(open_bucket(named), copies, is_shared=True)
    folder = Path(os.path.realpath(project.root / named)) if named else project.state_folder
    if is_shared(project, environment):  # the default is this tool's by its name
        check_own_folder(folder)
    return State(FolderStore(folder), folder, is_shared(project, environment))


def states_of(project: Project, name: str | None) -> list[State]:
    """Return the states of all environments, or of the one with a name, each once; raises `InputError`."""
    known = {one.name: one for one in project.environments}
    chosen = [known[name]] if name in known else list(known.values())
    return list({state.place: state for state in (state_of(project, one) for one in chosen)}.values())


def share_rate(state: State, pacer: "Pacer", account: str) -> None:
    """Let the requests of a run count in the window of all who share the state."""
    if not (state.is_shared and pacer.rate):
        return
    from reconciler.api.sharing import SharedWindow  # noqa: PLC0415  few runs share one
    from reconciler.storage.allowance import SharedAllowance  # noqa: PLC0415

    if isinstance(pacer.window, SharedWindow):  # of the run before
        return
    name = f"{hashlib.sha256(account.encode()).hexdigest()[:16]}.json"
    allowance = SharedAllowance(state.store.below("allowance"), name, pacer.rate, secrets.token_hex(8))
    pacer.window = SharedWindow(
        pacer.rate,
        allowance.draw,
        time_of_day=lambda: utc_now().timestamp(),
        blocks=state.store.folder is None,
    )


def settle_rate(pacer: "Pacer") -> None:
    """Hand back what a run has not used of the rate; where that fails, it counts until it is certainly over."""
    if pacer.window:
        with suppress(StateError):
            pacer.window.settle(pacer.now)
