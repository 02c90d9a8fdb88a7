"""A journal's file → the run that it tells of."""

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, TypeAlias, assert_never

from msgspec import Meta, MsgspecError, Struct
from msgspec.json import Decoder, Encoder

from reconciler.core.documents.runs import PastRun, RunHeader, Step, with_result
from reconciler.core.plan.receipt import Result
from reconciler.errors import Source, StateError

FORMAT_VERSION = "1.0"


_Run = Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{1,80}$")]
_Time = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,20}Z$")]
_Count = Annotated[int, Meta(ge=0, le=10**9)]


class HeaderLine(Struct, frozen=True, tag_field="kind", tag="run"):
    """The first line: what the run is about."""

    format_version: str
    run: _Run
    environment: str
    api: str
    account: str
    specs_digest: str
    started_at: _Time
    operations: Mapping[str, _Count]


class IntentLine(Struct, frozen=True, tag_field="kind", tag="intent"):
    """An operation is begun; `may_send` names the writes that it may take."""

    at: _Time
    type: str
    address: str
    file: str
    line: _Count
    may_send: tuple[str, ...]


class OutcomeLine(Struct, frozen=True, tag_field="kind", tag="outcome"):
    """What became of an operation, begun or not."""

    at: _Time
    type: str
    address: str
    file: str
    line: _Count
    outcome: Result


class EndLine(Struct, frozen=True, tag_field="kind", tag="end"):
    """The run is over."""

    at: _Time
    interrupted: bool
    unknown: _Count


class SettledLine(Struct, frozen=True, tag_field="kind", tag="settled"):
    """A later run has looked at what this one left open."""

    at: _Time
    by: _Run


Line: TypeAlias = HeaderLine | IntentLine | OutcomeLine | EndLine | SettledLine

_ENCODER = Encoder()
_DECODER: Decoder[Line] = Decoder(Line)


def to_bytes(line: Line) -> bytes:
    """Return a line as JSON, with its newline."""
    return _ENCODER.encode(line) + b"\n"


def from_bytes(text: bytes) -> Line:
    """Read a line; raises `ValueError` for anything else."""
    try:
        return _DECODER.decode(text)
    except (MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error


_TAIL = 4096


def read_run(path: Path) -> PastRun | None:
    """Read a journal; None where not even its first line is whole, so that nothing was begun. Raises `StateError`."""
    texts = _bytes_of(path).split(b"\n")[:-1]
    if not texts:
        return None
    lines = [_line(path, number, text) for number, text in enumerate(texts, 1)]
    header, *rest = lines
    if not isinstance(header, HeaderLine):
        raise _damaged(path, 1)
    return _run(header, rest)


def is_closed(path: Path) -> bool:
    """Report, from its last line alone, whether a journal leaves nothing open; raises `StateError`."""
    check_version(path)
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        *whole, _torn = file.read().split(b"\n")
    try:
        last = from_bytes(whole[-1])
    except (IndexError, ValueError):
        return False
    return isinstance(last, SettledLine) or (isinstance(last, EndLine) and not last.unknown)


def check_version(path: Path) -> None:
    """Raise `StateError` for a journal of another version of the format."""
    try:
        with path.open("rb") as file:
            first = file.readline()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not first.endswith(b"\n"):
        return
    try:
        header = json.loads(first)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, 1) from error
    version = header.get("format_version") if isinstance(header, dict) else None
    if version != FORMAT_VERSION:
        raise StateError(
            f"{path} is a journal of version {version!r}, and this program reads version {FORMAT_VERSION}; nothing was "
            "written: use the program that wrote it, or move the file away"
        )


def _bytes_of(path: Path) -> bytes:
    check_version(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _line(path: Path, number: int, text: bytes) -> Line:
    try:
        return from_bytes(text)
    except ValueError as error:
        raise _damaged(path, number) from error


def _run(header: HeaderLine, lines: list[Line]) -> PastRun:
    steps: dict[tuple[str, str], Step] = {}
    end: EndLine | None = None
    settled = False
    for line in lines:
        match line:
            case IntentLine():
                steps[line.type, line.address] = _step(line)
            case OutcomeLine(outcome=result):
                steps[line.type, line.address] = with_result(_step(line), result)
            case EndLine():
                end = line
            case SettledLine():
                settled = True
            case HeaderLine():
                pass
            case _:
                assert_never(line)
    return PastRun(
        _header(header),
        tuple(steps.values()),
        last_seen_at=_last_seen(header, lines),
        finished_at=end.at if end else None,
        interrupted=end.interrupted if end else False,
        settled=settled,
    )


def _last_seen(header: HeaderLine, lines: list[Line]) -> str:
    times = (line.at for line in lines if not isinstance(line, (HeaderLine, SettledLine)))
    return max(chain([header.started_at], times))


def _header(line: HeaderLine) -> RunHeader:
    return RunHeader(
        line.run, line.environment, line.api, line.account, line.specs_digest, line.started_at, line.operations
    )


def _step(line: IntentLine | OutcomeLine) -> Step:
    return Step(line.type, line.address, Source(line.file, line.line), None)


def _unreadable(path: Path, error: OSError) -> StateError:
    return StateError(f"cannot read {path}: {error.strerror}")


def _damaged(path: Path, number: int) -> StateError:
    return StateError(f"{path}:{number} is not a line of a journal; nothing was written: mend the file or move it away")
