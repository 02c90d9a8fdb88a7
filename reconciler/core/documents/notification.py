"""What is told of a run to those who are not there: counts, and errors as others may read them; no value of anyone."""

from collections.abc import Mapping
from typing import Literal

from reconciler.core.model.settings import NotifyEvent
from reconciler.core.model.value import DocumentPart


class NotificationDocument(DocumentPart, frozen=True):
    """
    A notification of one event; times are ISO 8601 in UTC.

    `is_over` says that a drift or a failure, which was told before, is over. `planned` counts pending changes by kind,
    those of a refused plan, too, and `outcomes` the operations of an apply by result; null where that is not known.
    `exit_code` is the one of the command, and null for a watch, which goes on. `actor`, `commit` and `ci_url` are who
    ran it, the commit that is checked out, and the page of the CI job; null for what is not known. `text`
    says the same for people.
    """

    format_version: str
    kind: Literal["notification"]
    event: NotifyEvent
    is_over: bool
    command: str
    environment: str
    at: str
    exit_code: int | None
    planned: Mapping[str, int] | None
    outcomes: Mapping[str, int] | None
    errors: tuple[str, ...]
    errors_in_all: int
    actor: str | None
    commit: str | None
    ci_url: str | None
    text: str
