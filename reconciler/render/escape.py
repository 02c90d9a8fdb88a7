"""
Foreign text in HTML that a Markdown page may hold: it shows as itself and does nothing.

Foreign text stands in `<code>` alone, inside of HTML blocks. There no Markdown is parsed, and what runs over the
finished page (mentions, issue numbers, links, emoji) leaves `<code>` alone. The rest is written as entities for those
who read the source: robots that look for `@name` or links in it find none.
"""

from urllib.parse import quote

from reconciler.core.model.text import shortened, visible

_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&<>@#`$[]"}
_LONGEST_MARKER = 200


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
