"""GitHub's API through the `gh` client that runners carry; it takes its token from `GH_TOKEN`."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any


class GhError(Exception):
    """A call that GitHub refused, or that did not reach it."""


@dataclass(frozen=True, slots=True)
class Gh:
    """The API for one repository, `owner/name`."""

    repository: str

    def viewer(self) -> str:
        """Give the login that the token acts as."""
        answer = _called("graphql", "-f", "query={viewer{login}}")
        return str(json.loads(answer)["data"]["viewer"]["login"])

    def all_of(self, path: str) -> list[dict[str, Any]]:
        """Give all items of a listing, whatever the number of its pages."""
        separator = "&" if "?" in path else "?"
        text = _called("--paginate", f"repos/{self.repository}/{path}{separator}per_page=100")
        return [item for page in _pages(text) for item in page]

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Send a body, as JSON."""
        _called("--method", method, f"repos/{self.repository}/{path}", "--input", "-", body=json.dumps(body))


def _called(*arguments: str, body: str | None = None) -> str:
    try:
        ran = subprocess.run(["gh", "api", *arguments], input=body, capture_output=True, check=False, text=True)
    except OSError as error:
        raise GhError(f"gh cannot be run: {error.strerror}") from error
    if ran.returncode:
        said = ran.stderr.strip() or f"gh ended with {ran.returncode}"
        raise GhError(said)
    return ran.stdout


def _pages(text: str) -> list[list[dict[str, Any]]]:
    """Read one array a page, written one after the other; newer clients join them to one."""
    decoder, pages = json.JSONDecoder(), []
    while text := text.lstrip():
        page, end = decoder.raw_decode(text)
        pages.append(page)
        text = text[end:]
    return pages
