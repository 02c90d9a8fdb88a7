"""What a search starts from: inputs of other tests, and the answers of the sandbox."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from reconciler.core.remote import Reader
from tests.api.support import World, call_reader
from tests.specs.test_bad_specs import CASES

_ROOT = Path(__file__).parents[2]


def _yaml() -> Iterator[bytes]:
    for folder in ("examples", "specs", "tests/scenarios"):
        for path in sorted((_ROOT / folder).rglob("*.yaml")):
            yield path.read_bytes()
    yield from (data for files, _ in CASES.values() for name, data in files.items() if name.endswith(".yaml"))


def _csv() -> Iterator[bytes]:
    for folder in ("examples", "tests/guide/exports"):
        for path in sorted((_ROOT / folder).rglob("*.csv")):
            yield b"\0" + path.read_bytes()
    for files, _ in CASES.values():
        for name, data in files.items():
            if name.endswith((".csv", ".jsonl")):
                yield (b"\x80" if name.endswith(".jsonl") else b"\0") + data


def _wire() -> Iterator[bytes]:
    bodies = [path.read_bytes() for path in sorted((_ROOT / "tests/seeds").glob("*.response.json"))]
    bodies += [b'{"data": null, "errors": [{"error": "NOT_FOUND", "message": "no"}]}', *_of_sandbox()]
    for body in bodies:
        for call in range(9):
            yield bytes((call, 0)) + body
    for status in range(4, 10):
        yield bytes((0, status)) + b"120\n\n" + bodies[-1]
        yield bytes((0, status)) + b"Wed, 21 Oct 2026 07:28:00 GMT\n\n" + b'{"status": "error", "message": "m"}'


def _of_sandbox() -> Iterator[bytes]:
    answers: list[bytes] = []
    world = World()
    world.store.load(
        {
            "contacts": [
                {
                    "id": "c",
                    "name": "Ann",
                    "metadata": {"k": [1, 2.5]},
                    "identifiers": [{"identifier_type": "email", "identifier_value": "ann@example.com"}],
                }
            ],
            "contact_memories": [
                {"id": "m", "contact_id": "c", "persona_id": "p", "facts": {"plan": "x", "m": {"a": {"b": 1e3}}}}
            ],
            "stores": [{"id": "s", "name": "n", "users": [{"phone_number": "+14155550192", "metadata": "x"}]}],
        }
    )
    endpoint = replace(world.endpoint(), on_answer=lambda answer: answers.append(answer.body))

    async def read(remote: Reader) -> None:
        await remote.list_contacts(0)
        await remote.list_users("s", 0)
        await remote.read_memory("m")

    call_reader(endpoint, read)
    yield from answers


SEEDS: Mapping[str, Callable[[], Iterator[bytes]]] = {"yaml": _yaml, "csv": _csv, "wire": _wire}
