"""`command: preview`: validate, plan, and say on the pull request what a merge would do."""

from pathlib import Path

from comment import keep_comment, marker
from relay import INTERRUPTED
from settings import Settings
from texts import errors_html, escaped
from tool import CHANGES_PENDING, Ran, call, plan

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
    planned = plan(settings, *([f"--base={settings.base}"] if settings.base else []))
    if planned.code not in {0, CHANGES_PENDING}:
        return _failed(settings, planned, "The plan could not be made")
    settings.summarise(_read(settings, "summary.md"))
    changes = _tell_changes(settings, planned)
    body = _read(settings, "plan.md")
    foot = f'<p><a href="{settings.run_url}">Run with plan and report as artifacts</a></p>\n'
    keep_comment(settings, body + foot if changes else body, is_news=changes)
    return 0


def _without_secrets(settings: Settings) -> int:
    """
    Compare with the snapshot, where there is one; the summary says what this is worth.

    A snapshot that cannot be used (its digests need a key) is not for those to mend who changed the specs.
    """
    name, snapshot = escaped(settings.environment), escaped(settings.snapshot)
    valid = f"<p>The specs of <code>{name}</code> are valid. They were not compared with the account: "
    if not (settings.snapshot and Path(settings.snapshot).is_file()):
        settings.summarise(f"{valid}this run has no secrets, and there is no snapshot to compare with.</p>\n")
        return 0
    planned = plan(settings, f"--live={settings.snapshot}")
    if planned.code not in {0, CHANGES_PENDING}:
        cause = f"this run has no secrets, and the snapshot <code>{snapshot}</code> cannot be used.</p>\n"
        settings.summarise(f"{valid}{cause}{errors_html(planned.errors)}")
        return 0
    _tell_changes(settings, planned)
    settings.summarise(
        f"<p>This run has no secrets: <code>{name}</code> is compared with the snapshot <code>{snapshot}</code>, "
        f"not with the account.</p>\n\n{_read(settings, 'summary.md')}"
    )
    return 0


def _failed(settings: Settings, ran: Ran, what: str) -> int:
    """
    Return what went wrong where the plan would stand, so that no older plan is taken for this one.

    Nothing is told of a run that was stopped: the newer one that takes its place does.
    """
    if ran.is_stopped:
        return ran.code or INTERRUPTED
    text = f"<p>{what} for <code>{escaped(settings.environment)}</code>.</p>\n{errors_html(ran.errors)}"
    settings.summarise(text)
    if not settings.restricted:
        link = f'<p><a href="{settings.run_url}">Run</a></p>\n'
        keep_comment(settings, f"{marker(settings.environment)}\n{text}{link}", is_news=True)
    return ran.code


def _tell_changes(settings: Settings, planned: Ran) -> bool:
    changes = planned.code == CHANGES_PENDING
    settings.tell("changes", "true" if changes else "false")
    return changes


def _read(settings: Settings, name: str) -> str:
    return (settings.folder / name).read_text(encoding="utf-8")
