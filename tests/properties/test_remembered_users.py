"""Laws of remembered users, over any specs and any account."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.api.client import open_reader
from reconciler.clock import Clock
from reconciler.core.documents.describe import describe_plan
from reconciler.core.plan.operations import Plan
from reconciler.render.json import plain as plain_json
from reconciler.storage.memory_ids import MemoryIds
from reconciler.storage.store import FolderStore
from reconciler.workflow.planning import make_plan
from reconciler.workflow.remembering import UserRecords
from tests.builders import MASKER, NOON
from tests.effort import examples
from tests.properties.test_laws import SETTINGS, Account, accounts
from tests.properties.worlds import PHONES, USERS

Texts = Mapping[str, str | None]
Steps = list[tuple[Texts, bool]]

ELSEWHERE = st.fixed_dictionaries(dict.fromkeys(PHONES, st.sampled_from(["one", "two", "elsewhere"])))
STEPS = st.lists(st.tuples(USERS, st.booleans()), min_size=1, max_size=3)
"""Other texts of the declared users, by phone number, and whether these are applied or only planned."""


class Remembering:
    """An account, and the tool at work on it with a folder for what it remembers; a moment passes at each call."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self._ids = MemoryIds(FolderStore(folder), "test", "sandbox", "hmac:0")
        self._now = NOON

    def plan(self, *, refresh: bool = False) -> Plan:
        desired = self.account.desired()
        users = self._records(refresh=refresh)

        async def work() -> Plan:
            async with open_reader(self.account.served.endpoint()) as reader:
                run = structs.replace(self.account.run, users=users)
                return await make_plan(desired, reader, run)

        return asyncio.run(work())

    def apply(self, *, refresh: bool = False) -> None:
        applied = self.account.apply(self.plan(refresh=refresh))
        known = {**self.account.run.known_ids, **applied.memory_ids}
        self.account.run = structs.replace(self.account.run, known_ids=known)
        users = self._records(refresh=refresh)
        users.note_written(applied.users)
        users.keep()

    def declare(self, texts: Texts) -> None:
        """Declare what is declared, with other texts of some users."""
        memories = {
            pair: (layer, {number: texts.get(number, text) for number, text in users.items()})
            for pair, (layer, users) in self.account.world.memories.items()
        }
        self.account.world = replace(self.account.world, memories=memories)

    def change_elsewhere(self, texts: Mapping[str, str]) -> None:
        """Let somebody else write other texts of users that are there."""
        users = self.account.served.store.users
        for user in users.everything():
            text = texts.get(str(user["phone_number"]))
            if text is not None:
                users.update(str(user["id"]), metadata=text, summary=user["summary"])

    def _records(self, *, refresh: bool) -> UserRecords:
        self._now += timedelta(seconds=1)
        now, longest = self._now, timedelta(0) if refresh else None
        clock = Clock(lambda: now)
        return UserRecords(self._ids, MASKER.digest, lambda _: None, longest=longest, is_applying=True, clock=clock)


@contextmanager
def remembering(account: Account, steps: Steps) -> Iterator[Remembering]:
    """Give an account for which other texts of users were planned and applied before."""
    with tempfile.TemporaryDirectory() as folder:
        made, world = Remembering(account, Path(folder)), account.world
        for texts, applies in steps:
            made.declare(texts)
            if applies:
                made.apply()
            else:
                made.plan()
        account.world = world
        yield made


def told(plan: Plan) -> Any:
    """Give what a plan says, without how many users it did not read."""
    entry = describe_plan(plan, MASKER)
    notices = [notice for notice in entry.notices if notice.type != "remembered"]
    return plain_json([entry.summary, entry.operations, notices])


def has_users(account: Account) -> bool:
    return any(users for _, users in account.world.memories.values())


WITH_USERS = accounts().filter(has_users)
READABLE = accounts(kinds=SETTINGS.map(lambda kind: replace(kind, seeds_only=False))).filter(has_users)


@examples(50)
@given(READABLE, STEPS)
def test_a_plan_that_remembers_is_one_that_reads(account: Account, steps: Steps) -> None:
    with remembering(account, steps) as made:
        made.plan()
        remembered, anew = made.plan(), made.plan(refresh=True)

        assert told(remembered) == told(anew)
        assert remembered.requests_read <= anew.requests_read


@examples(50)
@given(READABLE, STEPS)
def test_after_an_apply_a_plan_that_remembers_is_one_that_reads(account: Account, steps: Steps) -> None:
    with remembering(account, steps) as made:
        made.apply()

        assert told(made.plan()) == told(made.plan(refresh=True))


@examples(50)
@given(WITH_USERS, STEPS, ELSEWHERE)
def test_whatever_changed_elsewhere_an_apply_writes_only_what_is_declared(
    account: Account, steps: Steps, texts: Mapping[str, str]
) -> None:
    with remembering(account, steps) as made:
        made.plan()
        made.change_elsewhere(texts)
        before = account.holds.memories
        made.apply()
        for pair, (_, users) in account.holds.memories.items():
            declared = account.world.memories.get(pair, (None, {}))[1]
            was = before.get(pair, ({}, {}))[1]
            assert all(text in {declared.get(number), was.get(number)} for number, text in users.items())


@examples(50)
@given(READABLE, STEPS, ELSEWHERE)
def test_what_changed_elsewhere_shows_once_all_users_were_read(
    account: Account, steps: Steps, texts: Mapping[str, str]
) -> None:
    with remembering(account, steps) as made:
        made.apply()
        made.change_elsewhere(texts)
        drift = made.plan(refresh=True)

        assert told(made.plan()) == told(drift)
        made.apply()
        assert not made.plan(refresh=True).has_changes
