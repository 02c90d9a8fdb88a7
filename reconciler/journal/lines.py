"""The lines of a journal, and their JSON. A line without its newline is torn, and says nothing."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from reconciler.core.receipt import Result

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """The first line: what the run is about."""

    kind: Literal["run"]
    format_version: str
    run: str
    environment: str
    api: str
    account: str
    specs_digest: str
    started_at: str
    operations: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class IntentLine:
    """An operation is begun; `may_send` names the writes that it may take."""

    kind: Literal["intent"]
    at: str
    type: str
    address: str
    file: str
    line: int
    may_send: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """What became of an operation, begun or not."""

    kind: Literal["outcome"]
    at: str
    type: str
    address: str
    file: str
    line: int
    outcome: Result


@dataclass(frozen=True, slots=True)
class EndLine:
    """The run is over."""

    kind: Literal["end"]
    at: str
    interrupted: bool
    unknown: int


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A later run has looked at what this one left open."""

    kind: Literal["settled"]
    at: str
    by: str


Line: TypeAlias = HeaderLine | IntentLine | OutcomeLine | EndLine | SettledLine

_LINES: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


def to_bytes(line: Line) -> bytes:
    """Give a line as JSON, with its newline."""
    return _LINES.dump_json(line) + b"\n"


def from_bytes(text: bytes) -> Line:
    """Read a line; raises `ValueError` for anything else."""
    return _LINES.validate_json(text)
