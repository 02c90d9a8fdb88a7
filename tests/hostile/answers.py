"""Hostile answers, each played by a server on loopback: name → parts of an answer to a request, and what is said."""

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count, repeat
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.api.support import HEAD, chunks, whole
from tests.hostile.files import Hostile

_MEBI = 1 << 20
PROJECT = """\
version: 1
environments: {{test: {{api: "http://127.0.0.1:{port}", api_key_env: TEST_KEY, reader: contacts}}}}
"""
_USERS = """\
memories:
  v: {memory_id: vip, users: [{phone_number: "+14155550192", metadata: x}]}
"""
_SPEC = """\
scopes: {s: {persona_id: p}}
contacts:
  c: {email: c@example.com, scopes: {s: {facts: {k: x, m: {a: 1}}}}}
  d: {email: d@example.com, scopes: {s: {facts: {k: x}}}}
"""


@dataclass(frozen=True)
class Answering:
    """What a server answers to a path, how long an answer may take, what is called, its exit code, and what is said."""

    parts: Callable[[str], Iterator[bytes]]
    says: str = ""
    call: tuple[str, ...] = ("plan",)
    code: int = 1
    seconds: float = 60.0
    spec: str = _SPEC
    reader: str = "contacts"

    def files(self, port: int) -> Hostile:
        """Return a repository whose account is on this port."""
        project = PROJECT.format(port=port).replace("contacts}", f"{self.reader}}}")
        return Hostile({"reconciler.yaml": project, "specs/a.yaml": self.spec}, says=self.says)


@contextmanager
def playing(parts: Callable[[str], Iterator[bytes]]) -> Iterator[int]:
    """Answer each request with the parts for its path, each on a connection of its own; yields the port."""

    def answer(client: socket.socket) -> None:
        with client, suppress(OSError, ValueError):
            asked = client.recv(65536).split(b" ", 2)
            for part in parts(asked[1].decode()) if asked[1:] else ():  # one that was given up asks nothing
                if part:
                    client.sendall(part)
                else:
                    client.recv(1)  # until the client gives up
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _packed(mebibytes: int) -> bytes:
    """Return a gzip of zeros, made of one block again and again; its sum is wrong, as nobody comes so far."""
    packer = zlib.compressobj(wbits=-15)
    block = packer.compress(bytes(_MEBI)) + packer.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * mebibytes


def _page(contacts: list[Any], **pagination: Any) -> bytes:
    return json.dumps({"data": contacts, "errors": None, "pagination": pagination}).encode()


def _offset(path: str) -> int:
    return int(parse_qs(urlsplit(path).query).get("offset", ["0"])[0])


def _numbered(start: int) -> list[Any]:
    return [{"id": f"id-{number}", "identifiers": []} for number in range(start, start + 200)]


_NOTHING = b'{"data": null, "errors": null}'
_NO_USERS = b'{"data": {"users": []}}'


def _listing(body: Callable[[str], bytes], rest: bytes = _NOTHING) -> Callable[[str], Iterator[bytes]]:
    """Return what answers with a listing of contacts, made of its path, and has nothing else."""
    return lambda path: whole(body(path) if urlsplit(path).path == "/v1/contacts" else rest)


def _endless_users(path: str) -> Iterator[bytes]:
    start = _offset(path)
    users = [{"phone_number": f"+1415555{number:07}"} for number in range(start, start + 50)]
    data = {"memory_id": "vip", "users": users, "pagination": {"has_more": True, "total": 400}}
    is_listing = urlsplit(path).path == "/v1/memory/vip"
    if urlsplit(path).path == "/v1/contacts":
        return whole(_page([], total=0))
    return whole(json.dumps({"data": data, "errors": None}).encode() if is_listing else _NOTHING)


_PAGE = (
    b'{"data": [{"id": "id-%d", "identifiers": [{"identifier_type": "external_id", "identifier_value": "%d"}],'
    b'"memories": [{"id": "m-%d", "persona_id": "p", "facts": {"k": %s}}]}],'
    b'"pagination": {"total": 10, "has_more": %s}}'
)
_EACH = "scopes: {s: {persona_id: p}}\ncontacts:\n" + "".join(
    f"  c{number}: {{external_id: '{number}', scopes: {{s: {{facts: {{k: x}}}}}}}}\n" for number in range(20)
)


_BY_ID = "scopes: {s: {persona_id: p}}\ncontacts:\n" + "".join(
    f"  c{number}: {{contact_id: id-{number}, scopes: {{s: {{facts: {{k: x}}}}}}}}\n" for number in range(20)
)


def _pages(fact: Callable[[], bytes]) -> Callable[[str], Iterator[bytes]]:
    """Return a listing of ten pages, each of one contact whose memory has such a fact; no memory has users."""

    def body(path: str) -> bytes:
        at = _offset(path)
        return _PAGE % (at, at, at, fact(), b"true" if at < 9 else b"false")

    return lambda path: whole(body(path) if urlsplit(path).path == "/v1/contacts" else _NO_USERS)


def _text() -> bytes:
    return b'"' + b"x" * (27 * _MEBI) + b'"'


def _values() -> bytes:
    return b"[" + b'{"a":0},' * 250_000 + b"0]"


def _users_of_a_page(path: str) -> Iterator[bytes]:
    start = _offset(path)
    users = [{"phone_number": f"+1415555{number:07}"} for number in range(start, start + 50)]
    users[0]["metadata"] = "x" * (27 * _MEBI)
    data = {"users": users, "pagination": {"has_more": True, "total": 400}}
    is_listing = urlsplit(path).path == "/v1/memory/vip"
    return whole(json.dumps({"data": data} if is_listing else {"data": []}).encode())


def _with_contact(facts: Callable[[], bytes]) -> Callable[[str], Iterator[bytes]]:
    """Return a listing of both contacts, one of which has a memory with these facts."""
    return _listing(lambda _path: _CONTACTS % facts())


def _exporting(body: Callable[[], bytes], says: str, *options: str, code: int = 0) -> Answering:
    """Return an export of all contacts of a listing."""
    call = ("export", "--out", "specs/out", "--identify-by", "email", *options)
    return Answering(_listing(lambda _path: body(), _NO_USERS), says, call, code, spec="scopes: {s: {persona_id: p}}\n")


def _of_text(mebibytes: int, end: bytes = b"") -> Callable[[str], Iterator[bytes]]:
    return _with_contact(lambda: b'{"k": "' + b"x" * (mebibytes * _MEBI) + end + b'"}')


_CONTACTS = (
    b'{"data": [{"id": "c", "identifiers": [{"identifier_type": "email", "identifier_value": "c@example.com"}],'
    b'"memories": [{"id": "m", "contact_id": "c", "persona_id": "p", "facts": %s}]},'
    b'{"id": "d", "identifiers": [{"identifier_type": "email", "identifier_value": "d@example.com"}],'
    b'"memories": []}], "errors": null, "pagination": {"total": 2, "has_more": false}}'
)
_BLOCK = """\
scopes: {s: {persona_id: p}}
contacts:
  c:
    email: c@example.com
    scopes:
      s:
        facts:
          k:
            - x
"""
_NO_JSON = "are not the documented JSON"
_HEAVY = "would take more than 300 MB of memory, so it was not read"
_KEPT = "take more than 80 MB of memory, so no more of them were read\nhint: choose fewer with --shard or --target\n"
_SMALL = "is larger than 64 MiB, so it was not read"

CASES: dict[str, Answering] = {
    "a gzip of 600 MiB of zeros": Answering(
        lambda _path: whole(_packed(600), b"Content-Encoding: gzip\r\n"), says=_SMALL
    ),
    "a gzip of a gzip": Answering(
        lambda _path: whole(gzip.compress(_packed(600)), b"Content-Encoding: gzip, gzip\r\n"),
        says="is packed in a way that was not asked for",
    ),
    "a body of 800 MiB": Answering(
        lambda _path: chain((HEAD, b"Content-Length: %d\r\n\r\n" % (800 * _MEBI)), repeat(b" " * _MEBI, 800)),
        says=_SMALL,
    ),
    "chunks without end": Answering(lambda _path: chunks(repeat(b" " * _MEBI)), says=_SMALL),
    "100 Continue without end": Answering(
        lambda _path: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), says="did not end within", seconds=0.2
    ),
    "a head without end": Answering(
        lambda _path: chain((HEAD,), (b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in count())), says=""
    ),
    "a head that drips": Answering(lambda _path: iter((HEAD, b"")), says="did not end within", seconds=0.2),
    "a body that drips": Answering(lambda _path: iter((HEAD, b"\r\n{", b"")), says="did not end within", seconds=0.2),
    "contacts without end": Answering(
        _listing(lambda path: _page(_numbered(_offset(path)), has_more=True)), says="does not end"
    ),
    "contacts that repeat": Answering(_listing(lambda _path: _page(_numbered(0), has_more=True)), code=0),
    "10^49 contacts": Answering(
        _listing(lambda _path: _page(_numbered(0), total=10**49, has_more=True)), says="announces more than 10,000,000"
    ),
    "users without end": Answering(_endless_users, code=0, spec=_USERS),
    "64 MiB of empty lists": Answering(
        _listing(lambda _path: b'{"data":[' + b"[]," * (64 * _MEBI // 3 - 10) + b"[]]}"), says=_HEAVY
    ),
    "64 MiB of small mappings": Answering(
        _listing(lambda _path: b'{"data":[' + b'{"a":{}},' * (64 * _MEBI // 9 - 10) + b"[]]}"), says=_HEAVY
    ),
    "450,000 contacts that are none": Answering(
        _listing(lambda _path: b'{"data":[' + b"{}," * 450_000 + b"[]]}"), says="(look at data.0.id)"
    ),
    "pages of others with 250,000 values": Answering(_pages(_values), code=0),
    "pages of others with 27 MiB of text": Answering(_pages(_text), says="fill answers of more than 128 MiB"),
    "pages with 250,000 values": Answering(_pages(_values), says=_KEPT, spec=_EACH),
    "pages with 27 MiB of text": Answering(_pages(_text), says=_KEPT, spec=_EACH),
    "pages of users with 27 MiB of text": Answering(_users_of_a_page, says=_KEPT, spec=_USERS),
    "contexts with 250,000 values": Answering(
        lambda _path: whole(b'{"data": {"contactFacts": {"k": %s}}}' % _values()),
        says=_KEPT,
        spec=_BY_ID,
        reader="context",
    ),
    "an export of much text": Answering(
        _pages(_text),
        says="take more than 40 MB of memory, so no more of them were read",
        call=("export", "--out", "out"),
    ),
    "a snapshot of 250,000 values a page": Answering(
        _pages(_values), says="take more than 25 MB of memory", call=("snapshot", "--out", "s.json")
    ),
    "a snapshot of 400,000 facts": Answering(
        _with_contact(lambda: b'{"k": 1%s}' % b"".join(b',"k%d":1' % number for number in range(400_000))),
        says="take more than 25 MB of memory",
        call=("snapshot", "--out", "s.json"),
    ),
    "an export of a list below 50 others": _exporting(
        lambda: _CONTACTS % (b'{"k": ' + b"[" * 50 + b"1," * 800_000 + b"1" + b"]" * 50 + b"}"),
        "contacts/c-example-com.yaml cannot be written: it has more than 64 MiB; choose others with --contact",
        code=1,
    ),
    "an export of half characters": _exporting(
        lambda: _CONTACTS.replace(b"d@", b"\\ud83d@").replace(b'"p"', b'"\\udc00"') % b"{}",
        "left out: 1 memory of a persona whose id specs refuse",
        "--csv",
        "specs/x.csv",
    ),
    "an export of 100,000 facts": _exporting(
        lambda: _CONTACTS % (b'{"k": "x"%s}' % b"".join(b', "k%d": "x"' % number for number in range(100_000))),
        "1 contact fits no row of the table",
        "--csv",
        "specs/x.csv",
    ),
    "an export of references": _exporting(lambda: _CONTACTS % (b'{"k": "%s"}' % (b"${env:HOME}" * 10_001)), "1 fact"),
    "a pull of a list below 50 others": Answering(
        _with_contact(lambda: b'{"k": ' + b"[" * 50 + b"1," * 500_000 + b"1" + b"]" * 50 + b"}"),
        says="facts.k: with the live value, it has more than 64 MiB; edit this line by hand",
        call=("pull", "--take"),
        code=3,
        spec=_BLOCK,
    ),
    "a pull of a long key": Answering(
        _with_contact(lambda: b'{"k": {"%s": 1}}' % (b"k" * 300_000)),
        says="YAML would not read the live value on one line",
        call=("pull", "--take"),
        code=3,
    ),
    "a pull of 8 million control characters": Answering(
        _with_contact(lambda: b'{"k": "%s"}' % (b"\x7f" * 8_000_000)),
        says="facts.k: with the live value, it has more than 64 MiB; edit this line by hand",
        call=("pull", "--take"),
        code=3,
    ),
    "63 MiB of text": Answering(_of_text(63), code=0),
    "16 MiB of text with a wide letter": Answering(_of_text(16, "😀".encode()), code=0),
    "42 MiB of text with a wide letter": Answering(_of_text(42, "😀".encode()), says=_HEAVY),
    "63 MiB of text with a wide letter escaped": Answering(_of_text(63, b"\\ud83d\\ude00"), says=_HEAVY),
    "lists a thousand deep": Answering(
        _with_contact(lambda: b'{"k": ' + b"[" * 1000 + b"]" * 1000 + b"}"), says=_NO_JSON
    ),
    "mappings 450 deep in lists": Answering(
        _with_contact(lambda: b'{"m": ' + b'[{"a":' * 450 + b"1" + b"}]" * 450 + b"}"), call=("apply", "--yes"), code=3
    ),
    "NaN and Infinity": Answering(_with_contact(lambda: b'{"k": NaN, "o": -Infinity}'), says=_NO_JSON),
    "numbers of 4,000 digits": Answering(
        _with_contact(lambda: b'{"k": %s, "o": 1e%s}' % (b"9" * 4000, b"9" * 4000)), code=0
    ),
    "half a character": Answering(_with_contact(lambda: b'{"k": "\\ud83d", "\\udc00": ["\\ud83d"]}'), code=0),
}
