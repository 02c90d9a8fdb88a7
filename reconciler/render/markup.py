"""
Pieces of HTML pages and comments: foreign text that shows as itself, links to specs, and the notes of a plan.

Foreign text stands only in `<code>`, inside HTML blocks. Markdown is not parsed there, and the filters that run over a
finished page (mentions, issue numbers, links, emoji) skip `<code>`. Special characters are written as entities, so that
robots that read the source find no `@name` and no link in it.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from reconciler.core.documents.plan import NoticeEntry, PlaceEntry, PlanDocument
from reconciler.core.model.text import shortened, visible
from reconciler.render.notices import keys_of, notice_groups, refusal_sentences, view_sentences
from reconciler.render.words import counted

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


_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&<>@#`$[]"}
_LONGEST_MARKER = 200
_MOST_NOTICES = 12
_NAME = 80
_SENTENCE = 300
"""The message of a rule, and names beside it."""

_KEYS = 400
_MOST_PLACES = 10


def escaped(text: str) -> str:
    """Return text as one line of HTML; never for attributes."""
    return visible(text).translate(_ENTITIES).replace("://", "&#58;//")


def code(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text as HTML code."""
    return f"<code>{escaped(shortened(text, limit))}</code>"


def is_page(url: str) -> bool:
    """Return whether a URL of a saved document may stand in a link: of https, and without anything to escape."""
    return _PROJECT.fullmatch(url) is not None


def marker(environment: str, *, suffix: str = "") -> str:
    """Return the hidden line that identifies a comment; no environment's name can end it or imitate another one."""
    name = quote(environment, safe="", errors="backslashreplace").replace("--", "-%2D")
    return f"<!-- reconciler:{name[:_LONGEST_MARKER]}{suffix} -->"


def refusal(plan: PlanDocument) -> str:
    """Return the guards that refuse a plan as a caution; empty where none does."""
    sentences = refusal_sentences(plan, lambda text: code(text, _SENTENCE))
    return f"> [!CAUTION]\n> <p>{'<br>'.join(sentences)}</p>" if sentences else ""


def notes(plan: PlanDocument) -> Iterator[str]:
    """Yield the notes, where there are any: sentences about the whole plan, then notices by kind."""
    sentences = [*view_sentences(plan, lambda text: code(text, _SENTENCE)), *_notices(plan.notices)]
    if rest := sentences[_MOST_NOTICES:]:
        sentences = [*sentences[:_MOST_NOTICES], f"{counted(len(rest), 'more kind')} of notes."]
    if sentences:
        yield f"<h4>Notes</h4>\n<ul>{''.join(f'<li>{sentence}</li>' for sentence in sentences)}</ul>"


def _notices(notices: Sequence[NoticeEntry]) -> Iterator[str]:
    for group in notice_groups(notices, lambda text: code(text, _SENTENCE)):
        yield f"{group.heading} ({code(group.kind, _NAME)}).{_keys(group.with_keys)}"


def _keys(notices: Sequence[NoticeEntry]) -> str:
    """Return the keys that notices name, folded away; empty without any."""
    if not notices:
        return ""
    lines = [f"{code(notice.address, _NAME)}: {code(keys_of(notice), _KEYS)}" for notice in notices[:_MOST_PLACES]]
    if len(notices) > _MOST_PLACES:
        lines.append(f"and {counted(len(notices) - _MOST_PLACES, 'more place')}")
    return f"<details><summary>which</summary>{'<br>'.join(lines)}</details>"
