"""What is fuzzed: each takes any bytes, and raises where they end in anything but a documented error."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from reconciler.api import wire
from reconciler.api.answers import ApiAnswer, body_of
from reconciler.core.documents.describe import describe_plan
from reconciler.core.matching import NOBODY, Asked
from reconciler.core.model.desired import Persona
from reconciler.core.model.masking import worded
from reconciler.core.model.observed import FoundContact, Present
from reconciler.core.model.value import Json, same
from reconciler.core.plan.diff import unsendable_facts
from reconciler.core.plan.operations import WriteFacts
from reconciler.errors import ApiError, Problem, SpecError
from reconciler.reading import ParsedFile, edited, read_bytes
from reconciler.reading.parser import PARSER, PythonParser
from reconciler.reading.quoting import quoting_edits
from reconciler.reading.row_files import json_rows
from reconciler.reading.row_formats import Row, csv_rows
from reconciler.render.formats import plan_formats
from reconciler.specs import load_specs
from tests.builders import MASKER, NOON, memory, plan, user
from tests.specs.cases import references

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")
_ROOT = Path(_FOLDER.name)
_MOST_OPENED = 100
_DELIMITERS = (",", ";", "\t", "|", " ")
_MAPPED = """\
scopes: {support: {persona_id: p-1}}
contacts_from:
- file: %s
  named_by: id
  contact:
    external_id: crm
    name: name
    facts: {plan: plan, tier: {column: tier, type: integer}}
    scopes: {support: {users: [{phone_number: phone, metadata: notes}]}}
"""


def yaml(data: bytes) -> None:
    """Read a spec file with both parsers, format it, and load it as the specs of a repository."""
    reading = read_bytes(data, file="a.yaml")
    readings = [reading]
    if data.count(b"[") + data.count(b"{") < _MOST_OPENED:  # that one is slow at depth, and much more so when watched
        readings.append(read_bytes(data, file="a.yaml", parser=PythonParser))
    for one in readings:
        assert one.is_complete or one.problems
        _check(one.problems)
    if not reading.problems:
        _check_formatted(reading)
        _load({"specs/a.yaml": data})


def _check_formatted(reading: ParsedFile) -> None:
    text = reading.data.decode("utf-8-sig")
    after = read_bytes(edited(text, tuple(quoting_edits(text))).encode(), file="a.yaml", parser=PARSER)
    assert not after.problems
    assert same([one.value for one in after.documents], [one.value for one in reading.documents])


def table(data: bytes) -> None:
    """Read a table; the first byte chooses the delimiter, and whether it is CSV or JSON Lines."""
    choice, body = data[0] if data else 0, data[1:]
    delimiter = _DELIMITERS[choice % len(_DELIMITERS)]
    is_json = bool(choice & 0x80)
    name, option = ("d.jsonl", "") if is_json else ("d.csv", f"  delimiter: {json.dumps(delimiter)}\n")
    lines = iter(BytesIO(body))
    rows = json_rows(lines, file=name) if is_json else csv_rows(lines, file=name, delimiter=delimiter)
    events: Sequence[object] = list(rows)
    problems = [event for event in events if isinstance(event, Problem)]
    _check(problems)
    json.dumps([event.cells for event in events if isinstance(event, Row)], allow_nan=False).encode()
    if not problems:
        _load({f"specs/{name}": body, "specs/a.yaml": (_MAPPED % name + option).encode()})


def _load(files: Mapping[str, bytes]) -> None:
    for path in _ROOT.glob("specs/*"):
        path.unlink()
    for name, data in files.items():
        (_ROOT / name).parent.mkdir(exist_ok=True)
        (_ROOT / name).write_bytes(data)
    try:
        load_specs(["specs"], root=_ROOT, references=references())
    except SpecError as error:
        _check(error.problems)


def _check(problems: Sequence[Problem]) -> None:
    """Hold each problem to one line that has a place and can be printed."""
    for problem in problems:
        for reveal in (False, True):
            text = str(worded(problem, reveal=reveal))
            assert "\n" not in text
            text.encode()


_KEY = "sk-fuzz-5c1f0e77"
_ASKED = Asked(contact_id="c", memory_id="m", scope_key=Persona("p"))
_READS: tuple[Callable[[Json, Asked], object], ...] = (
    wire.record_from,
    wire.context_from,
    wire.created_from,
    wire.facts_from,
    wire.users_from,
    wire.user_from,
    wire.entry_from,
    wire.contact_from,
    wire.resolved_from,
)
_STATUSES = (200, 200, 200, 201, 400, 401, 404, 429, 500, 503)
_DECLARED: Mapping[str, Json] = {"plan": "premium", "seats": 5, "m": {"a": {"b": 1}}, "list": [1, "x"]}


def answer(data: bytes) -> None:
    """Read an answer whose call the first byte chooses and whose status the second, and plan with what it says."""
    choice, status, body = data[:1], data[1:2], data[2:]
    headers, _, content = body.partition(b"\n\n")
    if not content:
        headers, content = b"", headers
    try:
        received = ApiAnswer(
            _STATUSES[(status or b"\0")[0] % len(_STATUSES)],
            content,
            headers.decode("latin-1") or None,
            received_at=NOON,
            date=headers.decode("latin-1") or None,
        )
        whole = body_of(received, hide=_KEY)
        read = (choice or b"\0")[0]
        for one in (_READS[read % len(_READS)], lambda _data, _asked: wire.contacts_from(whole, 0)):
            for asked in (_ASKED, NOBODY):
                _read(one, whole["data"], asked)
        _plan(whole["data"], format_number=read)
    except ApiError as error:
        str(error).encode()
        error.said.encode()


def _read(read: Callable[[Json, Asked], object], data: Json, asked: Asked) -> None:
    try:
        read(data, asked)
    except ApiError as error:
        str(error).encode()


def _plan(data: Json, *, format_number: int) -> None:
    """Plan with facts and texts that the account is said to hold, and show the plan in one of the formats."""
    record = wire.record_from({"id": "m", "facts": data if isinstance(data, dict) else {"plan": data}}, NOBODY)
    assert record is not None
    seen = Present("m", record.facts)
    made = plan(memory(_DECLARED, users=[user(metadata="x")]), seen, FoundContact("id-of-sarah", record.facts))
    for operation in made.operations:
        if isinstance(operation, WriteFacts):
            unsendable_facts(operation.facts)
    document = describe_plan(made, MASKER, unmanaged_keys=True)
    formats = plan_formats()
    name = sorted(formats)[format_number % len(formats)]
    shown = formats[name](document)
    shown.encode()
    if name in {"json", "sarif", "gitlab"}:
        json.loads(shown, parse_constant=_refused)


def _refused(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


TARGETS: Mapping[str, Callable[[bytes], None]] = {"yaml": yaml, "csv": table, "wire": answer}
