"""Where the files of specs can be read on the web: links of the report and of comments."""

import posixpath
import re
from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct

from reconciler.core.documents.plan import PlaceEntry

_HOST = r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?"
_SERVER = re.compile(_HOST)
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_PROJECT = re.compile(rf"{_HOST}(?:/[A-Za-z0-9_.-]+)+")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class SourceLinks(Struct, frozen=True):
    """The URL of a repository's files at a commit, and the folder of the specs in it."""

    files: str
    folder: str = ""

    def url(self, place: PlaceEntry) -> str:
        """Return the URL of a line; empty for a file outside of the repository."""
        path = posixpath.normpath(posixpath.join(self.folder, place.file)) if place.file else ""
        if path in {"", "."} or path.startswith(("/", "../")) or path == "..":
            return ""
        line = f"#L{place.line}" if place.line else ""
        return f"{self.files}/{quote(path.encode(errors='backslashreplace'))}{line}"


def source_links(environ: Mapping[str, str], root: str) -> SourceLinks | None:
    """Return the links that the variables of a CI job make known to a project in the folder `root`; only to https."""
    server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
    project = environ.get("CI_PROJECT_URL", "")
    if _SERVER.fullmatch(server) and _REPOSITORY.fullmatch(repository):
        files, commit, top = f"{server}/{repository}/blob", "GITHUB_SHA", "GITHUB_WORKSPACE"
    elif _PROJECT.fullmatch(project):
        files, commit, top = f"{project}/-/blob", "CI_COMMIT_SHA", "CI_PROJECT_DIR"
    else:
        return None
    at, folder = environ.get(commit, ""), environ.get(top, "").rstrip("/")
    if not _COMMIT.fullmatch(at) or not folder or not f"{root}/".startswith(f"{folder}/"):
        return None
    return SourceLinks(f"{files}/{at}", root.removeprefix(folder).lstrip("/"))
