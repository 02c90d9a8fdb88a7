"""An explanation as text: each value, the place that gave it, and below it what it won over."""

from collections.abc import Iterator

from reconciler.core.explanation import ExplainedEntry, ExplanationDocument, GivenEntry
from reconciler.core.text import visible
from reconciler.render.paint import PLAIN, Palette
from reconciler.render.words import shown


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
                yield f"    ${{{one.name}}} = {shown(one.value)}  {one.source.file}:{one.source.line}"


def _told(given: GivenEntry) -> str:
    layer = f"{given.layer}, overlay" if given.overlay else given.layer
    place = f"{visible(given.source.file)}:{given.source.line}"
    commit = f"  {given.commit.id} {given.commit.date} {visible(given.commit.author)}" if given.commit else ""
    return f"{place}  {layer}, {visible(given.key)}: {shown(given.written)}{commit}"
