import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.client import open_reader
from reconciler.clock import Clock
from reconciler.core.export import (
    NOTHING_DECLARED,
    ExistingSpecs,
    Export,
    Exporting,
    IdentifyBy,
    ScopeLayer,
    Wanted,
    build_export,
    declared_in,
)
from reconciler.core.export.table import TableFile
from reconciler.core.model.desired import Desired
from reconciler.core.model.value import canonical
from reconciler.core.plan.operations import Plan, UpdateContact
from reconciler.observe import ReaderChoice
from reconciler.reading.quoting import quoting_edits
from reconciler.reading.writing import written
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.specs import Loaded, load_specs
from reconciler.specs.texts import accepts
from reconciler.storage.files import write_new_files
from reconciler.workflow.exported_table import cells_of, table_text
from reconciler.workflow.exporting import AccountScope, read_account
from reconciler.workflow.planning import make_plan
from reconciler.workflow.run import Run
from tests.api.support import World as Served
from tests.builders import MASKER, NOON
from tests.effort import examples

AWKWARD = st.sampled_from(
    ["", "no", "~", "null", "true", "02139", "1e5", "7.5", "12:30", "2025-07-22", "+14155550192", "a\nb\n", "\x07",
     "\u2028", " a ", "- a", "a: b", "a #b", "*a", "&a", "!a", "%", "<<", "naïve 👍", "${x}", "'\"\\"]
)  # fmt: skip
TEXTS = AWKWARD | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
NUMBERS = st.integers(-(2**54), 2**54) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    TEXTS | st.booleans() | NUMBERS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FACTS = st.dictionaries(TEXTS | st.just("zip"), VALUES, max_size=4)
IDS = st.sampled_from(["c-1", "c?2", "c 3", "ç%4", "a.", " c", "abcdefgh-ijkl"])
PEOPLE = st.none() | st.sampled_from(["Ana", "ana", "Zoë Müller", "日本", "+1 415 555 0192"]) | TEXTS
SCOPES = st.sampled_from(
    [
        {"persona_id": "persona-1"},
        {"persona_id": "Persona 1"},
        {"persona_id": "02139"},
        {"persona_id": " refused"},
        {"agent_number": "+14155550100"},
        {"agent_number": "4155550100"},
    ]
)
USERS = st.dictionaries(
    st.sampled_from(["+14155550192", "+442079460001", "4155"]),
    st.fixed_dictionaries({"metadata": st.none() | TEXTS, "summary": st.none() | TEXTS}),
    max_size=2,
)
IDENTIFIERS = st.sampled_from(
    [
        ("email", "ana@example.com"),
        ("email", "Ana@Example.com"),
        ("phone_number", "+14155550192"),
        ("external_id", "no"),
    ]
)
SETTINGS = st.builds(
    Settings, revision=st.sampled_from(["D", "L"]), user_metadata=st.sampled_from(["string", "object"])
)
IDENTIFY_BY: st.SearchStrategy[IdentifyBy] = st.sampled_from(["contact_id", "email", "phone_number", "external_id"])
FACT_KEYS = st.sampled_from(["no", "true", "02139", "a: b", "naïve 👍", "zip"])
PLAIN_FACTS = st.dictionaries(FACT_KEYS, st.sampled_from(["us", "en", "02139", "=1"]), max_size=3)
CATALOGUED = st.fixed_dictionaries(
    {"sensitive": st.booleans()},
    optional={"type": st.sampled_from(["string", "number", "boolean", "list", "mapping"])},
)
ROWS = "rows.csv"


class Shape(NamedTuple):
    """Options that change where values stand, and not which."""

    seed: tuple[str, ...] = ()
    as_rows: bool = False


SHAPES = st.builds(Shape, st.lists(st.sampled_from(["*", "zip", "no*", "?"]), max_size=2).map(tuple), st.booleans())
PLAIN = Shape()
EVERYTHING = Wanted()
READERS: tuple[ReaderChoice, ...] = ("auto", "contacts", "contact", "context")


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an account as the sandbox takes it; no identifier belongs to two contacts."""
    owners = draw(st.dictionaries(IDENTIFIERS, IDS, max_size=4))
    ids = sorted({*draw(st.sets(IDS, min_size=1, max_size=3)), *owners.values()})
    shared: dict[str, Any] = draw(FACTS | PLAIN_FACTS)
    contacts = [
        {
            "id": contact_id,
            "name": draw(PEOPLE),
            "metadata": draw(FACTS),
            "identifiers": [
                {"identifier_type": kind, "identifier_value": value}
                for (kind, value), owner in sorted(owners.items())
                if owner == contact_id
            ],
        }
        for contact_id in ids
    ]
    everywhere = [(contact_id, {"persona_id": "persona-1"}) for contact_id in ids if draw(st.booleans())]
    drawn = draw(st.lists(st.tuples(st.sampled_from(ids), SCOPES), max_size=3, unique_by=repr))
    pairs = [*everywhere, *(pair for pair in drawn if pair not in everywhere)]
    memories = [
        {
            "id": f"m-{number}",
            "contact_id": contact_id,
            **scope,
            "facts": shared | draw(FACTS | PLAIN_FACTS),
            "users": [{"phone_number": phone, **user} for phone, user in sorted(draw(USERS).items())],
        }
        for number, (contact_id, scope) in enumerate(pairs)
    ]
    return {"contacts": contacts, "contact_memories": memories}


def served(world: Mapping[str, Any], settings: Settings) -> Served:
    store = Store()
    store.load(dict(world))
    return Served(settings, store=store)


def export_of(  # noqa: PLR0913  what is drawn
    account: Served,
    identify_by: IdentifyBy = "contact_id",
    *,
    with_summaries: bool = False,
    wanted: Wanted = EVERYTHING,
    declared: ExistingSpecs = NOTHING_DECLARED,
    shape: Shape = PLAIN,
) -> Export:
    table = TableFile(ROWS, cells_of(declared.catalogue)) if shape.as_rows else None

    async def work() -> Export:
        async with open_reader(account.endpoint()) as reader:
            live = await read_account(reader, AccountScope(wanted, 3, lambda _done, _of: None, declared))
            return build_export(live, Exporting(identify_by, with_summaries, accepts, declared, shape.seed, table))

    return asyncio.run(work())


def texts_of(made: Export) -> dict[str, str]:
    rows = {ROWS: table_text(made.table)} if made.table and made.table.rows else {}
    return rows | {
        file.path: written(file.document, comments=[item.comment for item in file.left_out]) for file in made.files
    }


def loaded(*texts: Mapping[str, str]) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(texts):
            write_new_files(Path(folder) / "specs" / str(number), one)
        return load_specs(["specs"], root=Path(folder))


def plan_of(account: Served, made: Export, reader: ReaderChoice) -> Plan:
    return plan_for(account, loaded(texts_of(made)).desired, made, reader)


def plan_for(account: Served, desired: Desired, made: Export, reader: ReaderChoice) -> Plan:
    run = Run(
        environment="test",
        api="sandbox",
        reader=reader,
        known_ids=made.memory_ids,
        concurrency=3,
        masker=MASKER,
        on_progress=lambda _done, _of: None,
        on_notice=lambda _line: None,
        clock=Clock(lambda: NOON),
    )

    async def work() -> Plan:
        async with open_reader(account.endpoint()) as opened:
            return await make_plan(desired, opened, run)

    return asyncio.run(work())


@pytest.mark.parametrize("reader", READERS[:3])
@given(worlds(), SETTINGS, st.tuples(IDENTIFY_BY, st.booleans(), SHAPES))
def test_a_plan_right_after_an_export_is_empty(
    reader: ReaderChoice, world: dict[str, Any], settings: Settings, options: tuple[IdentifyBy, bool, Shape]
) -> None:
    account = served(world, settings)
    identify_by, with_summaries, shape = options
    made = export_of(account, identify_by, with_summaries=with_summaries, shape=shape)

    assert plan_of(account, made, reader).operations == ()
    assert not any(entry.mutates or entry.committed for entry in account.app.state.log)


@given(worlds(), IDENTIFY_BY, st.data(), SHAPES)
def test_an_export_fits_the_specs_that_are_there(
    world: dict[str, Any], identify_by: IdentifyBy, data: st.DataObject, shape: Shape
) -> None:
    account = served(world, Settings())
    ids = sorted(contact["id"] for contact in world["contacts"])
    part = Wanted(contacts=tuple(data.draw(st.sets(st.sampled_from(ids), min_size=1))))
    keys = data.draw(st.dictionaries(FACT_KEYS, CATALOGUED, max_size=4))
    texts = [{"keys.yaml": written({"fact_keys": keys, "scopes": {"persona-1": {"persona_id": "another"}}})}]
    for wanted in (part, EVERYTHING):
        declared = declared_by(loaded(*texts))
        made = export_of(account, identify_by, wanted=wanted, declared=declared, shape=shape)
        texts.append(texts_of(made))
    desired = loaded(*texts).desired

    assert plan_for(account, desired, made, "contacts").operations == ()
    assert len(desired.contacts) == export_of(account, identify_by).contacts
    assert not any(
        keys.get(fact.key, {}).get("sensitive") for memory in desired.contact_memories for fact in memory.facts
    )
    assert all(is_formatted(text) for one in texts for name, text in one.items() if name != ROWS)


def is_formatted(text: str) -> bool:
    return not tuple(quoting_edits(text))


def declared_by(specs: Loaded) -> ExistingSpecs:
    return declared_in(specs.desired, [ScopeLayer(one.name, one.key, one.facts) for one in specs.scopes])


@given(worlds(), SETTINGS)
def test_the_context_reader_finds_nothing_to_change_either(world: dict[str, Any], settings: Settings) -> None:
    account = served(world, settings)
    operations = plan_of(account, export_of(account), "context").operations

    assert all(isinstance(item, UpdateContact) and not item.certain for item in operations)


@given(worlds(), SETTINGS, st.booleans())
def test_what_is_exported_is_in_canonical_form(
    world: dict[str, Any],
    settings: Settings,
    with_summaries: bool,  # noqa: FBT001  drawn
) -> None:
    texts = texts_of(export_of(served(world, settings), with_summaries=with_summaries))

    assert [path for path, text in texts.items() if not is_formatted(text)] == []


@examples(50)
@given(worlds(), st.integers(0, 10**6))
def test_one_account_gives_the_same_bytes_in_whatever_order_it_is_listed(world: dict[str, Any], seed: int) -> None:
    random = Random(seed)  # noqa: S311  repeatable is the point
    shuffled = {part: random.sample(records, len(records)) for part, records in world.items()}

    assert texts_of(export_of(served(world, Settings()))) == texts_of(export_of(served(shuffled, Settings())))


@given(worlds(), SHAPES)
def test_a_table_loses_nothing(world: dict[str, Any], shape: Shape) -> None:
    account = served(world, Settings())
    shapes = (shape._replace(as_rows=as_rows) for as_rows in (True, False))
    rows, files = (loaded(texts_of(export_of(account, shape=one))).desired for one in shapes)

    assert values_of(rows) == values_of(files)


def values_of(desired: Desired) -> list[Any]:
    """Return what specs declare, without the places."""
    facts = [
        (memory.address, fact.key, canonical(fact.value), fact.policy)
        for memory in desired.contact_memories
        for fact in memory.facts
    ]
    users = [(owner.address, user.phone_number, user.metadata) for owner in desired.memories for user in owner.users]
    profiles = [
        (one.address, one.identity, *((fact.key, canonical(fact.value)) for fact in one.profile))
        for one in desired.contacts
    ]
    return [sorted(facts), sorted(users, key=repr), sorted(profiles, key=repr)]


@given(worlds())
def test_every_fact_is_exported_or_told_of(world: dict[str, Any]) -> None:
    made = export_of(served(world, Settings()))
    told = sum(".facts" in item.place for file in made.files for item in file.left_out)
    live = sum(len(memory["facts"]) for memory in world["contact_memories"] if is_nameable(memory))

    assert made.facts + told == live


def is_nameable(memory: Mapping[str, Any]) -> bool:
    scope = memory.get("persona_id") or memory.get("agent_number")
    return memory["contact_id"] not in {".", " c"} and scope not in {" refused", "4155550100"}
