"""The laws of `fmt`: all readers of YAML read the same afterwards, and nothing but quotes was added."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver

from reconciler.core.model.value import same
from reconciler.reading import edited, plain_value, read_bytes
from reconciler.reading.quoting import quoting_edits, taken_for

LETTERS = st.text(st.sampled_from("0123456789+-_.:eExXobntTyYZ =~<aflsu"), min_size=1, max_size=12)
WORDS = st.sampled_from(
    ["no", "Yes", "on", "OFF", "y", "true", "False", "TRUE", "null", "~", "=", "<<", "02139", "0o17", "12:30",
     "1:30:00.5", "1_000", "1e5", "3.10", "-0", ".5", "2025-07-22", "2025-07-22T10:00:00Z", "+14155550192", "40", "7.5",
     "plain words"]
)  # fmt: skip
PLAIN = (WORDS | LETTERS).filter(
    lambda text: re.fullmatch(r"[^\s:#<~=-][^\s:#]*( [^\s:#]+)*|[=~]|<<|[-+]?[\d.:_-]*\d", text) is not None
)
SCALARS = PLAIN.filter(lambda text: text not in {"null", "~"}) | st.sampled_from(
    ["'no'", '"no"', '"a # b"', "[]", "{}"]
)
KEYS = PLAIN.filter(lambda text: text not in {"null", "~", "<<"})
ASIDES = st.sampled_from(["", "", "# a comment\n", "\n", "    # odd\n"])
TRAILS = st.sampled_from(["", "  # beside", " "])


@st.composite
def mappings(draw: st.DrawFn, depth: int = 2, indent: str = "") -> str:
    made = ""
    for key in draw(st.lists(KEYS, min_size=1, max_size=3, unique=True)):
        made += draw(ASIDES) + f"{indent}{key}:"
        kind = draw(st.sampled_from(["scalar", "flow", "list", "mapping"] if depth else ["scalar", "flow"]))
        if kind == "mapping":
            made += draw(TRAILS) + "\n" + draw(mappings(depth - 1, indent + "  "))
        elif kind == "list":
            made += "\n" + "".join(f"{indent}- {draw(SCALARS)}{draw(TRAILS)}\n" for _ in range(draw(st.integers(1, 2))))
        elif kind == "flow":
            made += f" {{{draw(KEYS)}: {draw(SCALARS)}, x: [{draw(SCALARS)}, {draw(SCALARS)}]}}{draw(TRAILS)}\n"
        else:
            made += f" {draw(SCALARS)}{draw(TRAILS)}\n"
    return made


def formatted(text: str) -> str:
    return edited(text, tuple(quoting_edits(text)))


def values(text: str) -> list[Any]:
    return [document.value for document in read_bytes(text.encode(), file="a.yaml").documents]


def readable(text: str) -> bool:
    return not read_bytes(text.encode(), file="a.yaml").problems


@given(mappings().filter(readable))
def test_all_readers_read_what_this_one_reads(text: str) -> None:
    after = formatted(text)

    assert same(values(after), values(text))
    assert same([YAML(typ="safe", pure=True).load(after)], values(text))
    assert same([yaml.safe_load(after)], values(text))


@given(mappings().filter(readable))
def test_nothing_but_quotes_is_added_and_a_second_time_nothing(text: str) -> None:
    after = formatted(text)

    assert after.replace('"', "") == text.replace('"', "")
    assert formatted(after) == after


RESOLVERS = [VersionedResolver(version=version, loader=YAML()) for version in ((1, 1), (1, 2))]


@pytest.mark.parametrize("resolver", RESOLVERS)
@given(text=WORDS | LETTERS)
def test_what_a_reader_takes_for_something_else_is_known(resolver: VersionedResolver, text: str) -> None:
    tag = str(resolver.resolve(ScalarNode, text, (True, False)))

    assert (tag == "tag:yaml.org,2002:str") or taken_for(text) or not isinstance(plain_value(text), str)
