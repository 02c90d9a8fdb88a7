"""The notes below a plan in Markdown."""

from collections.abc import Iterator, Sequence

from reconciler.core.documents.plan import NoticeEntry, PlanDocument
from reconciler.render.escape import code
from reconciler.render.notices import by_kind, keys_of, notice_sentence, view_sentences
from reconciler.render.words import counted

_MOST_NOTICES = 12
_NAME = 80
_KEYS = 400
_MOST_TOLD = 10


def notes(plan: PlanDocument) -> Iterator[str]:
    """Give a list of notes, where there are any: what the plan was seen from, then notices kind by kind."""
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
    """Give the keys that notices name, folded away."""
    told = [f"{code(notice.address, _NAME)}: {code(keys_of(notice), _KEYS)}" for notice in notices if notice.keys]
    if not told:
        return ""
    rest = [f"and {counted(len(told) - _MOST_TOLD, 'more place')}"] if len(told) > _MOST_TOLD else []
    return f"<details><summary>which</summary>{'<br>'.join([*told[:_MOST_TOLD], *rest])}</details>"
