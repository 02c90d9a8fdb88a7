"""
How text reaches an output: in colours where these are wanted, and without characters that its encoding lacks.

A paint turns text into coloured text, or leaves it alone. Output never fails for want of a character.
"""

import codecs
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

Paint: TypeAlias = Callable[[str], str]


class Palette(NamedTuple):
    """One paint for each meaning; no `Struct`, since `--help` loads this file and must stay fast."""

    add: Paint
    update: Paint
    uncertain: Paint
    failure: Paint
    faint: Paint
    strong: Paint


def _code(number: int) -> Paint:
    return lambda text: f"\x1b[{number}m{text}\x1b[0m"


def _same(text: str) -> str:
    return text


COLOURED = Palette(
    add=_code(32), update=_code(33), uncertain=_code(36), failure=_code(31), faint=_code(2), strong=_code(1)
)
PLAIN = Palette(add=_same, update=_same, uncertain=_same, failure=_same, faint=_same, strong=_same)

_SIMPLER: Final = str.maketrans(
    {
        "→": "->",
        "↔": "<->",
        "…": "...",
        "±": "+/-",
        "─": "-",
        "│": "|",
        "├": "+",
        "└": "+",
        "\u201c": '"',
        "\u201d": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\u2013": "-",
        "\u2014": "-",
        "\u00a0": " ",
    }
)
_HIGHEST_IN_FOUR_DIGITS = 0xFFFF
_SURROGATES = range(0xD800, 0xE000)


def _in_text(character: str) -> str:
    plain = character.translate(_SIMPLER)
    return plain if plain.isascii() else character.encode("unicode_escape").decode("ascii")


def _in_json(character: str) -> str:
    if ord(character) <= _HIGHEST_IN_FOUR_DIGITS:
        return f"\\u{ord(character):04x}"
    high, low = divmod(ord(character) - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def _in_markup(character: str) -> str:
    return "&#65533;" if ord(character) in _SURROGATES else f"&#{ord(character)};"


IN_TEXT = "reconciler.text"
"""The error handler that replaces characters for people; it never fails."""
_IN_JSON = "reconciler.json"
_IN_MARKUP = "reconciler.markup"
_OF_FORMATS: Mapping[str, str] = {
    "json": _IN_JSON,
    "sarif": _IN_JSON,
    "gitlab": _IN_JSON,
    "html": _IN_MARKUP,
    "junit": _IN_MARKUP,
    "markdown": _IN_MARKUP,
    "summary": _IN_MARKUP,
}
"""The error handlers of formats that programs read; all other formats are for people."""


def _register(name: str, written: Callable[[str], str]) -> None:
    def replace(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join(map(written, error.object[error.start : error.end])), error.end

    codecs.register_error(name, replace)


_register(IN_TEXT, _in_text)
_register(_IN_JSON, _in_json)
_register(_IN_MARKUP, _in_markup)


def fitted(text: str, encoding: str, output_format: str = "text") -> str:
    """
    Return the text of a format with every character that the encoding lacks written as the format allows.

    Programs expect JSON, XML and HTML in UTF-8. So in these formats everything but ASCII is escaped where the encoding
    is not a form of Unicode.
    """
    handler = _OF_FORMATS.get(output_format, IN_TEXT)
    target = "ascii" if handler != IN_TEXT and not _is_unicode(encoding) else encoding
    return text.encode(target, handler).decode(target)


def _is_unicode(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith("utf-")
