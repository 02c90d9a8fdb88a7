"""A notification as the body of a request: JSON, or what Slack takes; and its sentence for people."""

from collections.abc import Mapping, Sequence

from reconciler.core.documents.notification import NotificationDocument
from reconciler.core.model.settings import NotifyEvent
from reconciler.core.model.text import json_text, shortened, visible
from reconciler.render.json import render_json
from reconciler.render.words import commit_text

MOST_ERRORS = 5
LONGEST_ERROR = 300
_SLACK = frozenset(("hooks.slack.com", "hooks.slack-gov.com"))
_SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def body_for(host: str, document: NotificationDocument) -> str:
    """Return what the host takes: Slack a text alone, in which nothing is a link or calls a channel, others all."""
    if host.lower() in _SLACK:
        return json_text({"text": document.text.translate(_SLACK_ESCAPES)})
    return render_json(document)


def with_details(sentence: str, details: str, by: str) -> str:
    """Return one line for people: what happened, its details, and in brackets who ran it."""
    return f"{sentence}{details and ': '}{details}{by and f' ({by})'}"


def first_of(errors: Sequence[str], number: int) -> str:
    """Return the first of a number of errors, as it stands in the sentence."""
    more = f" (and {number - 1:,} more)" if number > 1 else ""
    return f"{errors[0].removeprefix('refused: ')}{more}" if errors else ""


def ran_by(actor: str | None, commit: str | None, ci_url: str | None) -> str:
    """Return `by ana at 0f1e2d3c4b, https://…`, as far as it is known."""
    parts = [
        *([f"by {visible(actor)}"] if actor else []),
        *([f"at {commit_text(commit, dirty=None)}"] if commit else []),
    ]
    who = " ".join(parts)
    return ", ".join(filter(None, (who, ci_url)))


def sentence_of(event: NotifyEvent, *, is_over: bool, command: str, environment: str) -> str:
    """Return what happened."""
    match event:
        case "drift":
            return f"No drift in {environment} any more" if is_over else f"Drift in {environment}"
        case "applied":
            return f"Applied to {environment}"
        case "refused" | "failed" if is_over:
            return f"{command.capitalize()} of {environment} is in order again"
        case "refused":
            return f"{command.capitalize()} refused in {environment}"
        case "failed":
            return f"{command.capitalize()} failed in {environment}"


def shortened_errors(errors: Sequence[str]) -> tuple[str, ...]:
    """Return the first errors, none of them long."""
    return tuple(shortened(error, LONGEST_ERROR) for error in errors[:MOST_ERRORS])


def outcome_counts(outcomes: Mapping[str, int]) -> list[str]:
    """Return the outcomes of an apply as `3 done`."""
    return [f"{number:,} {result}" for result, number in outcomes.items() if number]
