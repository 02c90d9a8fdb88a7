"""
Regular expressions of the catalogue and of rules, as RE2 reads them: no text and no expression makes it take long.

RE2 goes through a text once. So it has no look-around and no back references, and an expression has a largest size.
"""

import re
from functools import lru_cache
from typing import Protocol

from reconciler.core.model.text import shortened

_LONGEST_PATTERN = 1_000
_MOST_STEPS = 5_000
_LONGEST_REASON = 80
_MOST_MEMORY = 2**20
"""Enough for the most steps; compiling what needs more would take half a second before it is refused."""

_PATTERNS_REMEMBERED = 256
_TEXTS_REMEMBERED = 4_096
_NO_COUNT = re.compile(r"\{(?:,[0-9]+|[0-9]{5,}(?:,[0-9]*)?|[0-9]*,[0-9]{5,})\}")
"""What looks like a count, and would be read as the characters themselves."""

_CURES = {
    r"invalid perl operator: \(\?": "write it without look-around; only (?:…), (?i) and named groups begin with (?",
    r"invalid escape sequence: \\[1-9]": "write it without back references",
    r"invalid escape sequence: \\[uU]": r"write a character itself, or \x{e9}",
    r"invalid escape sequence: \\[ZG]": "write ^ and $ for the ends of a text",
    r"bad repetition operator": "repeat with one of *, +, ? and {1,3}",
    r"invalid repetition size|pattern too large": "make it simpler, or check the length without it",
}
_OTHERWISE = "fix it; a backslash makes the next character literal"


class PatternError(ValueError):
    """A pattern that cannot be used: `reason`, and the `cure`."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure


def check_pattern(pattern: str) -> int:
    """Return how many steps a pattern has; raises `PatternError` for what is none, or too large for one."""
    if len(pattern) > _LONGEST_PATTERN:
        raise PatternError(f"it is longer than {_LONGEST_PATTERN:,} characters", "make it simpler")
    if found := _NO_COUNT.search(pattern):
        reason = f"{shortened(found[0], _LONGEST_REASON)} is no count, and would stand for these very characters"
        raise PatternError(reason, "count from 0 to 1000, as {0,3}")
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415  only a catalogue with patterns needs it

    try:
        size = _compiled(pattern).programsize
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        cure = next((cure for known, cure in _CURES.items() if re.match(known, reason)), _OTHERWISE)
        reason = reason.replace("invalid perl operator: ", "RE2 has no ")
        raise PatternError(shortened(reason, _LONGEST_REASON), cure) from None
    if size > _MOST_STEPS:
        raise PatternError("it repeats too often, or is too deep", "make it simpler, or check the length without it")
    return size


@lru_cache(_TEXTS_REMEMBERED)
def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern, which was checked, is for the whole text."""
    return _compiled(pattern).fullmatch(text.encode(errors="surrogatepass")) is not None


def finds(pattern: str, text: str) -> bool:
    """Return whether a pattern, which was checked, is for any part of the text."""
    return _compiled(pattern).search(text.encode()) is not None


class _Compiled(Protocol):
    programsize: int

    def fullmatch(self, text: bytes) -> object: ...

    def search(self, text: bytes) -> object: ...


@lru_cache(_PATTERNS_REMEMBERED)
def _compiled(pattern: str) -> _Compiled:
    """Compile a pattern; raises what RE2 makes of one that it cannot take."""
    import re2  # noqa: PLC0415  see above

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    compiled: _Compiled = re2.compile(pattern, options)
    return compiled
