import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from pydantic import TypeAdapter

from reconciler.api.client import open_reader, open_writer
from reconciler.clock import Clock
from reconciler.concurrency import Stop
from reconciler.core.documents.describe import describe_plan
from reconciler.core.export.undo import build_undo
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import Masker
from reconciler.core.model.value import canonical, covers
from reconciler.core.plan.operations import Plan
from reconciler.core.snapshot import Snapshot, mask_holdings, unmask_snapshot
from reconciler.execute import Together
from reconciler.observe import ReaderChoice
from reconciler.observe.snapshot import SnapshotReader
from reconciler.reading.writing import written
from reconciler.render.json import plain as plain_json
from reconciler.render.json import render_json
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.specs import load_specs
from reconciler.specs.texts import accepts
from reconciler.workflow.applying import Applied, apply_plan
from reconciler.workflow.planning import make_plan
from reconciler.workflow.run import Run
from reconciler.workflow.snapshots import take_snapshot
from tests.api.support import World as Served
from tests.builders import MASKER, NOON
from tests.effort import examples
from tests.properties.worlds import Account as Holdings
from tests.properties.worlds import World, account_of, expected, live_account, worlds, write_specs

SETTINGS = st.builds(
    Settings,
    empty_context=st.sampled_from(["object", "null", "not_found"]),
    create_status=st.sampled_from([200, 201]),
    patch_answer=st.sampled_from(["full", "trimmed"]),
    nested_merge=st.sampled_from(["shallow", "deep"]),
    add_user_error_status=st.sampled_from([400, 409, 500]),
    user_metadata=st.sampled_from(["string", "object"]),
    revision=st.sampled_from(["D", "L"]),
    seeds_only=st.booleans(),
)
CHOICES: tuple[ReaderChoice, ...] = ("auto", "contacts", "contact", "context")
READERS = st.sampled_from(CHOICES)


@st.composite
def accounts(draw: st.DrawFn, *, kinds: st.SearchStrategy[Settings] = SETTINGS) -> "Account":
    """Any world in any kind of account, read in any way that it offers."""
    settings, world = draw(kinds), draw(worlds()).possible
    reader: ReaderChoice = draw(READERS)
    if settings.seeds_only:
        return Account(world.by_id_alone, replace(settings, revision="D"), "auto")
    return Account(world.by_id_alone if reader == "context" else world, settings, reader)


@dataclass
class Account:
    """A world in the sandbox, and the tool at work on it."""

    world: World
    settings: Settings
    reader: ReaderChoice

    def __post_init__(self) -> None:
        store = Store()
        store.load(live_account(self.world))
        self.served = Served(self.settings, store=store)
        self.run = Run(
            environment="test",
            api="sandbox",
            reader=self.reader,
            known_ids={},
            concurrency=3,
            masker=MASKER,
            on_progress=lambda _done, _of: None,
            on_notice=lambda _line: None,
            clock=Clock(lambda: NOON),
        )

    @property
    def expected(self) -> Holdings:
        return expected(self.world, sees_users=not self.settings.seeds_only)

    def desired(self, seed: int = 0) -> Desired:
        """Write the specs in an order that the seed gives, and load them."""
        with tempfile.TemporaryDirectory() as folder:
            write_specs(self.world, Path(folder), Random(seed))  # noqa: S311  repeatable is the point
            return load_specs(["specs"], root=Path(folder)).desired

    def plan(self, seed: int = 0) -> Plan:
        """Load the specs and plan."""
        desired = self.desired(seed)

        async def work() -> Plan:
            async with open_reader(self.served.endpoint()) as reader:
                return await make_plan(desired, reader, self.run)

        return asyncio.run(work())

    def plan_for(self, spec: str) -> Plan:
        """Plan for one file of declarations."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "undo.yaml").write_text(spec, encoding="utf-8")
            desired = load_specs(["undo.yaml"], root=Path(folder)).desired

        async def work() -> Plan:
            async with open_reader(self.served.endpoint()) as reader:
                return await make_plan(desired, reader, self.run)

        return asyncio.run(work())

    def plan_offline(self) -> Plan:
        """Take a snapshot, keep it as text, and plan against what can be read from that."""
        desired = self.desired()

        async def work() -> Plan:
            async with open_reader(self.served.endpoint()) as reader:
                holdings, taken = await take_snapshot(desired, reader, self.run, all_users=False)
            text = render_json(mask_holdings(holdings, taken, MASKER))
            snapshot = TypeAdapter(Snapshot).validate_json(text)
            offline = SnapshotReader(unmask_snapshot(snapshot, [desired], MASKER))
            return await make_plan(desired, offline, self.run)

        return asyncio.run(work())

    def apply(self, plan: Plan) -> Applied:
        async def work() -> Applied:
            async with open_writer(self.served.endpoint()) as writer:
                return await apply_plan(plan, writer, self.run, stop=Stop(), observer=Together())

        return asyncio.run(work())

    @property
    def holds(self) -> Holdings:
        return account_of(self.served.store.dump())


def same_account(left: Holdings, right: Holdings) -> bool:
    return canonical(plain(left)) == canonical(plain(right))


def plain(account: Holdings) -> Any:
    memories = [[*pair, facts, users] for pair, (facts, users) in sorted(account.memories.items())]
    return [memories, dict(account.profiles)]


@given(accounts())
def test_a_plan_sends_no_write(account: Account) -> None:
    before = account.holds
    account.plan()

    assert not any(entry.mutates or entry.committed for entry in account.served.app.state.log)
    assert same_account(account.holds, before)


@given(accounts())
def test_what_is_written_is_what_the_model_says(account: Account) -> None:
    applied = account.apply(account.plan())

    assert applied.receipt.is_complete
    assert plain(account.holds) == plain(account.expected)


@given(accounts(), st.booleans())
def test_after_an_apply_the_plan_is_empty(account: Account, ids_are_kept: bool) -> None:  # noqa: FBT001  drawn
    applied = account.apply(account.plan())
    if ids_are_kept:
        account.run = structs.replace(account.run, known_ids=applied.memory_ids)
    before = account.holds
    again = account.plan()

    assert not again.has_changes
    assert account.apply(again).receipt.is_complete
    assert same_account(account.holds, before)


@given(accounts())
def test_what_no_spec_names_is_unchanged(account: Account) -> None:
    world = account.world
    account.apply(account.plan())
    after = account.holds

    for pair, (facts, users) in world.live.items():
        named = {key for layer in layers_of(world, pair) for key in {**layer.facts, **layer.seeds}}
        for key in facts.keys() - named:
            assert canonical(after.memories[pair][0][key]) == canonical(facts[key])
        assert users.keys() <= after.memories[pair][1].keys()
    for name in world.live_contacts:
        declared, live = world.profiles[name]
        for key in {key for key, value in live.items() if value} - declared.keys():
            assert canonical(after.profiles[name][key]) == canonical(live[key])


def layers_of(world: World, pair: tuple[str, str]) -> list[Any]:
    contact, scope = pair
    return [world.scopes[scope], world.contacts[contact], world.memories[pair][0]] if pair in world.memories else []


@examples(50)
@given(accounts(), st.integers(1, 10**6))
def test_shuffled_files_and_keys_give_the_same_plan_byte_for_byte(account: Account, seed: int) -> None:
    masker = Masker(b"key", reveal=False)

    def rendered(plan: Plan) -> str:
        return without_places(render_json(describe_plan(plan, masker)))

    assert rendered(account.plan(0)) == rendered(account.plan(seed))


def without_places(text: str) -> str:
    """Drop the places in files, the one thing that moves when declarations do."""
    return "\n".join(line for line in text.splitlines() if '"file": ' not in line and '"line": ' not in line)


@given(accounts())
def test_a_plan_that_is_not_for_the_terminal_holds_no_live_value(account: Account) -> None:
    live = {pair: ({**facts, "plan": SECRET}, users) for pair, (facts, users) in account.world.live.items()}
    profiles = {
        name: (declared, {**profile, "name": SECRET}) for name, (declared, profile) in account.world.profiles.items()
    }
    marked = Account(replace(account.world, live=live, profiles=profiles), account.settings, account.reader)

    assert SECRET not in render_json(describe_plan(marked.plan(), Masker(b"key", reveal=False)))


@given(accounts())
def test_a_plan_against_a_snapshot_is_the_plan_against_the_account(account: Account) -> None:
    assert told(account.plan_offline()) == told(account.plan())


def told(plan: Plan) -> Any:
    """Give what a plan says, without what it cost and what it was seen from."""
    entry = describe_plan(plan, MASKER)
    return plain_json([entry.summary, entry.operations, entry.notices])


@given(accounts())
def test_applying_the_undo_of_an_apply_brings_back_every_former_value(account: Account) -> None:
    plan = account.plan()
    applied = account.apply(plan)
    undo = build_undo(plan, accepts, applied.receipt.outcomes)
    restored = account.apply(account.plan_for(written(undo.document)))

    assert restored.receipt.is_complete
    for pair, (facts, users) in account.world.live.items():
        held, held_users = account.holds.memories[pair]
        assert all(covers(held[key], value) for key, value in facts.items() if "null" not in canonical(value))
        assert all(held_users[phone] == text for phone, text in users.items() if text is not None)
    for name in account.world.live_contacts:
        profile, held_profile = account.world.profiles[name][1], account.holds.profiles[name]
        assert all(covers(held_profile[key], value) for key, value in profile.items() if value)


SECRET = "a value that only the live account holds"  # noqa: S105  not a password
