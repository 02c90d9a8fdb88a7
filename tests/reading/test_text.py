"""Bytes become text, or the place of the first byte that cannot be."""

import pytest

from reconciler.core.model.masking import worded
from reconciler.errors import Problem
from reconciler.reading.parser import decoded


@pytest.mark.parametrize("data", [b"", b"a: 1", "é: ☎ 😀\r\n\t".encode(), "\u00a0\u2027\u202a\ud7ff\ue000".encode()])
def test_utf8_is_text(data: bytes) -> None:
    assert decoded(data, file="a.yaml") == data.decode()


def test_a_byte_order_mark_at_the_start_is_dropped() -> None:
    assert decoded(b"\xef\xbb\xbfa: 1", file="a.yaml") == "a: 1"


@pytest.mark.parametrize(
    ("data", "place", "said"),
    [
        (b"a: 1\nb: \xe9", "a.yaml:2:4", 'Latin-1 or Windows-1252, where it means "é"'),
        ("é: ".encode() + b"\x80", "a.yaml:1:4", "0x80 is not UTF-8"),
        ("a: 1".encode("utf-16"), "a.yaml:1:1", "seems to be UTF-16"),
        ("a: 1".encode("utf-16-le"), "a.yaml:1:2", "seems to be UTF-16"),
        (b"a: \x00", "a.yaml:1:4", "a NUL byte (U+0000)"),
        (b"\n\na: \x07", "a.yaml:3:4", "a control character (U+0007)"),
        (b"a: \x7f", "a.yaml:1:4", r'write it as "\x7f" in double quotes'),
        ("a: \x85".encode(), "a.yaml:1:4", "U+0085"),
        (
            "é\u2028".encode(),
            "a.yaml:1:2",
            r"a line separator (U+2028) is not allowed in a YAML file; remove it, or write",
        ),
        ("a\ufeff".encode(), "a.yaml:1:2", "a byte order mark"),
        (b"\xed\xa0\x80", "a.yaml:1:1", "0xED is not UTF-8"),
    ],
)
def test_what_cannot_be_text_is_named_with_its_place(data: bytes, place: str, said: str) -> None:
    problem = decoded(data, file="a.yaml")

    assert isinstance(problem, Problem)
    assert str(worded(problem, reveal=False)).startswith(f"{place}: ")
    assert said in str(worded(problem, reveal=False))
