"""`command: plan` and `command: apply`: a plan that somebody can approve, and an apply of exactly that plan."""

import json

from settings import Settings
from texts import failure_html
from tool import CHANGES_PENDING, Ran, api_url, call, plan, since_base, targets

_INCOMPLETE, _REFUSED = 3, 4


def plan_to_approve(settings: Settings) -> int:
    """
    Return the exit code; pending changes are no error.

    What the account cannot confirm is pending, too: nobody could ever apply it otherwise.
    """
    planned = plan(settings, *since_base(settings))
    _summarise(settings, planned, "The plan could not be made")
    if planned.code not in {0, CHANGES_PENDING}:
        return planned.code
    operations = json.loads((settings.folder / "plan.json").read_text(encoding="utf-8"))["operations"]
    settings.tell_whether("changes", holds=planned.code == CHANGES_PENDING)
    settings.tell_whether("pending", holds=bool(operations))
    return 0


def apply(settings: Settings) -> int:
    """Return the tool's exit code; the receipt is kept whatever it is."""
    limit = [f"--max-minutes={settings.max_minutes}"] if settings.max_minutes else []
    written = [f"--receipt={settings.folder / 'receipt.json'}", f"--write=summary={settings.folder / 'summary.md'}"]
    options = [api_url(settings), "--yes", "--format=github", *targets(settings), *limit, *written]
    ran = call(settings, "apply", str(settings.approved), *options)
    _summarise(settings, ran, "The plan was refused" if ran.code == _REFUSED else "The plan could not be applied")
    if ran.code in {_INCOMPLETE, _REFUSED}:
        settings.summarise("<p>The next run of this workflow plans what is left.</p>\n")
    return ran.code


def _summarise(settings: Settings, ran: Ran, failed: str) -> None:
    """Add the tool's summary to that of the step; where it wrote none, what went wrong, unless it was only stopped."""
    summary = settings.folder / "summary.md"
    if summary.exists():
        settings.summarise(summary.read_text(encoding="utf-8"))
    elif ran.code and not ran.is_stopped:
        settings.summarise(failure_html(failed, settings.environment, ran.errors))
