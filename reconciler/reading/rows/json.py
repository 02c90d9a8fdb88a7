"""JSON Lines → rows: one object a line, whose keys are the columns; values keep the types that JSON gives them."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.core.model.masking import compose, named, quote
from reconciler.core.model.value import Json, survives
from reconciler.errors import Problem, Source
from reconciler.reading.rows.row import Row, TextLines
from reconciler.reading.scalars import Refusal, numeral_value, plain_value
from reconciler.reading.yaml.text import CONFLICT, RESOLVE, conflict_marker

_DEEPEST = 64
_WRITE = 'write one object a line: {"column": "value"}'


class _InvalidLineError(ValueError):
    """A value that JSON can express and specs cannot."""

    def __init__(self, message: str, cure: str = "fix it, or put it in quotes as text") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


def json_rows(lines: Iterator[bytes], *, file: str) -> Iterator[Row | Problem]:
    """Yield the rows of JSON Lines; empty lines are skipped."""
    text = TextLines(lines, file)
    for line in text:
        wrong = text.taken()
        if wrong:
            yield from wrong
        elif conflict_marker(line) is not None:
            yield Problem(file, text.number, 1, "", CONFLICT, RESOLVE)
            return
        elif line.strip():
            yield _row(line, Source(file, text.number, 1))
    yield from text.taken()


def json_value(text: str) -> Json | Refusal:
    """Return a value from JSON, or why it is refused: data cannot hold what specs cannot."""
    try:
        value: Json = json.loads(
            text, object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_constant
        )
        _check_depth(value)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except _InvalidLineError as error:
        return Refusal(error.message, error.cure)
    except json.JSONDecodeError as error:
        return Refusal(f"this is not JSON, from character {error.pos + 1}", _WRITE)
    except UnicodeEncodeError:
        return Refusal("this is half of a surrogate pair", "write the letter itself")
    except RecursionError:
        return Refusal(f"values are nested more than {_DEEPEST} levels deep", "make it flatter")
    return value


def _row(line: str, source: Source) -> Row | Problem:
    value = json_value(line)
    if isinstance(value, Refusal):
        return source.problem("", value.message, value.cure)
    if not isinstance(value, dict):
        return source.problem("", compose("a row is an object, not {}", named(value)), _WRITE)
    return Row(value, source, {column: at for at, column in enumerate(value, start=1)})


def _object(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _InvalidLineError(compose("the key {} is here twice", quote(twice)), "keep one of the two")
    return found


def _number(text: str) -> Json:
    """Read a number as YAML's are read; it may have an exponent, where that does not change it."""
    if "e" in text.lower():
        if not survives(text):
            raise _InvalidLineError("this number with an exponent is none that JSON carries unchanged")
        return float(text)
    found = plain_value(text)
    if isinstance(found, Refusal):
        raise _InvalidLineError(found.message)
    return numeral_value(text)


def _constant(text: str) -> Json:
    raise _InvalidLineError(f"{text} is not a number that JSON can carry")


def _check_depth(value: Json, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise RecursionError
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(below, depth + 1)
