"""The law of loading by shard: what is left, and what is counted of the rest, are those of loading everything."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.desired import Desired
from reconciler.core.model.observed import Observed, known_keys
from reconciler.core.model.references import Variable
from reconciler.core.model.selection import ALL, Shard, select
from reconciler.errors import Source, SpecError
from reconciler.specs import References, load_specs

NOBODY = Observed({}, {}, requests=0)
REFERENCES = References({"tier": Variable("tier", "gold", Source("reconciler.yaml", 2, 3))})
SCOPES = {"support": {"persona_id": "persona-1", "facts": {"shared": 1}}, "sales": {"persona_id": "persona-2"}}

IDENTITIES = [
    *({"external_id": text} for text in ("a", "b-1", "b 1", "C", "${tier}", "ä")),
    *({"phone_number": text} for text in ("+14155550192", "+1 (415) 555-0193", "+44 20 7946 0018")),
    *({"email": text} for text in ("Ana@b.com", "bo@b.com")),
    *({"contact_id": text} for text in ("a", "00000000-0000-4000-8000-00000000000A")),
]
VALUES = st.sampled_from(["x", "${tier}", "3.10"])
MEMORY = st.fixed_dictionaries(
    {},
    optional={
        "facts": st.dictionaries(st.sampled_from(["plan", "$${x}"]), VALUES),
        "seed_facts": st.dictionaries(st.sampled_from(["city", "shared"]), VALUES),
    },
)
MEMORIES = st.dictionaries(st.sampled_from(sorted(SCOPES)), MEMORY, max_size=2)


def contacts(names: list[str], identities: list[dict[str, str]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return contacts with different identities."""
    body = st.tuples(MEMORY, MEMORIES).map(lambda parts: {**parts[0], "scopes": parts[1]})
    made = st.tuples(st.permutations(identities), st.dictionaries(st.sampled_from(names), body, max_size=5))
    return made.map(lambda parts: {name: {**parts[0].pop(), **one} for name, one in parts[1].items()})


CONTACTS = contacts(["ana", "bo", "cy", "di", "eve"], IDENTITIES)
PATCHES = contacts(["ana", "guest-1", "row"], [{"external_id": "d"}, {"email": "cy@b.com"}, {"contact_id": "e"}, {}])

CELL = st.sampled_from(["", "x", "y;z", "none", "-"])
ROW = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8"]),
        "name": st.sampled_from(["Guest 1", "guest-1", "row", "Ana"]),
        "phone": st.integers(100, 999).map("(415) 555-0{}".format),
        "plan": CELL,
        "city": CELL,
        "team": st.sampled_from(["x", "y"]),
    }
)
ROWS = st.lists(ROW, max_size=8, unique_by=(lambda row: row["id"], lambda row: row["phone"]))
MAPPINGS: list[Mapping[str, Any]] = [
    {"external_id": "id", "facts": {"city": "city"}, "scopes": {"support": {"facts": {"plan": "plan"}}}},
    {
        "external_id": "{team}/{id}",
        "scopes": {
            "support": {"where": {"team": "x"}, "facts": {"plan": {"column": "plan", "split": ";"}}},
            "sales": {"seed_facts": {"city": {"column": "city", "map": {"x": "", "y;z": "Z", "none": "", "-": "D"}}}},
        },
    },
    {"phone_number": "phone", "facts": {"both": "{plan} {city}"}, "scopes": {"support": {}, "sales": {}}},
]


@st.composite
def repositories(draw: st.DrawFn) -> Mapping[str, str]:
    """Draw the files of a repository, by name."""
    mapping, ending = draw(st.sampled_from(MAPPINGS)), draw(st.sampled_from(["csv", "jsonl", "yaml"]))
    rows = draw(ROWS)
    entry = {
        "file": f"../rows.{ending}",
        "named_by": draw(st.sampled_from([["name"], "name", ["name", "id"]])),
        "empty": ["-"],
    }
    entry |= {"phone_region": "US", "contact": mapping}
    documents = [{"scopes": SCOPES, "contacts": draw(CONTACTS)}, {"contacts_from": [entry] if rows else []}]
    return {
        "specs/a.yaml": "\n---\n".join(map(json.dumps, documents)),
        "overlay.yaml": json.dumps({"contacts": {k: {**v, "optional": True} for k, v in draw(PATCHES).items()}}),
        f"rows.{ending}": _written(rows, ending),
    }


def _written(rows: list[dict[str, str]], ending: str) -> str:
    if ending == "yaml":
        return json.dumps(rows)
    if ending == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows)
    return "\n".join(",".join(cells) for cells in (ROW_COLUMNS, *(row.values() for row in rows)))


ROW_COLUMNS = ("id", "name", "phone", "plan", "city", "team")


def loaded(files: Mapping[str, str], shard: Shard | None) -> Desired:
    """Load a repository; raise `SpecError`."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(TemporaryDirectory()))
        for name, text in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
        options: dict[str, Any] = {"overlays": ["overlay.yaml"], "references": REFERENCES, "shard": shard}
        return load_specs(["specs"], root=root, **options).desired


@given(repositories(), st.integers(1, 4))
def test_loading_each_shard_is_loading_everything_and_choosing_from_it(files: Mapping[str, str], count: int) -> None:
    try:
        everything = loaded(files, None)
    except SpecError:
        return
    for shard in (Shard(index, count) for index in range(count)):
        part, expected = loaded(files, shard), select(everything, ALL, shard)
        found = select(part, ALL, shard)

        assert found.desired.contacts == expected.desired.contacts
        assert found.desired.memories == expected.desired.memories
        assert found.elsewhere == expected.elsewhere
        assert known_keys(part, NOBODY) == known_keys(everything, NOBODY)
