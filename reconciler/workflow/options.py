"""What one run was asked for: the options of a command, without click and without environment variables."""

from typing import Protocol


class RunOptions(Protocol):
    """
    The account, the pace and the guards of one run, where they differ from those of its environment.

    With `debug`, each request is noted.
    """

    api_url: str | None
    concurrency: int | None
    max_requests: int | None
    max_minutes: float | None
    max_changes: int | None
    max_update_share: float | None
    max_new_keys: int | None
    debug: bool
