"""The laws of `fmt`: the same is said, every comment is kept, and a second time nothing changes."""

from collections.abc import Sequence
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
ASIDES = st.sampled_from(["", "", "", "# note", "\n", "# one\n# two", "\n# after a gap"])
TRAILS = st.sampled_from(["", "", "  # why", " # é"])


@st.composite
def entries(draw: st.DrawFn, named: Sequence[tuple[str, Any]], indent: str) -> list[str]:
    """Give the lines of a block mapping: its keys in any order, comments and empty lines anywhere between them."""
    lines = []
    for key, body in draw(st.permutations(named)):
        lines += [f"{indent}{line}" if line else "" for line in draw(ASIDES).split("\n") if line or draw(st.booleans())]
        if callable(body):
            lines.append(f"{indent}{key}:{draw(TRAILS)}")
            lines += draw(body(indent + "  "))
        else:
            trail = "" if "\n" in body else draw(TRAILS)
            lines.append(
                f"{indent}{key}: " + body.replace("{indent}", indent).replace("{{", "{").replace("}}", "}") + trail
            )
    lines += [f"{indent}{line}" for line in draw(ASIDES).split("\n") if line]
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
        first = next(index for index, line in enumerate(item) if line.strip() and not line.strip().startswith("#"))
        item[first] = outer + dash + item[first].strip()
        lines += [
            line if index > first else line.replace(" " * len(dash), "", 1) if index < first else line
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
    head = draw(st.sampled_from(["", "# head\n", "# head\n\n", "---\n"]))
    parting = draw(st.sampled_from(["", "", "---\n", "# end\n---\n# next\n"]))
    if parting:
        one, two = draw(entries([("scopes", scopes)], "")), draw(entries([("contacts", contacts)], ""))
        return head + "\n".join(one) + "\n" + parting + "\n".join(two) + "\n"
    return head + "\n".join(draw(entries([("contacts", contacts), ("scopes", scopes)], ""))) + "\n"


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
