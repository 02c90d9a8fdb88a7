"""The laws of `fmt`: the same is said, every comment stays with its key, and a second time nothing changes."""

import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.fingerprint import specs_digest
from reconciler.formatting import Formatted, format_text
from reconciler.reading import comments, read_bytes
from reconciler.specs.assembly import assemble
from reconciler.specs.declarations import declarations
from reconciler.specs.findings import Findings
from tests.builders import MASKER

VALUES = st.sampled_from(
    ["no", "+14155550192", "02139", "12:30", "1_000", "40", "7.5", "true", "'no'", '"a # b"', "'it''s'", "plain words",
     "{a: 1, no: yes}", "[x, 1e5, '7']", "[]", "{}", "|\n{indent}  text\n{indent}   # text",
     ">-\n{indent}  two\n{indent}  lines", "{{a: 1,\n{indent}  b: 2}}", "two\n{indent}  lines"]
)  # fmt: skip
KEYS = st.sampled_from(["a", "no", "'q'", "02139", "zip code"])
ASIDES = st.sampled_from(["", "", "", "# above", "\n", "# above\n# above", "\n# above", "# above\n"])
ENDS = st.sampled_from(["", "", "", "# end", "\n# end", "# end\n# end"])
TRAILS = st.sampled_from(["", "", "  # beside", " # beside é"])
SHIFTS = st.sampled_from(["", "", "", " ", " " * 11])


@st.composite
def entries(draw: st.DrawFn, named: Sequence[tuple[str, Any]], indent: str) -> list[str]:
    """Give the lines of a block mapping: its keys in any order, comments and empty lines anywhere between them."""
    lines = []
    for key, body in draw(st.permutations(named)):
        shift = draw(SHIFTS)
        aside = (f"{indent}{shift}{line}" if line else "" for line in draw(ASIDES).split("\n"))
        lines += [line for line in aside if line or draw(st.booleans())]
        if callable(body):
            lines.append(f"{indent}{key}:{draw(TRAILS)}")
            lines += draw(body(indent + "  "))
        else:
            trail = "" if "\n" in body else draw(TRAILS)
            lines.append(
                f"{indent}{key}: " + body.replace("{indent}", indent).replace("{{", "{").replace("}}", "}") + trail
            )
    lines += [f"{indent}{line}" for line in draw(ENDS).split("\n") if line]
    return lines


@st.composite
def facts(draw: st.DrawFn, indent: str) -> list[str]:
    named = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3))
    return draw(entries(list(named.items()), indent))


@st.composite
def users(draw: st.DrawFn, indent: str) -> list[str]:
    lines = []
    dash = draw(st.sampled_from(["- ", "-   "]))
    outer = indent if draw(st.booleans()) else indent[:-2]
    for number in range(draw(st.integers(1, 2))):
        named = [("phone_number", f"+1415555010{number}"), ("metadata", draw(st.sampled_from(["x", "02139"])))]
        item = draw(entries(named, outer + " " * len(dash)))
        if draw(st.booleans()):
            lines += [outer + dash.rstrip() + draw(st.sampled_from(["", " # above"])), *item]
            continue
        first = next(index for index, line in enumerate(item) if line.strip() and not line.strip().startswith("#"))
        item[first] = outer + dash + item[first].strip()
        lines += [
            line.replace(" " * len(dash), "", 1).replace("above", "item") if index < first else line
            for index, line in enumerate(item)
        ]
    return lines


@st.composite
def memory(draw: st.DrawFn, indent: str) -> list[str]:
    return draw(entries([("users", users), ("facts", facts)], indent))


@st.composite
def memories(draw: st.DrawFn, indent: str) -> list[str]:
    return draw(entries([("s", memory)], indent))


@st.composite
def contact(draw: st.DrawFn, indent: str, known_by: str) -> list[str]:
    named: list[tuple[str, Any]] = [(known_by.partition(": ")[0], known_by.partition(": ")[2]), ("facts", facts)]
    return draw(entries([*named, ("scopes", memories)], indent))


@st.composite
def contacts(draw: st.DrawFn, indent: str) -> list[str]:
    named = [("ann", lambda deep: contact(deep, "email: a@b")), ("bo", lambda deep: contact(deep, "external_id: 007"))]
    return draw(entries(named[: draw(st.integers(1, 2))], indent))


@st.composite
def scope(draw: st.DrawFn, indent: str) -> list[str]:
    return draw(entries([("persona_id", "1e5"), ("facts", facts)], indent))


@st.composite
def scopes(draw: st.DrawFn, indent: str) -> list[str]:
    return draw(entries([("s", scope)], indent))


@st.composite
def texts(draw: st.DrawFn) -> str:
    head = draw(st.sampled_from(["", "# above\n", "# head\n\n", "---\n"]))
    parting = draw(st.sampled_from(["", "", "---\n", "# end\n---\n# above\n"]))
    if parting:
        one, two = draw(entries([("scopes", scopes)], "")), draw(entries([("contacts", contacts)], ""))
        return numbered(head + "\n".join(one) + "\n" + parting + "\n".join(two) + "\n")
    return numbered(head + "\n".join(draw(entries([("contacts", contacts), ("scopes", scopes)], ""))) + "\n")


def numbered(text: str) -> str:
    """Make all comments different."""
    number = count()
    return re.sub("# (above|beside|end|head|item)", lambda found: f"{found[0]} {next(number)}", text)


def lines_of_comments(text: str) -> dict[str, int]:
    """Give the line of each numbered comment, from 0; what only looks like one is none."""
    real = set(comments(text))
    found = ((re.search(r"# \w+ \d+.*", line), at) for at, line in enumerate(text.splitlines()))
    return {comment[0]: at for comment, at in found if comment and comment[0] in real}


def at_the_top(text: str) -> set[str]:
    """Give the comments above all else that an empty line parts from the first key."""
    first = re.search(r"^[ \t]*[^\s#-]", text, re.MULTILINE)
    head = text[: first.start() if first else 0]
    return set(re.findall("#.*", head.rpartition("\n\n")[0]))


def companions(text: str, *, without: set[str]) -> dict[str, str]:
    """Say of each comment what it is beside: the key that follows, the one on its line, or the one above its end."""
    lines = text.splitlines()
    return {
        comment: companion(comment.split()[1], at, lines)
        for comment, at in lines_of_comments(text).items()
        if comment not in without
    }


def companion(kind: str, at: int, lines: Sequence[str]) -> str:
    if kind == "end":
        inside = indent_of(lines[at])
        outer = next((line for line in reversed(lines[:at]) if line.strip() and indent_of(line) < inside), "")
        return "an item" if outer.lstrip().startswith("-") else key_of(outer)
    if kind == "item":
        return next(re.sub(r"\D", "", line) for line in lines[at:] if "phone_number: " in line)
    below = (line for line in lines[at:] if line.strip(" -") and not line.strip(" -").startswith("#"))
    return key_of(lines[at] if kind == "beside" else next(below))


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip())


def key_of(line: str) -> str:
    return line.strip().removeprefix("-").strip().partition(":")[0].strip("'\"")


def digest(text: str) -> str:
    findings = Findings()
    reading = read_bytes(text.encode(), file="a.yaml")
    desired = assemble([declarations(one, findings) for one in reading.documents], findings, complete=True)
    assert not (reading.problems + findings.problems), [text, findings.problems, reading.problems]
    return specs_digest(desired, MASKER.digest)


@given(texts())
def test_formatting_keeps_what_is_said_and_every_comment_and_settles_at_once(text: str) -> None:
    outcome = format_text(text, name="a.yaml")

    assert isinstance(outcome, Formatted)
    assert digest(outcome.text) == digest(text)
    assert sorted(comments(outcome.text)) == sorted(comments(text))
    assert format_text(outcome.text, name="a.yaml") == outcome


@given(texts())
def test_every_comment_stays_beside_the_same_key(text: str) -> None:
    outcome = format_text(text, name="a.yaml")

    assert isinstance(outcome, Formatted)
    top = at_the_top(text)
    assert top <= at_the_top(outcome.text)
    assert companions(outcome.text, without=top) == companions(text, without=top)
