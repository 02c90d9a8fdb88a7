"""What one run was asked for: the options of a command, without click and without environment variables."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `--help` makes options, too, and has no need of these
    from reconciler.core.model.selection import Chosen, Shard
    from reconciler.core.model.settings import MostFailures

_NARROWING = {"shard": "--shard", "targets": "--target", "addresses": "ADDRESS"}


@dataclass(slots=True)
class RunOptions:
    """
    The repository, the account, the pace and the limits of one run, where they differ from those of its environment.

    `project` is a file or a folder, and `state` the folder or bucket for what it keeps. `specs` are read in place of
    the environment's, if there are any. `shard`, `targets`, `labels`, `excludes` and `changed_since` choose what is
    looked at.
    `revealed` are patterns of keys whose live values may be shown, `allowed` are rules that are raised. With `refresh`,
    remembered users are read again, and with `debug`, each request is noted. `taken` names all that the command takes.
    """

    project: str | None = None
    environment: str | None = None
    state: str | None = None
    api_url: str | None = None
    concurrency: int | None = None
    max_requests: int | None = None
    max_minutes: float | None = None
    max_changes: int | None = None
    max_update_share: float | None = None
    max_new_keys: int | None = None
    canary: int | None = None
    max_failures: "MostFailures | None" = None
    fail_fast: bool = False
    refresh: bool = False
    debug: bool = False
    shard: "Shard | None" = None
    targets: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    changed_since: str | None = None
    specs: tuple[str, ...] = ()
    revealed: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    taken: frozenset[str | None] = frozenset()

    @property
    def fewer(self) -> str:
        """Return how to choose less of what is declared; empty where the command takes nothing for that."""
        ways = [written for name, written in _NARROWING.items() if name in self.taken]
        return f"choose fewer with {' or '.join(ways)}" if ways else ""

    @property
    def chosen(self) -> "Chosen":
        """Return what `targets`, `labels`, `excludes` and `changed_since` choose."""
        from reconciler.core.model.selection import Chosen  # noqa: PLC0415  see above

        return Chosen(self.targets, self.labels, self.excludes, self.changed_since)
