"""`command: drift`: compare the account with the specs, and keep one issue that tells of the difference."""

import json

from issue import NO_DRIFT, drift_id, keep_issue
from settings import Settings
from texts import escaped
from tool import CHANGES_PENDING, plan


def drift(settings: Settings) -> int:
    """Return the exit code; drift itself is no error: the issue tells of it. Raises `GhError`."""
    planned = plan(settings, "--refresh")
    if planned.code not in {0, CHANGES_PENDING}:
        return planned.code
    settings.summarise((settings.folder / "summary.md").read_text(encoding="utf-8"))
    identifier = drift_id(json.loads((settings.folder / "plan.json").read_text(encoding="utf-8")))
    settings.tell_whether("changes", holds=identifier != NO_DRIFT)
    settings.tell("drift-id", identifier)
    done = keep_issue(settings, identifier, _body(settings, drifts=identifier != NO_DRIFT))
    print(f"the drift issue of {settings.environment}: {done}", flush=True)
    return 0


def _body(settings: Settings, *, drifts: bool) -> str:
    link = f'<p><a href="{settings.run_url}">Run</a></p>\n'
    if not drifts:
        return f"<p><code>{escaped(settings.environment)}</code> is as its specs say.</p>\n{link}"
    _, _, told = (settings.folder / "plan.md").read_text(encoding="utf-8").partition("\n")
    return f"<p>The account is not as the specs say. Apply them, or change them to what it holds.</p>\n\n{told}{link}"
