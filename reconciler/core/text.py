"""Text that can be shown anywhere: nothing that it holds moves a cursor, turns a line around or starts a new one."""

import json


def visible(text: str) -> str:
    """Give the text with every character that does not print (control, bidi, line ends) written as an escape."""
    return text if text.isprintable() else "".join(map(_visible_character, text))


def quoted(text: str) -> str:
    """Give the text as a JSON string in which every character prints."""
    return visible(json.dumps(text, ensure_ascii=False))


def shortened(text: str, limit: int) -> str:
    """Give at most `limit` characters of the text, the last one an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _visible_character(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def duration(seconds: float) -> str:
    """Give a time as people say it, to the second below an hour: `40 s`, `15 min`, `2 min 5 s`, `1 h 30 min`."""
    whole = max(1, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {left} min" if left else f"{hours:,} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"
