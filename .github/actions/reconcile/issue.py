"""The one drift issue of an environment: opened, edited and closed as the drift changes, and not touched otherwise."""

import hashlib
import json
from typing import Any

from gh import Gh, text_of
from marked import Marker
from settings import Settings

LABEL = "reconciler-drift"
NO_DRIFT = "none"


def drift_id(plan: dict[str, Any]) -> str:
    """Return the id of what a plan would do: of types, addresses and keys, and of no time, value or cost."""
    certain = [operation for operation in plan["operations"] if operation["certain"]]
    if not certain:
        return NO_DRIFT
    canonical = sorted([entry["type"], entry["address"], _keys(entry)] for entry in certain)
    return f"sha256:{hashlib.sha256(json.dumps(canonical).encode()).hexdigest()}"


def _keys(operation: dict[str, Any]) -> list[list[Any]]:
    changes = operation.get("facts") or operation.get("changes") or []
    return sorted([change["key"], change["path"], change["action"]] for change in changes)


def keep_issue(settings: Settings, identifier: str, body: str) -> str:
    """
    Make the issue say what the drift is, and give what was done in a word; raises `GhError`.

    The issue carries the id of the drift that it tells of. While that stays the same nothing is touched, so an issue
    that somebody closed stays closed until the drift is another.
    """
    github = Gh(settings.repository)
    marker = Marker(settings.environment, "drift")
    issues = github.all_of(f"issues?labels={LABEL}&state=all")
    ours = marker.newest(github, (issue for issue in issues if "pull_request" not in issue))
    told = marker.id_in(ours) if ours else NO_DRIFT
    if told == identifier:
        return "unchanged"
    drifts = identifier != NO_DRIFT
    content = {"title": f"Drift in {settings.environment}", "body": marker.body(identifier, body)}
    if ours is None:
        github.send("POST", "issues", {**content, "labels": [LABEL]})
        return "opened"
    state = {"state": "open"} if drifts else {"state": "closed", "state_reason": "completed"}
    github.send("PATCH", f"issues/{ours['number']}", {"body": content["body"], **state})
    return _word(was_open=text_of(ours, "state") == "open", drifts=drifts)


def _word(*, was_open: bool, drifts: bool) -> str:
    if drifts:
        return "edited" if was_open else "reopened"
    return "closed"
