"""What is told, sent again and kept for undo where nobody knows at once whether a write was done."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.api.client import open_reader, open_writer
from reconciler.concurrency import Stop
from reconciler.core.export.undo import build_undo
from reconciler.core.model.desired import ContactMemory, Identifier, Memory
from reconciler.core.model.settings import Rate
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.planner import build_plan
from reconciler.core.plan.receipt import Outcome
from reconciler.execute import Together, execute
from reconciler.observe import Observing, ReaderChoice, observe
from reconciler.sandbox import faults
from reconciler.sandbox.answers import Answer
from reconciler.sandbox.faults import Fault, Rule
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.api.support import Waits, World
from tests.builders import ORIGIN, desired, fact, memory, user

PHONE = "+14155550192"
FACTS, USER, CONTACT = "*/facts", "*/user/update", "/v1/contacts/id-of-sarah"
FIRST = frozenset({1})
BUSY = faults.Reply(Answer(status=503, body=b"", headers=(("retry-after", "1"),)))
NO_CONTENT = faults.Reply(Answer(status=204, body=b""))
OTHER_MEMORY = faults.Reply(Answer(status=200, body=b'{"data": {"id": "mem-Z"}, "errors": null}'))
FORBIDDEN = faults.envelope_error(403, "FORBIDDEN", "no")
NOT_FOUND = faults.envelope_error(404, "NOT_FOUND", "not found")


@dataclass
class Learning(Waits):
    """Somebody learns in every wait."""

    learn: Callable[[], object] = bool

    async def wait(self, seconds: float, why: str) -> None:
        self.learn()
        await super().wait(seconds, why)


class Account:
    """A sandbox that holds one contact and one memory, and the tool at work on it."""

    def __init__(  # noqa: PLR0913  one parameter for what a test is about
        self,
        *rules: Rule,
        facts: dict[str, Any] | None = None,
        users: Sequence[dict[str, Any]] = (),
        name: str = "Old",
        metadata: dict[str, Any] | None = None,
        settings: Settings | None = None,
        rate: Rate | None = None,
        is_empty: bool = False,
    ) -> None:
        self.store, self.waits = Store(), Learning()
        contact = {"id": "id-of-sarah", "name": name, "metadata": metadata or {}}
        owner = {"id": "mem-A", "contact_id": "id-of-sarah", "persona_id": "persona-support"}
        if not is_empty:
            self.store.load(
                {"contacts": [contact], "contact_memories": [{**owner, "facts": facts or {}, "users": list(users)}]}
            )
        self.world = World(settings or Settings(), rules, self.waits, self.store, rate=rate, concurrency=1)
        self.sent: list[str] = []

    def learns(self, **facts: Any) -> None:
        self.waits.learn = lambda: self.store.learn_facts("mem-A", facts)

    def applied(self, wanted: Memory, reader: ReaderChoice = "contacts") -> tuple[Plan, tuple[Outcome, ...]]:
        endpoint, declared = self.world.endpoint(), desired(wanted)

        async def work() -> tuple[Plan, tuple[Outcome, ...]]:
            async with open_reader(endpoint) as source:
                seen = await observe(
                    source, declared, Observing(reader, {}, 1, lambda _a, _b: None, self.world.told.append)
                )
            plan, before = build_plan(declared, seen, origin=ORIGIN, left_out=0), len(self.world.requests)
            async with open_writer(endpoint) as writer:
                done = await execute(plan, writer, concurrency=1, stop=Stop(), observer=Together())
            self.sent = self.world.requests[before:]
            return plan, done.outcomes

        return asyncio.run(work())

    def last(self, wanted: Memory, reader: ReaderChoice = "contacts") -> Outcome:
        """Return what became of the last operation."""
        return self.applied(wanted, reader)[1][-1]

    def writes(self) -> list[str]:
        return [line for line in self.sent if not line.startswith("GET") and not line.endswith(("/user", "/find"))]

    @property
    def held(self) -> dict[str, Any]:
        dump: Any = self.store.dump()
        (found,) = dump["contact_memories"]
        return dict(found["facts"])

    @property
    def users(self) -> list[tuple[str, str]]:
        return [(str(one["phone_number"]), str(one["metadata"])) for one in self.store.users.of_memory("mem-A")]


def named(wanted: ContactMemory, **profile: Any) -> ContactMemory:
    fields = tuple(fact(key, value) for key, value in sorted(profile.items()))
    return replace(wanted, contact=replace(wanted.contact, profile=fields))


def undone(plan: Plan, outcomes: Sequence[Outcome]) -> Any:
    return build_undo(plan, lambda _kind, _text: True, outcomes)


def lost(path: str, method: str = "*") -> Rule:
    """Let the first of some writes be done, and its answer be lost."""
    return Rule(fault=faults.bad_gateway(), method=method, path=path, when="after", occurrences=FIRST)


def at_first(fault: Fault, path: str, method: str = "*") -> Rule:
    return Rule(fault=fault, method=method, path=path, occurrences=FIRST)


# a write of ours that was done is never told as left out, and undo knows what it replaced


def test_facts_written_with_a_lost_answer_are_unknown_where_something_was_learned_since_and_undo_brings_all_back() -> (
    None
):
    account = Account(lost(FACTS), facts={"a": "old-a", "b": "old-b"})
    account.learns(b="learned")
    plan, outcomes = account.applied(memory({"a": "new-a", "b": "new-b"}))

    assert (outcomes[-1].result, outcomes[-1].changed_since_plan) == ("unknown", False)
    assert 'changed since the plan: "b"' in outcomes[-1].detail
    assert "502" in outcomes[-1].detail
    assert account.held == {"a": "new-a", "b": "learned"}
    assert undone(plan, outcomes).document["contacts"]["sarah"]["scopes"]["support"]["facts"] == {
        "a": "old-a",
        "b": "old-b",
    }


def test_undo_knows_what_every_try_replaced() -> None:
    account = Account(lost(FACTS), facts={"a": "old-a", "b": {"x": 0}})
    account.learns(b={"x": 0})
    plan, outcomes = account.applied(memory({"a": "new-a", "b": {"x": 1}}))

    assert outcomes[-1].result == "done"
    assert len(account.writes()) == 2
    facts = undone(plan, outcomes).document["contacts"]["sarah"]["scopes"]["support"]["facts"]
    assert facts == {"a": "old-a", "b": {"x": 0}}


TRIMMED = Settings(texts="trimmed")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (FACTS, memory({"plan": " m "})),
        ("*/add-user", memory({}, users=[user(PHONE, metadata=" m ")])),
        ("/v1/contacts/*", named(memory({}), name=" N ")),
    ],
    ids=["facts", "user", "contact"],
)
def test_on_an_account_that_trims_our_own_write_with_a_lost_answer_is_unknown(path: str, wanted: Memory) -> None:
    outcome = Account(lost(path), facts={"plan": "old"}, settings=TRIMMED).last(wanted)

    assert outcome.result == "unknown"


def test_a_contact_created_with_a_lost_answer_is_unknown_where_it_was_renamed_since_and_stays_in_undo() -> None:
    account = Account(lost("/v1/contacts/resolve"), is_empty=True)

    def rename() -> None:
        for one in account.store.contacts.everything():
            account.store.contacts.update(str(one["id"]), name="Learned", metadata={})

    account.waits.learn = rename
    wanted = named(memory({}, identity=Identifier("external_id", "crm-1")), name="New")
    plan, outcomes = account.applied(wanted)

    assert outcomes[0].result == "unknown"
    assert [one["name"] for one in account.store.contacts.everything()] == ["Learned"]
    assert "contacts.sarah" in undone(plan, outcomes).stays


@pytest.mark.parametrize("path", ["/v1/contacts/resolve", "/v1/memory/contact"])
def test_what_was_created_with_a_lost_answer_is_done_and_stays_in_undo(path: str) -> None:
    account = Account(lost(path), is_empty=True)
    wanted = named(memory({"plan": "x"}, identity=Identifier("external_id", "crm-1")), name="New")
    plan, outcomes = account.applied(wanted)

    assert {item.result for item in outcomes} == {"done"}
    assert {"contacts.sarah", "contacts.sarah.scopes.support"} <= set(undone(plan, outcomes).stays)


# a doubt is no failure, whatever comes after it


@pytest.mark.parametrize(
    "then",
    [
        (Rule(fault=FORBIDDEN, method="GET", path="/v1/memory/contact/*"),),
        (Rule(fault=faults.null_data(), method="GET", path="/v1/memory/contact/*"),),
        (Rule(fault=OTHER_MEMORY, method="GET", path="/v1/memory/contact/*"),),
    ],
    ids=["the look is refused", "the look shows nothing", "the look shows another memory"],
)
def test_facts_written_with_a_lost_answer_are_unknown_where_nobody_can_look(then: tuple[Rule, ...]) -> None:
    account = Account(lost(FACTS), *then, facts={"plan": "old"})
    outcome = account.last(memory({"plan": "gold"}))

    assert outcome.result == "unknown"
    assert "502" in outcome.detail
    assert account.held == {"plan": "gold"}


def test_a_user_updated_with_a_lost_answer_is_unknown_where_nobody_can_look() -> None:
    looks = Rule(fault=FORBIDDEN, method="GET", path="/v1/memory/mem-A", occurrences=frozenset({2, 3}))
    asks = Rule(fault=FORBIDDEN, method="POST", path="/v1/memory/mem-A/user")
    account = Account(lost(USER), looks, asks, users=[{"phone_number": PHONE, "metadata": "old"}])

    assert account.last(memory({}, users=[user(PHONE, metadata="new")])).result == "unknown"
    assert account.users == [(PHONE, "new")]


@pytest.mark.parametrize("spoilt", [faults.null_data(), NO_CONTENT], ids=["null", "204"])
def test_a_user_whose_addition_is_not_told_is_there_where_the_number_is_refused_then(spoilt: Fault) -> None:
    account = Account(
        Rule(fault=spoilt, path="*/add-user", when="after", occurrences=FIRST), settings=Settings(seeds_only=True)
    )
    outcome = account.last(memory({}, users=[user(PHONE, metadata="m")]), "context")

    assert outcome.result == "already"
    assert "sent again" in outcome.detail


@pytest.mark.parametrize("spoilt", [faults.null_data(), NO_CONTENT], ids=["null", "204"])
def test_a_user_whose_addition_nobody_ever_tells_of_is_unknown(spoilt: Fault) -> None:
    account = Account(Rule(fault=spoilt, path="*/add-user"), settings=Settings(seeds_only=True))

    assert account.last(memory({}, users=[user(PHONE, metadata="m")]), "context").result == "unknown"


def test_a_contact_that_nobody_sees_after_an_answer_without_a_body_is_unknown() -> None:
    account = Account(
        Rule(fault=NO_CONTENT, method="PATCH", path=CONTACT), Rule(fault=faults.null_data(), method="GET", path=CONTACT)
    )
    outcome = account.last(named(memory({}), name="New"))

    assert (outcome.result, outcome.detail) == (
        "unknown",
        "written, but what the contact holds now could not be read",
    )


def test_what_the_account_keeps_otherwise_is_a_failure_though_the_first_answer_was_lost() -> None:
    account = Account(at_first(faults.bad_gateway(), FACTS, "PATCH"), facts={"plan": "old"}, settings=TRIMMED)
    outcome = account.last(memory({"plan": " m "}))

    assert outcome.result == "failed"
    assert outcome.detail.startswith('the API did not keep "plan" as sent')


# success that did nothing is told as that, after one repeat


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (FACTS, memory({"plan": "gold"})),
        (CONTACT, named(memory({"plan": "old"}), name="New")),
        (USER, memory({"plan": "old"}, users=[user(PHONE, metadata="new")])),
        ("*/add-user", memory({"plan": "old"}, users=[user("+14155550193", metadata="new")])),
    ],
    ids=["facts", "contact", "user", "new user"],
)
@pytest.mark.parametrize("spoilt", [faults.null_data(), NO_CONTENT], ids=["null", "204"])
def test_a_write_that_is_answered_with_success_and_does_nothing_is_sent_twice_and_failed(
    path: str, wanted: Memory, spoilt: Fault
) -> None:
    method = "PATCH" if path in {FACTS, CONTACT} else "POST"
    account = Account(
        Rule(fault=spoilt, method=method, path=path),
        facts={"plan": "old"},
        users=[{"phone_number": PHONE, "metadata": "old"}],
    )
    outcome = account.last(wanted)

    assert (outcome.result, len(account.writes())) == ("failed", 2)
    assert "did nothing" in outcome.detail


@pytest.mark.parametrize("path", [FACTS, CONTACT, USER])
def test_a_write_that_did_nothing_the_first_time_is_done_the_second(path: str) -> None:
    account = Account(
        at_first(NO_CONTENT, path), facts={"plan": "old"}, users=[{"phone_number": PHONE, "metadata": "old"}]
    )
    wanted = named(memory({"plan": "gold"}, users=[user(PHONE, metadata="new")]), name="New")

    assert {item.result for item in account.applied(wanted)[1]} == {"done"}
    assert account.held == {"plan": "gold"}
    assert account.users == [(PHONE, "new")]


# what nobody sees is not overwritten


@pytest.mark.parametrize("unseen", [NOT_FOUND, faults.null_data()], ids=["404", "null"])
def test_facts_that_cannot_be_looked_at_again_after_a_wait_are_not_sent(unseen: Fault) -> None:
    for facts, learned in (({"plan": {"tier": "old", "z": 0}}, {"tier": "learned", "z": 1}), ({"plan": "old"}, "new")):
        account = Account(
            at_first(faults.too_many_requests(retry_after="3"), FACTS, "PATCH"),
            Rule(fault=unseen, method="GET", path="/v1/memory/contact/*"),
            facts=facts,
        )
        account.learns(plan=learned)
        outcome = account.last(memory({"plan": {"tier": "gold"}}))

        assert outcome.result == "failed"
        assert outcome.detail == "the memory could not be read again, so nothing more was sent"
        assert account.held == {"plan": learned} if account.waits.seconds else facts


@pytest.mark.parametrize("unseen", [NOT_FOUND, faults.null_data()], ids=["404", "null"])
def test_a_contact_that_cannot_be_looked_at_again_after_a_wait_is_not_sent(unseen: Fault) -> None:
    account = Account(
        at_first(faults.too_many_requests(retry_after="3"), "/v1/contacts/*", "PATCH"),
        Rule(fault=unseen, method="GET", path=CONTACT),
    )
    outcome = account.last(named(memory({}), name="New"))

    assert (outcome.result, account.writes()) == ("failed", [f"PATCH {CONTACT}"])
    assert outcome.detail == "the contact could not be read again, so nothing more was sent"


def test_a_user_who_is_gone_after_a_wait_is_not_updated() -> None:
    account = Account(
        at_first(faults.too_many_requests(retry_after="3"), USER),
        users=[{"phone_number": PHONE, "metadata": "old"}],
    )

    def learn() -> None:
        for one in account.store.users.of_memory("mem-A"):
            account.store.users.update(str(one["id"]), metadata="x", summary=None)

    account.waits.learn = learn
    gone = Rule(fault=_no_users(), method="GET", path="/v1/memory/mem-A", occurrences=frozenset({2}))
    account.world = World(Settings(), (*account.world.rules, gone), account.waits, account.store, concurrency=1)
    outcome = account.last(memory({}, users=[user(PHONE, metadata="new")]))

    assert outcome.detail == "the user could not be read again, so nothing more was sent"
    assert account.users == [(PHONE, "x")]


def _no_users() -> Fault:
    body = b'{"data": {"memory_id": "mem-A", "users": []}, "errors": null}'
    return faults.Reply(Answer(status=200, body=body))


@pytest.mark.parametrize(("former", "learned"), [(1, True), ([1, 0], [True, False]), ({"a": 0}, {"a": False})])
def test_a_number_that_became_a_truth_value_has_changed(former: Any, learned: Any) -> None:
    account = Account(at_first(faults.too_many_requests(retry_after="3"), FACTS, "PATCH"), facts={"vip": former})
    account.learns(vip=learned)
    outcome = account.last(memory({"vip": "no"}))

    assert (outcome.result, outcome.changed_since_plan) == ("skipped", True)
    assert account.held["vip"] is learned or repr(account.held["vip"]) == repr(learned)


def test_what_get_or_create_showed_is_looked_at_again_where_the_window_parts_it_from_the_write() -> None:
    account = Account(rate=Rate(1, 60), settings=Settings(rate_limit=(1, 60)), is_empty=True)

    def learn() -> None:
        for one in account.store.memories.everything():
            account.store.learn_facts(str(one["id"]), {"plan": "learned"})

    account.waits.learn = learn
    outcome = account.last(memory({"plan": "gold"}), "context")

    assert outcome.changed_since_plan
    assert account.held == {"plan": "learned"}


# what is sent is spelled and bounded as the account needs it


@pytest.mark.parametrize("rules", [(), (lost("*/add-user"),)], ids=["refused", "the answer is lost"])
def test_a_user_who_was_there_under_another_form_is_updated_in_that(rules: tuple[Rule, ...]) -> None:
    account = Account(*rules, users=[{"phone_number": PHONE[1:], "metadata": "old"}], settings=Settings(numbers="bare"))
    outcome = account.last(memory({}, users=[user(PHONE, metadata="new")]), "context")
    (update,) = [entry.body for entry in account.world.app.state.log if entry.path.endswith("/user/update")]

    assert outcome.result == "done"
    assert update["phone_number"] == PHONE[1:]


def test_a_user_who_had_to_wait_is_updated_in_the_form_that_is_shown_by_then() -> None:
    account = Account(
        at_first(faults.too_many_requests(retry_after="3"), USER),
        users=[{"phone_number": PHONE[1:], "metadata": "old"}],
        settings=Settings(numbers="bare"),
    )
    outcome = account.last(memory({}, users=[user(PHONE, metadata="new")]))
    bodies = [entry.body for entry in account.world.app.state.log if entry.path.endswith("/user/update")]

    assert outcome.result == "done"
    assert {body["phone_number"] for body in bodies} == {PHONE[1:]}


# a fault with Retry-After is a fault


@pytest.mark.parametrize("header", ["0", "Wed, 21 Oct 2015 07:28:00 GMT", "3600"])
def test_a_lasting_fault_that_says_when_to_ask_again_costs_six_tries(header: str) -> None:
    body = b'{"data":null,"errors":[{"error":"INTERNAL_ERROR","message":"x"}]}'
    reply = faults.Reply(Answer(status=500, body=body, headers=(("retry-after", header),)))
    account = Account(Rule(fault=reply, method="PATCH"), facts={"plan": "old"})
    outcome = account.last(memory({"plan": "gold"}))

    assert (outcome.result, len(account.writes())) == ("unknown", 6)
    assert "500" in outcome.detail


def test_a_server_that_stays_busy_for_one_call_alone_is_named() -> None:
    account = Account(Rule(fault=BUSY, method="PATCH"), facts={"plan": "old"})
    outcome = account.last(memory({"plan": "gold"}))

    assert outcome.result == "unknown"
    assert "(503)" in outcome.detail
