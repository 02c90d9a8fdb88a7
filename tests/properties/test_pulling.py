"""The laws of `pull`: the specs then declare what is live, and all else in the files stays byte by byte."""

import json
import re
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.main import main
from reconciler.core.documents.comparison import DeclaredValue, declared_values
from reconciler.core.model.value import same
from reconciler.sandbox.store import Store
from reconciler.specs import load_specs
from tests.effort import examples
from tests.properties.worlds import VALUES, yaml

TEXTS = st.sampled_from(
    ["trial", "premium", "two words", "no", "02139", "3.10", "a: b", "a #b", "x, y", "${name}", "naïve 👍", "'\"\\", "",
     "two\nlines\n", "two\nlines", "  kept\n\n\nblank", "\x07", "\u2028", "- a"]
)  # fmt: skip
SCALARS = TEXTS | st.booleans() | st.integers(-1000, 1000) | st.just(7.5)
LISTS = st.lists(SCALARS, max_size=3)
MAPPINGS = st.dictionaries(st.sampled_from(["city", "no", "a b", "$x"]), SCALARS | LISTS, min_size=1, max_size=3)
ANY = SCALARS | LISTS | MAPPINGS
KEYS = st.sampled_from(["plan", "name", "no", "a b", "tier", "02139", "x.y"])
ENDS = st.sampled_from(["", "  # why", "   #why, then", " # a: b"])
ABOVE = st.sampled_from(["", "", "{}# above\n", "\n", "{}# one\n{}# two\n", "  # odd\n"])


@st.composite
def written_values(draw: st.DrawFn, value: Any, indent: str) -> str:
    """Write a value behind its key in one of the styles that hold it, with the end of its line."""
    end = draw(ENDS)
    if isinstance(value, list) and value and draw(st.booleans()):
        return f"{end}\n" + "".join(f"{indent}  - {yaml(item)}\n" for item in value)
    if isinstance(value, dict) and value and draw(st.booleans()):
        rows = [f"{indent}  {yaml(key)}: {yaml(item)}{draw(ENDS)}\n" for key, item in value.items()]
        return f"{end}\n" + "".join(rows)
    if isinstance(value, str) and re.fullmatch(r"\S[^\n]*\n[^\n]+\n?", value) and draw(st.booleans()):
        sign = "|" if value.endswith("\n") else "|-"
        return f" {sign}{end}\n" + "".join(f"{indent}  {row}\n" for row in value.splitlines())
    if isinstance(value, str) and re.fullmatch("[a-z]+( [a-z]+)?", value) and value != "no" and draw(st.booleans()):
        return f" {value}{end}\n"
    return f" {yaml(value)}{end}\n"


class Spec(NamedTuple):
    """The text of a spec, the enforced facts of its one memory, and the rows of each fact, by key, as written."""

    text: str
    facts: dict[str, Any]
    rows: list[tuple[str, str]]


@st.composite
def layers(draw: st.DrawFn, facts: dict[str, Any], indent: str, name: str) -> tuple[str, list[tuple[str, str]]]:
    """Write `facts` or `seed_facts` in block style with comments, or between brackets."""
    if not facts:
        return "", []
    if draw(st.booleans()):
        return f"{indent}{name}: {yaml(facts)}{draw(ENDS)}\n", []
    rows = [
        (key, f"{indent}  {yaml(key)}:{draw(written_values(value, f'{indent}  '))}") for key, value in facts.items()
    ]
    block = "".join(draw(ABOVE).replace("{}", f"{indent}  ") + row for _, row in rows)
    return f"{indent}{name}:{draw(ENDS)}\n{block}", rows


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    at_contact = draw(st.dictionaries(KEYS, ANY, max_size=3))
    in_memory = draw(st.dictionaries(KEYS, ANY, min_size=1, max_size=4))
    seeds = {key: 1 for key in draw(st.sets(KEYS, max_size=2)) if key not in in_memory}
    of_contact, contact_rows = draw(layers(at_contact, " " * 4, "facts"))
    (of_facts, rows), (of_seeds, _) = (
        draw(layers(facts, " " * 8, name)) for name, facts in (("facts", in_memory), ("seed_facts", seeds))
    )
    anchor, alias = draw(st.sampled_from([("", ""), ("&a ", ""), ("&a ", "    metadata: {m: *a}\n")]))
    of_facts = of_facts.replace(': "', f': {anchor}"', 1)
    text = (
        "# head\nscopes: {support: {persona_id: persona-1}}\n\ncontacts:\n  sarah:  # she\n    external_id: crm-1\n"
        + of_contact
        + "    scopes:\n      support:\n"
        + "".join([of_facts, of_seeds][:: draw(st.sampled_from([1, -1]))])
        + (alias if "&a " in of_facts else "")
        + draw(st.sampled_from(["", "# foot\n", "\n    # odd foot\n"]))
    )
    enforced = {key: value for key, value in {**at_contact, **in_memory}.items() if key not in seeds}
    hidden = {*in_memory, *seeds}
    everywhere = [("" if key in hidden else key, row) for key, row in contact_rows] + rows
    endings = [text, text.replace("\n", "\r\n"), text.removesuffix("\n"), f"\ufeff{text}"]
    return Spec(draw(st.sampled_from(endings)), enforced, everywhere)


@st.composite
def drifts(draw: st.DrawFn, facts: dict[str, Any]) -> dict[str, Any]:
    """Draw other live values of some facts; of mappings, at times only those of some keys."""
    live: dict[str, Any] = {}
    for key in draw(st.sets(st.sampled_from(sorted(facts)), min_size=1)) if facts else ():
        value = facts[key]
        if isinstance(value, dict) and draw(st.booleans()):
            live[key] = {**value, **{inner: draw(ANY) for inner in draw(st.sets(st.sampled_from(sorted(value))))}}
        else:
            live[key] = draw(ANY | VALUES)
    return live


@st.composite
def drifted_specs(draw: st.DrawFn) -> tuple[Spec, dict[str, Any]]:
    spec = draw(specs())
    return spec, draw(drifts(spec.facts))


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["--project", str(folder), *arguments])
    return code, out.getvalue(), err.getvalue()


def declared(folder: Path) -> dict[str, DeclaredValue]:
    return dict(declared_values(load_specs(["specs"], root=folder).desired))


def begin(folder: Path, text: str, live: dict[str, Any]) -> Path:
    """Apply a spec, and let the agent learn something else."""
    (folder / "reconciler.yaml").write_text("version: 1\nenvironments: {sandbox: {api: sandbox}}\n")
    (folder / "specs").mkdir()
    file = folder / "specs/a.yaml"
    file.write_bytes(text.encode())
    code, _, err = run(folder, "apply", "--yes")
    assert code == 0, err
    store = Store(folder / ".reconciler/sandbox.sqlite3")
    store.learn_facts(store.dump()["contact_memories"][0]["id"], live)  # type: ignore[index]
    store.close()
    return file


def pending(folder: Path) -> list[Any]:
    code, out, err = run(folder, "plan", "--format", "json")
    assert code == 0, err
    return [fact for one in json.loads(out)["operations"] for fact in one["facts"] if fact["action"] == "update"]


def comments(text: str) -> list[str]:
    """Return the comments; no value of these specs holds what looks like one of them."""
    return sorted(re.findall(r"#(?: ?(?:why(?:, then)?|a: b|above|one|two|odd foot|odd|head|foot))\b", text))


@examples(40)
@given(drifted_specs())
@pytest.mark.parametrize("choice", ["--take", "--seed"])
def test_what_is_pulled_is_declared_then_and_all_else_stays(choice: str, drawn: tuple[Spec, dict[str, Any]]) -> None:
    spec, live = drawn
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = begin(folder, spec.text, live)
        before, drifted = declared(folder), {fact["key"] for fact in pending(folder)}

        code, _, err = run(folder, "pull", choice)

        after, written = declared(folder), file.read_bytes().decode()
        changed = [address for address in before if not is_same(before[address], after[address])]
        stays = err.count("not pulled")
        assert code == (3 if stays else 0), err
        assert before.keys() == after.keys()
        assert len({fact["key"] for fact in pending(folder)}) == stays
        assert len(drifted) == len(changed) + stays
        assert all(after[address].policy == ("seed" if choice == "--seed" else "enforce") for address in changed)
        assert_layout_stays(spec, written, drifted)


def is_same(left: DeclaredValue, right: DeclaredValue) -> bool:
    return left.policy == right.policy and same(left.value, right.value)


def assert_layout_stays(spec: Spec, written: str, drifted: set[str]) -> None:
    assert comments(written) == comments(spec.text)
    assert written.endswith("\n") == spec.text.endswith("\n")
    assert written.count("\r\n") == (written.count("\n") if "\r\n" in spec.text else 0)
    assert written.startswith("\ufeff") == spec.text.startswith("\ufeff")
    before, after = (f"{text}\n".replace("\r\n", "\n") for text in (spec.text, written))
    rows = [row for key, row in spec.rows if key not in drifted and row in before]  # one may have an anchor
    assert [row for row in rows if row not in after] == []
