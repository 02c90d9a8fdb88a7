"""The lines of a journal, and their JSON. A line without its newline is torn, and says nothing."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from msgspec import Meta, MsgspecError, Struct
from msgspec.json import Decoder, Encoder

from reconciler.core.plan.receipt import Result

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
    """Give a line as JSON, with its newline."""
    return _ENCODER.encode(line) + b"\n"


def from_bytes(text: bytes) -> Line:
    """Read a line; raises `ValueError` for anything else."""
    try:
        return _DECODER.decode(text)
    except (MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error
