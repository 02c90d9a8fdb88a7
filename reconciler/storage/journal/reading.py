"""A journal's file → the run that it records."""

import json
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import IO, TypeAlias

from msgspec import MsgspecError, Struct, convert
from msgspec.json import Decoder, Encoder
from msgspec.json import decode as json_decode
from msgspec.structs import replace

from reconciler.core.documents.receipt import TotalsEntry
from reconciler.core.documents.runs import JOURNAL_VERSION, PROVED, Count, PastRun, RunHeader, Step, TimeText
from reconciler.core.plan.receipt import Result, RunId
from reconciler.errors import Source, StateError
from reconciler.storage.files import state_errors

_TAIL = 4096  # bytes that surely hold the last line
_LONGEST = 1 << 20
_LARGEST = 1 << 30
"""The bytes of a line and of a journal: no run writes more, and a file of somebody else is not to fill the memory."""


class _StepLine(Struct, frozen=True):
    at: TimeText
    type: str
    address: str
    file: str
    line: Count


class IntentLine(_StepLine, frozen=True, tag_field="kind", tag="intent"):
    """An operation is begun; the run has sent so many requests."""

    requests: Count = 0


class OutcomeLine(_StepLine, frozen=True, omit_defaults=True, tag_field="kind", tag="outcome"):
    """The outcome of an operation, begun or not, and the reason where there is one."""

    outcome: Result
    requests: Count = 0
    detail: str = ""


class FoundLine(_StepLine, frozen=True, tag_field="kind", tag="found"):
    """A later run found in the account what this operation sends, though its answer was lost."""


class EndLine(Struct, frozen=True, tag_field="kind", tag="end"):
    """
    The run is over; `unknown` counts the operations of which nobody knows whether they happened.

    `totals` count all by result. `refused_by` names the guards and rules that refused the run.
    """

    at: TimeText
    interrupted: bool
    unknown: Count
    requests: Count = 0
    totals: TotalsEntry | None = None
    refused_by: tuple[str, ...] = ()


class ResolvedLine(Struct, frozen=True, tag_field="kind", tag="resolved"):
    """A later run has looked at what this one left open."""

    at: TimeText
    by: RunId


JournalLine: TypeAlias = IntentLine | OutcomeLine | FoundLine | EndLine | ResolvedLine

_ENCODER = Encoder()
_LINE_DECODER: Decoder[JournalLine] = Decoder(JournalLine)


def to_bytes(line: RunHeader | JournalLine) -> bytes:
    """Return a line as JSON, with its newline."""
    return _ENCODER.encode(line) + b"\n"


def read_run(path: Path) -> PastRun | None:
    """Read a journal; None where not even its first line is whole, so that nothing was begun. Raises `StateError`."""
    with state_errors("read", path), path.open("rb") as file:
        header = _first(file, path)
        if header is None:
            return None
        if path.stat().st_size > _LARGEST:
            raise StateError(f"{path} has more than {_LARGEST >> 20:,} MiB; nothing was written: move it away")
        return _run(header, _lines(file, path))


def _lines(file: IO[bytes], path: Path) -> Iterator[JournalLine]:
    """Yield the lines below the header, one at a time; the last one is left out where it is torn."""
    for number in count(2):
        text = file.readline(_LONGEST)
        if not text.endswith(b"\n"):
            if len(text) == _LONGEST:
                raise _damaged(path, number)
            return
        try:
            line = _LINE_DECODER.decode(text)
        except (MsgspecError, RecursionError) as error:
            raise _damaged(path, number) from error
        yield line


def is_closed(path: Path) -> bool:
    """Return, from its last line alone, whether a journal leaves nothing open; raises `StateError`."""
    _, last = _ends(path)
    return isinstance(last, ResolvedLine) or (isinstance(last, EndLine) and not last.unknown)


def read_outline(path: Path) -> PastRun | None:
    """Read a run for its totals: without its steps, where its last line counts them. Raises `StateError`."""
    header, last = _ends(path)
    if header is None or not isinstance(last, EndLine) or last.totals is None:
        return read_run(path)
    return replace(_run(header, [last]), counted=last.totals)


def read_header(path: Path) -> RunHeader | None:
    """Read what a journal is of, from its first line alone; None where that is torn. Raises `StateError`."""
    with state_errors("read", path), path.open("rb") as file:
        return _first(file, path)


def _first(file: IO[bytes], path: Path) -> RunHeader | None:
    line = file.readline(_LONGEST)
    return _header(_check_header(line, path), path) if line.endswith(b"\n") else None


def outline_bytes(run: PastRun) -> bytes:
    """Return a run without its steps, as the bucket keeps it beside its journal."""
    return _ENCODER.encode(replace(run, steps=(), counted=TotalsEntry(**run.totals)))


def read_outline_bytes(data: bytes) -> PastRun | None:
    """Read what `outline_bytes` made; None for anything else, such as the empty mark of earlier versions."""
    try:
        return json_decode(data, type=PastRun)
    except (MsgspecError, RecursionError):
        return None


def _ends(path: Path) -> tuple[RunHeader | None, JournalLine | None]:
    """Return the first and the last line, as far as they are whole; raises `StateError`."""
    with state_errors("read", path), path.open("rb") as file:
        header = _first(file, path)
        file.seek(max(0, path.stat().st_size - _TAIL))
        *whole, _torn = file.read().split(b"\n")
    try:
        return header, _LINE_DECODER.decode(whole[-1])
    except (IndexError, MsgspecError, RecursionError):
        return header, None


def check_version(path: Path) -> None:
    """Raise `StateError` for a journal of another version of the format."""
    with state_errors("read", path), path.open("rb") as file:
        first = file.readline(_LONGEST)
    if first.endswith(b"\n"):
        _check_header(first, path)


def _check_header(first: bytes, path: Path) -> dict[str, object]:
    """Return what a whole first line holds; raise `StateError` where this program does not read its version."""
    try:
        header = json.loads(first)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, 1) from error
    version = header.get("format_version") if isinstance(header, dict) else None
    if not isinstance(header, dict) or version != JOURNAL_VERSION:
        raise StateError(
            f"{path} is a journal of version {version!r}, and this program reads version {JOURNAL_VERSION}; nothing "
            "was written: use the program that wrote it, or move the file away"
        )
    return header


def _header(content: dict[str, object], path: Path) -> RunHeader:
    """Return the header of a journal; earlier ones hold the id of the run alone."""
    run = content.get("run")
    try:
        return convert({**content, "run": {"id": run} if isinstance(run, str) else run}, RunHeader)
    except MsgspecError as error:
        raise _damaged(path, 1) from error


def _run(header: RunHeader, lines: Iterable[JournalLine]) -> PastRun:
    """Return what the lines say together: the last state of each operation, in the order in which they were begun."""
    steps: dict[tuple[str, str], Step] = {}
    end: EndLine | None = None
    last_seen_at, resolved, requests = header.started_at, False, 0
    for line in lines:
        if isinstance(line, _StepLine):
            steps[line.type, line.address] = _step(line)
        if isinstance(line, (IntentLine, OutcomeLine, EndLine)):
            last_seen_at, requests = max(last_seen_at, line.at), max(requests, line.requests)
        end = line if isinstance(line, EndLine) else end
        resolved = resolved or isinstance(line, ResolvedLine)
    return PastRun(
        header,
        tuple(steps.values()),
        last_seen_at=last_seen_at,
        finished_at=end.at if end else None,
        interrupted=end.interrupted if end else False,
        resolved=resolved,
        requests=requests,
        refused_by=end.refused_by if end else (),
    )


def _step(line: _StepLine) -> Step:
    place = Source(line.file, line.line)
    match line:
        case OutcomeLine(outcome=result, detail=detail):
            return Step(line.type, line.address, place, result, detail)
        case FoundLine():
            return Step(line.type, line.address, place, "done", PROVED)
        case _:
            return Step(line.type, line.address, place, None)


def _damaged(path: Path, number: int) -> StateError:
    return StateError(f"{path}:{number} is not a line of a journal; nothing was written: mend the file or move it away")
