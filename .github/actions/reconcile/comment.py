"""The one comment of an environment on a pull request: made once, and edited in place from then on."""

from gh import Gh, is_by, text_of
from settings import Settings
from texts import marker_name


def marker(environment: str) -> str:
    """Return the hidden line that the comment begins with; the tool's Markdown begins with the same."""
    return f"<!-- reconciler:{marker_name(environment)} -->"


def keep_comment(settings: Settings, body: str, *, is_news: bool) -> None:
    """
    Make the comment say `body`; without news, none is made where there was none. Raises `GhError`.

    A comment is ours when it begins with the marker and was written by the login of the token: anybody can write the
    marker.
    """
    if settings.pull_request is None:
        return
    github, body = Gh(settings.repository), body.rstrip("\n")
    comments = github.all_of(f"issues/{settings.pull_request}/comments")
    marked = [comment for comment in comments if text_of(comment, "body").startswith(marker(settings.environment))]
    viewer = github.viewer() if marked else ""
    ours = next((comment for comment in marked if is_by(comment, viewer) and "id" in comment), None)
    if ours is None:
        if is_news:
            github.send("POST", f"issues/{settings.pull_request}/comments", {"body": body})
    elif text_of(ours, "body") != body:
        github.send("PATCH", f"issues/comments/{ours['id']}", {"body": body})
