"""`command: preview`: validate, plan, and say on the pull request what a merge would do."""

from pathlib import Path

from comment import keep_comment, marker
from relay import INTERRUPTED
from settings import Settings
from texts import errors_html, escaped, failure_html
from tool import CHANGES_PENDING, Ran, call, plan, since_base, targets

_MATCHER = Path(__file__).with_name("problems.json")
"""How a runner finds the places in what `validate` says, for annotations."""


def preview(settings: Settings) -> int:
    """Return the exit code; pending changes are no error. Raises `GhError`."""
    print(f"::add-matcher::{_MATCHER}", flush=True)
    validated = call(settings, "validate", f"--write=sarif={settings.folder / 'validate.sarif'}")
    print("::remove-matcher owner=reconciler::", flush=True)
    if validated.code or validated.is_stopped:
        return _failed(settings, validated, "The specs are not valid, so there is no plan")
    if settings.restricted:
        return _without_secrets(settings)
    planned = plan(settings, *since_base(settings))
    if planned.code not in {0, CHANGES_PENDING}:
        return _failed(settings, planned, "The plan could not be made")
    settings.summarise((settings.folder / "summary.md").read_text(encoding="utf-8"))
    changes = planned.code == CHANGES_PENDING
    settings.tell_whether("changes", holds=changes)
    body = (settings.folder / "plan.md").read_text(encoding="utf-8")
    foot = f'<p><a href="{settings.run_url}">Run with plan and report as artifacts</a></p>\n'
    keep_comment(settings, body + foot if changes else body, is_news=changes)
    return 0


def _without_secrets(settings: Settings) -> int:
    """Return the exit code; the summary says what the specs declare differently, which takes no key and no account."""
    summary = settings.folder / "summary.md"
    written = f"--write=summary={summary}"
    compared = call(settings, "diff", settings.base or "HEAD", "--format=github", *targets(settings), written)
    if compared.is_stopped:
        return compared.code or INTERRUPTED
    name = escaped(settings.environment)
    if compared.code:  # the specs before the change are not for those to mend who made it
        settings.summarise(
            f"<p>The specs of <code>{name}</code> are valid. There is nothing to compare them with:</p>\n"
        )
        settings.summarise(errors_html(compared.errors))
        return 0
    settings.summarise(f"<p>This run has no secrets, so the account of <code>{name}</code> was not read.</p>\n\n")
    settings.summarise(summary.read_text(encoding="utf-8"))
    return 0


def _failed(settings: Settings, ran: Ran, what: str) -> int:
    """
    Return what went wrong where the plan would stand, so that no older plan is taken for this one.

    Nothing is told of a run that was stopped: the newer one that takes its place does.
    """
    if ran.is_stopped:
        return ran.code or INTERRUPTED
    text = failure_html(what, settings.environment, ran.errors)
    settings.summarise(text)
    if not settings.restricted:
        link = f'<p><a href="{settings.run_url}">Run</a></p>\n'
        keep_comment(settings, f"{marker(settings.environment)}\n{text}{link}", is_news=True)
    return ran.code
