"""The errors of the YAML parser, in plain words and at the most useful place."""

import re

import yaml
from msgspec import Struct

from reconciler.core.model.references import OPENING
from reconciler.errors import Problem
from reconciler.reading.parser import CONFLICT, RESOLVE
from reconciler.reading.places import Lines
from reconciler.reading.scalars import Refusal


class _ParserMessage(Struct, frozen=True):
    """The words for an error whose text has all of `of`; `{line}` is where it began, `{letter}` the letter there."""

    of: tuple[str, ...]
    message: str
    cure: str
    where_it_began: bool = False


_TABS = _ParserMessage(
    (), "a tab is used where only spaces are allowed", "indent with spaces: YAML does not accept tabs"
)
_REFERENCE = _ParserMessage(
    (), "between brackets, text with ${{ needs quotes", 'write it as "${{name}}", quotes included'
)
_NO_KEY = _ParserMessage(
    (), "a key is missing before the colon", "write it, or put the text in quotes if it holds a colon"
)
_TABLE = (
    _ParserMessage(
        ("cannot start any token",),
        'text without quotes cannot start with "{letter}"',
        "put it in quotes",
    ),
    _ParserMessage(("tab character",), _TABS.message, _TABS.cure),
    _ParserMessage(
        ("mapping values are not allowed",),
        'the ":" here belongs to no key',
        'put text that holds ": " in quotes; if it is a key, check its indentation and the colon of the line above',
    ),
    _ParserMessage(
        ("could not find expected ':'",),
        "there is no colon after this key",
        'write it as "key: value"; put text of several lines in quotes',
        where_it_began=True,
    ),
    _ParserMessage(
        ("block mapping", "expected"),
        "this does not continue the mapping that starts on line {line}",
        "check the indentation of this line, and the quotes of this line and the one above",
    ),
    _ParserMessage(
        ("block collection", "expected"),
        "this does not continue the list that starts on line {line}",
        'start the line with "- " if it is an item, else check its indentation',
    ),
    _ParserMessage(
        ("',' or ']'",),
        'the list that opens with "[" here is not closed',
        'close it with "]", with a comma between its items',
        where_it_began=True,
    ),
    _ParserMessage(
        ("',' or '}'",),
        'the mapping that opens with "{{" here is not closed',
        'close it with "}}", with a comma between its entries',
        where_it_began=True,
    ),
    _ParserMessage(
        ("quoted scalar", "unexpected"),
        "the quote that opens here is not closed",
        'close it; inside, a quote is written \\" in double quotes, and twice in single ones',
        where_it_began=True,
    ),
    _ParserMessage(
        ("sequence entries are not allowed",),
        "a list cannot start here",
        'put each item on a line of its own below the key, or put the text in quotes if it starts with "-"',
    ),
    _ParserMessage(
        ("<document start>",),
        "this does not continue the lines above it",
        "check the indentation and the quotes of both lines; documents are parted by a line of ---",
    ),
    _ParserMessage(
        ("unknown escape character",),
        "after a backslash in double quotes, this letter means nothing",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _ParserMessage(
        ("quoted scalar",),
        "this backslash does not start a valid escape",
        "write the character itself; for a backslash, write \\\\ or use single quotes",
    ),
    _ParserMessage(
        ("scanning an alias",),
        'a value that starts with "*" is an alias, and this one has no name',
        "put it in quotes if text is meant",
        where_it_began=True,
    ),
    _ParserMessage(
        ("scanning an anchor",),
        'a value that starts with "&" is an anchor, and this one has no name',
        "put it in quotes if text is meant",
        where_it_began=True,
    ),
    _ParserMessage(
        ("tag",),
        "tags are not accepted",
        'put a value that starts with "!" in quotes if text is meant, else remove the tag',
        where_it_began=True,
    ),
    _ParserMessage(
        ("node content",),
        "a value is missing here",
        'write it, or put it in quotes if it is text such as "]" or ","',
    ),
    _ParserMessage(
        ("block scalar",),
        'after "|" or ">", the text starts on the next line',
        'put it in quotes if it is text that starts with "|" or ">"',
        where_it_began=True,
    ),
    _ParserMessage(
        ("incompatible YAML",), "this version of YAML is not known", "remove the line that starts with %YAML"
    ),
    _ParserMessage(("directive",), "this line starts with %, and is no directive that YAML knows", "remove it"),
)


_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_HALF = Refusal("this is half of a surrogate pair", "write the character itself, or both of its halves")
_PART = re.compile(r"^(?:={7}\r?$|\|{7}(?: |\r?$))", re.MULTILINE)
"""Conflict marks that may be part of a text, too: they are reported only if the parser fails at them."""

_LONGEST_KEY = 1024
_BEFORE_KEYS = ("{", "[", ",", ": ", "- ", "? ")


def syntax_problem(error: yaml.MarkedYAMLError, text: str, lines: Lines) -> Problem:
    """Return the problem of a text that is not YAML."""
    met = error.problem_mark.index if error.problem_mark else 0
    began = error.context_mark.index if error.context_mark else met
    error_text = f"{error.context}: {error.problem}"
    for at in (text.rfind("\n", 0, met) + 1, text.rfind("\n", 0, began) + 1):
        if _PART.match(text, at):
            return lines.problem(at, CONFLICT, cure=RESOLVE)
    letter = text[met : met + 1]
    if letter == ":" and (length := met - (key := _key_before(text, met))) > _LONGEST_KEY:
        message = f"this key has {length:,} characters, and YAML takes at most {_LONGEST_KEY:,} for one"
        return lines.problem(key, message, cure="shorten it, or make a value of it")
    if _HALF_CHARACTER.match(text, met) or _HALF_CHARACTER.match(text, met - 2):
        return lines.problem(met - 2, _HALF.message, cure=_HALF.cure)
    words = _REFERENCE if text[met - 1 : met + 1] == OPENING else _words(error_text, letter)
    message = words.message.format(line=lines.source(began).line, letter=letter)
    return lines.problem(began if words.where_it_began else met, message, cure=words.cure.format())


def _key_before(text: str, colon: int) -> int:
    """Return the start of the text before a colon on its line."""
    start = text.rfind("\n", 0, colon) + 1
    before = text[start:colon].rstrip()
    if before[-1:] in {'"', "'"}:
        return start + max(before.rfind(before[-1], 0, -1), 0)
    ends = (before.rfind(mark) + len(mark) for mark in _BEFORE_KEYS if mark in before)
    return start + len(before) - len(before[max(ends, default=0) :].lstrip())


def _words(error_text: str, letter: str) -> _ParserMessage:
    if letter == "\t" and "cannot start any token" in error_text:
        return _TABS
    if letter == ":" and ("block mapping" in error_text or "node content" in error_text):
        return _NO_KEY
    fitting = (words for words in _TABLE if all(part in error_text for part in words.of))
    return next(
        fitting,
        _ParserMessage((), f"this is not YAML ({_brief(error_text)})", "check quotes, colons and indentation"),
    )


def _brief(error_text: str) -> str:
    return error_text.removeprefix("None: ").replace("{", "").replace("}", "")
