"""The lines of a journal, and their JSON. A line without its newline is torn, and says nothing."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder, Encoder

from reconciler.core.receipt import Result

FORMAT_VERSION = "1.0"


class HeaderLine(Struct, frozen=True, tag_field="kind", tag="run"):
    """The first line: what the run is about."""

    format_version: str
    run: str
    environment: str
    api: str
    account: str
    specs_digest: str
    started_at: str
    operations: Mapping[str, int]


class IntentLine(Struct, frozen=True, tag_field="kind", tag="intent"):
    """An operation is begun; `may_send` names the writes that it may take."""

    at: str
    type: str
    address: str
    file: str
    line: int
    may_send: tuple[str, ...]


class OutcomeLine(Struct, frozen=True, tag_field="kind", tag="outcome"):
    """What became of an operation, begun or not."""

    at: str
    type: str
    address: str
    file: str
    line: int
    outcome: Result


class EndLine(Struct, frozen=True, tag_field="kind", tag="end"):
    """The run is over."""

    at: str
    interrupted: bool
    unknown: int


class SettledLine(Struct, frozen=True, tag_field="kind", tag="settled"):
    """A later run has looked at what this one left open."""

    at: str
    by: str


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
