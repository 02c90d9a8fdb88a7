"""Text as people may see it: text that can be shown anywhere, and secrets, which are not shown even by mistake."""

import json
import re
from unicodedata import category

from reconciler.core.model.value import Json, is_list

_SHOWN = "(secret)"


class Secret(str):
    """
    A text that came from a secret in the environment of the process.

    It compares and encodes as the text itself. `str()`, `repr()`, f-strings and `%s` give `(secret)`, so that no
    message can quote it; `plain` gives the text.
    """

    __slots__ = ()

    def __str__(self) -> str:
        """Return `(secret)`."""
        return _SHOWN

    def __repr__(self) -> str:
        """Return `(secret)`."""
        return _SHOWN

    def __format__(self, format_spec: str) -> str:
        """Return `(secret)`, as wide as asked for."""
        return format(_SHOWN, format_spec)

    @property
    def plain(self) -> str:
        """Return the text itself."""
        return str.__str__(self)


class UnreadSecret(Secret):
    """A secret that was not read, since it is not needed yet; its text is the reference in the spec."""

    __slots__ = ()


def holds_secret(value: object) -> bool:
    """Return whether a value is or contains a secret, at any depth."""
    if isinstance(value, str):
        return isinstance(value, Secret)
    if isinstance(value, dict):
        return any(map(holds_secret, value.values()))
    return isinstance(value, (list, tuple)) and any(map(holds_secret, value))


def as_secret(value: Json) -> Json:
    """Return the value with each text in it as a secret."""
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, dict):
        return {key: as_secret(item) for key, item in value.items()}
    return [as_secret(item) for item in value] if is_list(value) else value


def with_references(value: Json) -> Json:
    """Return the value with the references of secrets that were not read, in their places."""
    if isinstance(value, UnreadSecret):
        return value.plain
    if isinstance(value, dict):
        return {key: with_references(item) for key, item in value.items()}
    return [with_references(item) for item in value] if is_list(value) else value


_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_RUNNER_COMMAND = re.compile(r"##(?=\[)")
_RUNNER_LINE = re.compile(r"(?:^|(?<=[\r\n]))(\s*):(?=:)")


def visible(text: str) -> str:
    """Return the text with every character that does not print (control, bidi, line ends) written as an escape."""
    return text if text.isprintable() else "".join(map(_visible_character, text))


def quoted(text: str) -> str:
    """Return the text as a JSON string in which every character prints."""
    return visible(json.dumps(text, ensure_ascii=False))


def json_text(value: object, *, indent: int | None = None) -> str:
    r"""
    Return a value as JSON in which every character prints, and which no runner of CI takes for a command.

    What does not print (C1 controls, bidi, line separators, halves of surrogate pairs) stands as `\uXXXX`.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    escaped = _BEYOND_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)
    return _RUNNER_COMMAND.sub(r"#\\u0023", escaped).replace("\x7f", r"\u007f")


def commanding_no_runner(text: str) -> str:
    """Return a text in which a runner of CI finds no command: `::` at the start of a line, and `##[` anywhere."""
    return _RUNNER_COMMAND.sub(r"#\\x23", _RUNNER_LINE.sub(r"\1\\x3a", text))


def has_control_characters(text: str) -> bool:
    """Return whether a text has characters that no key, name or id may have."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def has_half_characters(text: str) -> bool:
    """Return whether a text holds half of a surrogate pair, which JSON may and no file can."""
    return not text.isprintable() and _HALF_CHARACTER.search(text) is not None


_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
"""What does not show beside the format characters (category Cf): fillers, joiners and variation selectors."""

HIDDEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
"""For a class of a pattern: what does not show and turns up in lists, such as blanks without width and directions."""


def shows(character: str) -> bool:
    """Return whether a character can be seen, or stands for room between others."""
    if ord(character) in _SELECTORS[0] or ord(character) in _SELECTORS[1]:
        return False
    return not (character in _HIDDEN or category(character) == "Cf")


def hidden_in(text: str) -> str:
    """Return the first character of a text that does not show, as `U+200B`; empty if all do."""
    found = "" if text.isascii() else next((one for one in text if not shows(one)), "")
    return f"U+{ord(found):04X}" if found else ""


def printing(document: str) -> str:
    """Return a document of lines with every other character that does not print written as an escape."""
    return "\n".join(map(visible, document.split("\n")))


def shortened(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text, the last one an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _visible_character(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


_HOURS_AS_DAYS = 48
"""The number of hours from which a time is told in days."""


def duration(seconds: float) -> str:
    """Return a time in words, to the second below an hour: `40 s`, `2 min 5 s`, `1 h 30 min`, `3 days 4 h`."""
    whole = max(1, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, left = divmod(minutes, 60)
    if hours >= _HOURS_AS_DAYS:
        days, hours = divmod(hours + (left >= 30), 24)  # noqa: PLR2004  half an hour
        return f"{days:,} days {hours} h" if hours else f"{days:,} days"
    if hours:
        return f"{hours:,} h {left} min" if left else f"{hours:,} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"
