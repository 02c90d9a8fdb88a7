"""An agent that learns something in every wait loses nothing that the plan did not show as replaced."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from reconciler.api.client import open_reader, open_writer
from reconciler.clock import Clock
from reconciler.concurrency import Stop
from reconciler.core.model.desired import Contact, ContactId, ContactMemory, Desired, Persona
from reconciler.core.model.settings import Rate
from reconciler.core.plan.diff import FactWrite, Updated
from reconciler.core.plan.operations import AddUser, Plan, UpdateContact, UpdateUser, WriteFacts
from reconciler.core.plan.receipt import Receipt
from reconciler.execute import Together
from reconciler.observe import ReaderChoice
from reconciler.sandbox import faults
from reconciler.sandbox.faults import Rule
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.workflow.applying import apply_plan
from reconciler.workflow.planning import make_plan
from reconciler.workflow.run import Run
from tests.api.support import Waits
from tests.api.support import World as Served
from tests.builders import HERE, MASKER, NOON, fact, user
from tests.effort import examples
from tests.properties.test_faults import KINDS, SHARE

NAMES = ("ann", "bob", "cy", "dee", "eve")
PHONE = "+14155550192"


@dataclass
class Agent(Waits):
    """Learns something of everybody whenever anybody waits, and knows what it learned last of what."""

    store: Store = field(default_factory=Store)
    random: Random = field(default_factory=Random)
    learned: dict[tuple[str, ...], str] = field(default_factory=dict)
    count: int = 0

    async def wait(self, seconds: float, why: str) -> None:
        self.learn()
        await super().wait(seconds, why)
        self.learn()

    def learn(self) -> None:
        for memory in self.store.memories.everything():
            if self.random.random() < 1 / 2:
                self._learn_fact(memory)
            for one in self.store.users.of_memory(str(memory["id"])):
                text = self._new("user", str(memory["id"]), str(one["phone_number"]))
                self.store.users.update(str(one["id"]), metadata=text, summary=one["summary"])
        for contact in self.store.contacts.everything():
            metadata: Any = contact["metadata"] or {}
            text = self._new("contact", str(contact["id"]), "metadata", "at", "street")
            at = {**metadata.get("at", {}), "street": text}
            self.store.contacts.update(str(contact["id"]), name=contact["name"], metadata={**metadata, "at": at})

    def _learn_fact(self, memory: Mapping[str, Any]) -> None:
        path = self.random.choice([("plan",), ("tz",), ("own",), ("m", "learned"), ("m", "a")])
        text = self._new("memory", str(memory["id"]), *path)
        facts = memory["facts"]
        value: Any = {**(facts.get("m") or {}), path[1]: text} if len(path) > 1 else text
        self.store.learn_facts(str(memory["id"]), {path[0]: value})

    def _new(self, *where: str) -> str:
        self.count += 1
        self.learned[where] = text = f"learned-{self.count}"
        return text

    def lost(self) -> Iterator[str]:
        """Return what was learned last and is no longer held."""
        dump: Any = self.store.dump()
        held = {("memory", item["id"]): item["facts"] for item in dump["contact_memories"]}
        held |= {("contact", item["id"]): item for item in dump["contacts"]}
        held |= {
            ("user", item["id"]): {one["phone_number"]: one["metadata"] for one in item["users"]}
            for item in dump["contact_memories"]
        }
        for (kind, record, *path), text in self.learned.items():
            value = held[kind, record]
            for step in path:
                value = value[step]
            if value != text:
                yield text


def declared() -> Desired:
    contacts, memories = [], []
    for name in NAMES:
        profile = (fact("metadata", {"at": {"city": "Lima"}}), fact("name", "A. Person"))
        contact = Contact(name, ContactId(f"id-{name}"), profile, HERE)
        facts = (fact("m", {"a": 1}), fact("plan", "premium"), fact("tz", "UTC", "seed"))
        users = (user(PHONE, metadata="declared"),)
        contacts.append(contact)
        memories.append(ContactMemory(contact, "s", Persona("p"), facts, frozenset(), users, HERE))
    return Desired(("s",), tuple(contacts), tuple(memories), ())


def account(random: Random) -> dict[str, Any]:
    """Return a world in which some memories are there, some with users; all of it differs from what is declared."""
    contacts = [{"id": f"id-{name}", "name": "Old", "metadata": {"at": {"city": "Quito"}}} for name in NAMES]
    memories = [
        {
            "id": f"mem-{name}",
            "contact_id": f"id-{name}",
            "persona_id": "p",
            "facts": {"plan": "basic", "m": {"z": 0}},
            "users": [{"phone_number": PHONE, "metadata": "old"}] if random.random() < 1 / 2 else [],
        }
        for name in NAMES
        if random.random() < 3 / 4
    ]
    return {"contacts": contacts, "contact_memories": memories}


def shown(plan: Plan) -> set[Any]:
    """Return the texts that the plan shows as replaced."""
    writes: list[FactWrite] = []
    for operation in plan.operations:
        match operation:
            case WriteFacts(facts=some) | UpdateContact(profile=some) | UpdateUser(changes=some):
                writes.extend(some)
            case _:
                pass
    changes = [change for write in writes for change in write.changes]
    return {str(change.before) for change in changes if isinstance(change, Updated)}


def reconciled(served: Served, agent: Agent, reader: ReaderChoice) -> tuple[Plan, Receipt]:
    """Plan and apply in one run, as the command does."""
    endpoint = served.endpoint()
    run = Run(
        "test",
        "sandbox",
        reader,
        {},
        served.concurrency,
        MASKER,
        lambda _a, _b: None,
        lambda _line: None,
        Clock(lambda: NOON),
    )

    async def work() -> tuple[Plan, Receipt]:
        async with open_reader(endpoint) as source:
            plan = await make_plan(declared(), source, run)
        agent.learned = {where: text for where, text in agent.learned.items() if text not in shown(plan)}
        async with open_writer(endpoint) as writer:
            applied = await apply_plan(plan, writer, run, stop=Stop(), observer=Together())
        return plan, applied.receipt

    return asyncio.run(work())


def world(
    seed: int, *, rules: tuple[Rule, ...] = (), told: Rate | None = None, settings: Settings | None = None
) -> tuple[Served, Agent]:
    random, store = Random(seed), Store()  # noqa: S311  repeatable is the point
    store.load(account(random))
    agent = Agent(store=store, random=random)
    served = Served(settings or Settings(), rules, agent, store, rate=told, concurrency=3, seed=seed)
    return served, agent


def lost(served: Served, agent: Agent, reader: ReaderChoice) -> list[str]:
    """Return what is lost of all that was learned, but for users of whom the plan says that nobody could look."""
    plan, _ = reconciled(served, agent, reader)
    unseen = {item.memory.contact.name for item in plan.operations if isinstance(item, AddUser) and not item.certain}  # type: ignore[union-attr]
    owners = {str(one["id"]): str(one["contact_id"]).removeprefix("id-") for one in agent.store.memories.everything()}
    kept = {
        text for (kind, record, *_), text in agent.learned.items() if kind != "user" or owners[record] not in unseen
    }
    return [text for text in agent.lost() if text in kept and text not in shown(plan)]


READERS = st.sampled_from(["contacts", "contact", "context"])


@examples(30, phases=[Phase.generate])
@given(st.integers(0, 2**16), READERS)
def test_after_faults_of_any_kind_nothing_learned_is_overwritten(seed: int, reader: ReaderChoice) -> None:
    rules = tuple(Rule(fault=fault, rate=SHARE / len(KINDS), when=when) for _, fault, when in KINDS)

    assert lost(*world(seed, rules=rules), reader) == []


@pytest.mark.parametrize("told", [True, False])
@examples(20, phases=[Phase.generate])
@given(st.integers(0, 2**16), READERS, st.integers(2, 9))
def test_after_the_wait_of_a_limit_nothing_learned_is_overwritten(
    told: bool,  # noqa: FBT001
    seed: int,
    reader: ReaderChoice,
    requests: int,
) -> None:
    rate = Rate(requests, 60)
    settings = Settings(rate_limit=(rate.requests, rate.seconds))

    assert lost(*world(seed, told=rate if told else None, settings=settings), reader) == []


@examples(20, phases=[Phase.generate])
@given(st.integers(0, 2**16), READERS)
def test_after_a_429_on_a_write_nothing_learned_is_overwritten(seed: int, reader: ReaderChoice) -> None:
    rules = tuple(
        Rule(fault=faults.too_many_requests(retry_after="3"), method=method, path=path, rate=0.5)
        for method, path in (("PATCH", "*"), ("POST", "*/user/update"))
    )

    assert lost(*world(seed, rules=rules), reader) == []
