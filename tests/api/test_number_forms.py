"""Accounts that show phone numbers in another form than the one in which they were sent."""

import asyncio
from typing import Any, get_args

import pytest
from msgspec.structs import replace
from pydantic import TypeAdapter

from reconciler.api.client import open_reader, open_writer
from reconciler.clock import Clock
from reconciler.concurrency import Stop
from reconciler.core.model.desired import AgentNumber, Desired, Identifier, number_key
from reconciler.core.plan.measures import summary_of
from reconciler.core.plan.operations import Notice, Plan
from reconciler.core.plan.receipt import Outcome
from reconciler.core.snapshot import Snapshot, mask_holdings, unmask_snapshot
from reconciler.execute import Together, execute
from reconciler.observe import ReaderChoice
from reconciler.observe.snapshot import SnapshotReader
from reconciler.render.json import render_json
from reconciler.sandbox.settings import Numbers, Settings
from reconciler.sandbox.store import Store
from reconciler.workflow.planning import make_plan
from reconciler.workflow.run import Run
from reconciler.workflow.snapshots import take_snapshot
from tests.api.support import World
from tests.builders import HERE, MASKER, NOON, desired, existing, memory, user

NUMBER = "+14155550192"
READERS: tuple[ReaderChoice, ...] = ("auto", "contacts", "contact")


@pytest.mark.parametrize(
    "form",
    ["14155550192", "+1 415 555 0192", "+1 (415) 555-0192", "0014155550192", "1.415.555.0192", "+1 415\u2011555/0192"],
)
def test_a_number_is_the_same_in_every_form(form: str) -> None:
    assert number_key(form) == number_key(NUMBER)


@pytest.mark.parametrize("other", ["+14155550193", "4155550192", "+114155550192", "", "crm-14155550192", "hmac:0192"])
def test_a_number_with_other_digits_and_what_is_no_number_are_not(other: str) -> None:
    assert number_key(other) != number_key(NUMBER)


def declared() -> Desired:
    """Declare a contact by number, a memory of an agent number, and a user of it."""
    wanted = memory(
        {"plan": "premium"}, users=[user(NUMBER, metadata="new")], identity=Identifier("phone_number", NUMBER)
    )
    return desired(replace(wanted, scope_key=AgentNumber("+14155550100")))


class Account:
    """The tool at work on an account that keeps numbers in one form."""

    def __init__(self, numbers: Numbers, reader: ReaderChoice = "auto", live: dict[str, Any] | None = None) -> None:
        store = Store()
        store.load(live or {})
        self.world = World(Settings(numbers=numbers), store=store)
        self.run = Run(
            environment="test",
            api="sandbox",
            reader=reader,
            known_ids={},
            concurrency=3,
            masker=MASKER,
            on_progress=lambda _done, _of: None,
            on_notice=self.world.told.append,
            clock=Clock(lambda: NOON),
        )

    def plan(self, wanted: Desired) -> Plan:
        async def work() -> Plan:
            async with open_reader(self.world.endpoint()) as reader:
                return await make_plan(wanted, reader, self.run)

        return asyncio.run(work())

    def plan_offline(self, wanted: Desired) -> Plan:
        async def work() -> Plan:
            async with open_reader(self.world.endpoint()) as reader:
                holdings, taken = await take_snapshot(wanted, reader, self.run, all_users=False)
            text = render_json(mask_holdings(holdings, taken, MASKER))
            assert "4155550" not in text
            snapshot = TypeAdapter(Snapshot).validate_json(text)
            return await make_plan(wanted, SnapshotReader(unmask_snapshot(snapshot, [wanted], MASKER)), self.run)

        return asyncio.run(work())

    def apply(self, wanted: Desired) -> list[Outcome]:
        plan = self.plan(wanted)

        async def work() -> tuple[Outcome, ...]:
            async with open_writer(self.world.endpoint()) as writer:
                execution = await execute(plan, writer, concurrency=2, stop=Stop(), observer=Together())
                return execution.outcomes

        return list(asyncio.run(work()))


@pytest.mark.parametrize("numbers", get_args(Numbers))
@pytest.mark.parametrize("reader", READERS)
def test_after_the_first_apply_the_plan_is_empty(numbers: Numbers, reader: ReaderChoice) -> None:
    account = Account(numbers, reader)

    assert {outcome.result for outcome in account.apply(declared())} == {"done"}
    assert account.plan(declared()).work == ()
    assert account.plan_offline(declared()).work == ()


@pytest.mark.parametrize("numbers", get_args(Numbers))
def test_with_the_seed_calls_alone_a_memory_of_an_agent_number_is_there_after_the_first_apply(numbers: Numbers) -> None:
    account = Account(numbers, "context")
    account.world = World(Settings(numbers=numbers, seeds_only=True), store=account.world.store)
    wanted = desired(replace(memory({"plan": "premium"}), scope_key=AgentNumber("+14155550100")))

    assert {outcome.result for outcome in account.apply(wanted)} == {"done"}
    assert account.plan(wanted).work == ()


LIVE_USER = {"phone_number": "14155550192", "metadata": "old"}


def live(*users: dict[str, str]) -> dict[str, Any]:
    return {"stores": [{"id": "store-1", "name": "n", "users": list(users)}]}


def test_a_user_is_updated_in_the_form_that_the_account_shows() -> None:
    account = Account("exact", live=live(LIVE_USER))
    wanted = desired(existing(user(NUMBER, metadata="new")))

    (outcome,) = account.apply(wanted)

    assert outcome.result == "done"
    assert outcome.operation.address == f'memories.vip-line.users["{NUMBER}"]'
    (update,) = [entry.body for entry in account.world.app.state.log if entry.path.endswith("/user/update")]
    assert update == {"phone_number": "14155550192", "metadata": "new"}
    assert account.plan(wanted).work == ()


def test_a_user_whose_texts_cannot_be_compared_is_asked_for_in_the_form_that_the_account_shows() -> None:
    account = Account("exact", live=live({**LIVE_USER, "metadata": '{"a": 1}'}))
    account.world = World(Settings(user_metadata="object"), store=account.world.store)

    assert account.plan(desired(existing(user(NUMBER, metadata='{"a": 1}')))).work == ()
    (asked,) = [entry.body for entry in account.world.app.state.log if entry.path.endswith("/user")]
    assert asked == {"phone_number": "14155550192"}


def test_of_several_live_numbers_that_are_alike_none_is_taken_and_it_is_said() -> None:
    account = Account("exact", live=live(LIVE_USER, {**LIVE_USER, "phone_number": "+1 415 555 0192"}))

    plan = account.plan(desired(existing(user(NUMBER, metadata="new"), user("+14155550193", metadata="b"))))

    assert [operation.address for operation in plan.operations] == ['memories.vip-line.users["+14155550193"]']
    assert plan.notices == (Notice("ambiguous_user", f'memories.vip-line.users["{NUMBER}"]', 2, HERE),)
    assert account.plan_offline(desired(existing(user(NUMBER)))).notices == plan.notices


def test_a_live_number_as_it_is_declared_comes_before_others_that_are_alike() -> None:
    account = Account("exact", live=live(LIVE_USER, {"phone_number": NUMBER, "metadata": "new"}))

    assert account.plan(desired(existing(user(NUMBER, metadata="new")))).work == ()


@pytest.mark.parametrize("reader", READERS)
def test_a_contact_is_found_by_its_bare_digits_where_calls_compare_the_form_that_is_shown(reader: ReaderChoice) -> None:
    identifiers = [{"identifier_type": "phone_number", "identifier_value": "14155550192"}]
    account = Account("exact", reader, live={"contacts": [{"id": "c-1", "identifiers": identifiers}]})

    plan = account.plan(declared())

    assert [operation.type for work in plan.work for operation in work.operations] == [
        "create_memory",
        "write_facts",
        "add_user",
    ]


def test_of_several_contacts_with_the_number_in_other_forms_none_is_taken_and_it_is_said() -> None:
    forms = ("14155550192", "+1 415 555 0192")
    contacts = [
        {"id": f"c-{n}", "identifiers": [{"identifier_type": "phone_number", "identifier_value": form}]}
        for n, form in enumerate(forms)
    ]
    account = Account("exact", "contacts", live={"contacts": contacts})

    plan = account.plan(declared())

    assert plan.work == ()
    assert plan.notices == (Notice("ambiguous_contact", "contacts.sarah", 2, HERE),)
    assert summary_of(plan).memories_unchanged == 0
    assert account.plan_offline(declared()).notices == plan.notices
