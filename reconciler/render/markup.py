"""
Foreign text in HTML that a Markdown page may hold: it shows as itself and does nothing.

Foreign text stands in `<code>` alone, inside of HTML blocks. There no Markdown is parsed, and what runs over the
finished page (mentions, issue numbers, links, emoji) leaves `<code>` alone. The rest is written as entities for those
who read the source: robots that look for `@name` or links in it find none.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from reconciler.core.documents.plan import NoticeEntry, PlanDocument
from reconciler.core.model.text import shortened, visible
from reconciler.render.notices import by_kind, keys_of, notice_sentence, view_sentences
from reconciler.render.words import counted

_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&<>@#`$[]"}
_LONGEST_MARKER = 200
_MOST_NOTICES = 12
_NAME = 80
_KEYS = 400
_MOST_TOLD = 10


def escaped(text: str) -> str:
    """Return text as one line of HTML; never for attributes."""
    return visible(text).translate(_ENTITIES).replace("://", "&#58;//")


def code(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text as HTML code."""
    return f"<code>{escaped(shortened(text, limit))}</code>"


def marker(environment: str, *, suffix: str = "") -> str:
    """Return the hidden line by which a comment is found again; no environment can end it or imitate another one."""
    name = quote(environment, safe="", errors="backslashreplace").replace("--", "-%2D")
    return f"<!-- reconciler:{name[:_LONGEST_MARKER]}{suffix} -->"


def notes(plan: PlanDocument) -> Iterator[str]:
    """Return a list of notes, where there are any: what the plan was seen from, then notices kind by kind."""
    sentences = [*view_sentences(plan, lambda text: code(text, _NAME)), *_notices(plan.notices)]
    if rest := sentences[_MOST_NOTICES:]:
        sentences = [*sentences[:_MOST_NOTICES], f"{counted(len(rest), 'more kind')} of notes."]
    if sentences:
        yield f"<h4>Notes</h4>\n<ul>{''.join(f'<li>{sentence}</li>' for sentence in sentences)}</ul>"


def _notices(notices: Sequence[NoticeEntry]) -> Iterator[str]:
    for kind, alike in by_kind(notices).items():
        where = code(alike[0].address, _NAME) if len(alike) == 1 else counted(len(alike), "place")
        sentence = notice_sentence(kind, sum(notice.count for notice in alike), where)
        yield f"{sentence[0].upper()}{sentence[1:]} ({code(kind, _NAME)}).{_told(alike)}"


def _told(notices: Sequence[NoticeEntry]) -> str:
    """Return the keys that notices name, folded away."""
    told = [f"{code(notice.address, _NAME)}: {code(keys_of(notice), _KEYS)}" for notice in notices if notice.keys]
    if not told:
        return ""
    rest = [f"and {counted(len(told) - _MOST_TOLD, 'more place')}"] if len(told) > _MOST_TOLD else []
    return f"<details><summary>which</summary>{'<br>'.join([*told[:_MOST_TOLD], *rest])}</details>"
