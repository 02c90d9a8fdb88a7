"""Names in specs: what is one, and the name that is made of any text, for `export` and for the rows of tables."""

import re
from unicodedata import normalize

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
LONGEST_NAME = 63

_IS_NAME = re.compile(NAME).fullmatch
_OTHER = re.compile("[^a-z0-9]+")
_LETTER = re.compile("[a-z]")
_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)\d")
"""Names that are no files on Windows, whatever their ending."""

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
"""What stands for letters that have no accent to drop."""


def is_name(text: str) -> bool:
    """Return whether a text is a name as it stands."""
    return len(text) <= LONGEST_NAME and _IS_NAME(text) is not None


def slug(text: str) -> str:
    """Return the text in lower-case ASCII letters and digits with hyphens between; empty where it has none of them."""
    letters = text.lower()
    if not letters.isascii():
        letters = normalize("NFKD", letters.translate(_LETTERS)).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("-", letters)[: LONGEST_NAME + 1].strip("-")[:LONGEST_NAME].rstrip("-")


def contact_name(text: str) -> str:
    """
    Return the name of a contact that is made of a text; empty where it has no letters or digits.

    It is not of digits alone, which are dates and numbers to many, and good for a file.
    """
    name = slug(text)
    is_good = not name or (_LETTER.search(name) and not _DEVICE.fullmatch(name))
    return name if is_good else f"contact-{name}"[:LONGEST_NAME].rstrip("-")


def with_suffix(name: str, suffix: str) -> str:
    """Return a name with a suffix behind it, cut short where both together are too long."""
    return name[: LONGEST_NAME - len(suffix)].rstrip("-") + suffix
