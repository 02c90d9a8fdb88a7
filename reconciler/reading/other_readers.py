"""What other readers of YAML, of version 1.1 and 1.2, take a text without quotes for."""

import re

_OTHERS = re.compile(
    r"""
      (?P<boolean> y|Y|n|N|[yY]es|YES|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO]n|ON|[oO]ff|OFF )
    | (?P<number>
        [-+]?0b[01_]+ | [-+]?0o?[0-7_]+ | [-+]?0x[0-9a-fA-F_]+ | [-+]?[0-9_]+
      | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
      | [-+]?([0-9][0-9_]*)(\.[0-9_]*)?([eE][-+]?[0-9]+)?
      | [-+]?\.[0-9_]+([eE][-+]?[0-9]+)?
      | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN) )
    | (?P<date>
        [0-9]{4}-[0-9]{2}-[0-9]{2}
      | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} ([Tt]|[ \t]+) [0-9]{1,2}:[0-9]{2}:[0-9]{2} (\.[0-9]*)?
        ([ \t]*(Z|[-+][0-9]{1,2}(:?[0-9]{2})?))? )
    | (?P<null> ~|null|Null|NULL )
    | (?P<special> << | = )
    """,
    re.VERBOSE,
)
_STARTS = frozenset("yYnNtTfFoO~<=.-+0123456789")
_WORDS = {
    "boolean": "true or false",
    "number": "a number",
    "date": "a date",
    "null": "nothing",
    "special": "a special key",
}


def taken_for(text: str) -> str | None:
    """Return what some reader takes a plain scalar for, in words; None where all readers take it for text."""
    if text[:1] not in _STARTS:
        return None
    found = _OTHERS.fullmatch(text)
    return next(_WORDS[kind] for kind in _WORDS if found[kind] is not None) if found else None
