"""An explanation as text: each value, the place that gave it, and below it what it won over."""

from collections.abc import Iterator, Sequence

from reconciler.core.documents.explanation import CommitEntry, ExplainedEntry, ExplanationDocument, GivenEntry
from reconciler.core.model.text import visible
from reconciler.render.paint import PLAIN, Palette
from reconciler.render.words import counted, shown

_MOST_MEMORIES = 20


def render_why_text(document: ExplanationDocument, palette: Palette = PLAIN) -> str:
    """Give the explanation as text."""
    return "\n".join("\n".join(_lines(value, palette)) + "\n" for value in document.values)


def _lines(value: ExplainedEntry, palette: Palette) -> Iterator[str]:
    yield f"{palette.strong(visible(value.address))} = {shown(value.value)}"
    for given in reversed(value.given):
        line = f"  {_told(given)}"
        yield line if given.counts else palette.faint(f"{line}  (overridden)")
        if given.counts:
            for one in given.variables:
                place = f"{visible(one.source.file)}:{one.source.line}"
                yield f"    ${{{one.name}}} = {shown(one.value)}  {place}{_commit(one.commit)}"
    if value.memories is not None:
        yield from _memories(value.memories)


def _memories(addresses: Sequence[str]) -> Iterator[str]:
    """Say which memories get a value, the first of them where there are many."""
    if not addresses:
        yield "  no memory gets it"
    for address in addresses[:_MOST_MEMORIES]:
        yield f"  in {visible(address)}"
    if (more := len(addresses) - _MOST_MEMORIES) > 0:
        yield f"  and in {counted(more, 'more memory', 'more memories')}"


def _told(given: GivenEntry) -> str:
    layer = f"{given.layer}, overlay" if given.overlay else given.layer
    place = f"{visible(given.source.file)}:{given.source.line}"
    return f"{place}  {layer}, {visible(given.key)}: {shown(given.written)}{_commit(given.commit)}"


def _commit(commit: CommitEntry | None) -> str:
    return f"  {commit.id} {commit.date} {visible(commit.author)}" if commit else ""
