"""GitHub's API through the `gh` client that runners carry; it takes its token from `GH_TOKEN`."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from texts import fit_for_others

TOKENS = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
"""The variables that `gh` takes its token from."""


class GhError(Exception):
    """A call that GitHub refused, or that did not reach it."""


@dataclass(frozen=True, slots=True)
class Gh:
    """The API for one repository, `owner/name`."""

    repository: str

    def viewer(self) -> str:
        """Return the login that the token acts as."""
        answer = _read(_called("graphql", "-f", "query={viewer{login}}"))
        for step in ("data", "viewer", "login"):
            answer = answer.get(step) if isinstance(answer, dict) else None
        if not isinstance(answer, str):
            raise GhError("gh does not say as whom the token acts")
        return answer

    def all_of(self, path: str) -> list[dict[str, Any]]:
        """Return all items of a listing, whatever the number of its pages; what is no item is passed over."""
        separator = "&" if "?" in path else "?"
        text = _called("--paginate", f"repos/{self.repository}/{path}{separator}per_page=100")
        return [item for page in _pages(text) for item in page if isinstance(item, dict)]

    def one(self, path: str) -> dict[str, Any]:
        """Return one item."""
        return _item(_called(f"repos/{self.repository}/{path}"))

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a body, as JSON, and return the item that is the answer."""
        line = ("--method", method, f"repos/{self.repository}/{path}", "--input", "-")
        return _item(_called(*line, body=json.dumps(body)))


def text_of(item: dict[str, Any], field: str) -> str:
    """Return a text of an item; empty where there is none, as for a comment that says nothing."""
    text = item.get(field)
    return text if isinstance(text, str) else ""


def sha_of(item: dict[str, Any], *steps: str) -> str:
    """Return the `sha` of an item, or of a part of it; raises `GhError` where it has none."""
    found: Any = item
    for step in (*steps, "sha"):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, str):
        raise GhError("gh answered with what has no sha")
    return found


def is_by(item: dict[str, Any], login: str) -> bool:
    """Return whether an item was written by a login; whoever deleted the account is nobody."""
    user = item.get("user")
    return isinstance(user, dict) and bool(login) and user.get("login") == login


def _called(*arguments: str, body: str | None = None) -> str:
    try:
        ran = subprocess.run(
            ["gh", "api", *arguments],
            input=body,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise GhError(f"gh cannot be run: {error.strerror}") from error
    if ran.returncode:
        tokens = {token for name in TOKENS if (token := os.environ.get(name))}
        said = fit_for_others(ran.stderr.strip(), tokens)
        raise GhError(said or f"gh ended with {ran.returncode}")
    return ran.stdout


def _read(text: str) -> Any:  # noqa: ANN401  JSON
    try:
        return json.loads(text)
    except ValueError as error:
        raise GhError("gh answered with what is not JSON") from error


def _item(text: str) -> dict[str, Any]:
    item = _read(text)
    if not isinstance(item, dict):
        raise GhError("gh answered with what is no item")
    return item


def _pages(text: str) -> Iterator[list[Any]]:
    """Read one array a page, written one after the other; newer clients join them to one."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        try:
            page, end = decoder.raw_decode(text)
        except ValueError as error:
            raise GhError("gh answered with what is not JSON") from error
        if not isinstance(page, list):
            raise GhError("gh answered with what is no listing")
        yield page
        text = text[end:]
