"""Large plans as text: what changes alike is shown once and counted, and in full, each of it is shown."""

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.model.desired import Identifier
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, FoundContact, MissingContact, ObservedContact, Present
from reconciler.core.model.text import Secret
from reconciler.core.model.value import Json
from reconciler.core.plan.operations import Plan
from reconciler.render.output import PLAIN
from reconciler.render.plan_text import render_plan_text
from tests.builders import declared_contact, memory, plan_all, user

HINT = "What changes alike is shown once; --full shows each of it."


def text(made: Plan, *, full: bool = False) -> str:
    return render_plan_text(describe_plan(made, Masker(b"key", reveal=False)), PLAIN, full=full)


def gets(count: int, facts: dict[str, Json] | None = None, live: dict[str, Json] | None = None) -> Plan:
    wanted = [memory(facts or {"plan": "gold", "tier": 1}, contact=f"c-{number:05}") for number in range(count)]
    return plan_all([(item, Present("m", live or {})) for item in wanted])


def test_memories_that_change_alike_are_shown_once_and_counted() -> None:
    shown = text(gets(156)).splitlines()
    named = [f"contacts.c-0000{number}.scopes.support" for number in (1, 2, 3)]

    assert shown[:5] == [
        "contacts.c-00000.scopes.support",
        '  + plan: "gold"  specs/a.yaml:3',
        "  + tier: 1       specs/a.yaml:3",
        f"  155 more memories get the same 2 facts: {', '.join(named)} and 152 more",
        "",
    ]
    assert shown[5] == HINT


@pytest.mark.parametrize(
    ("contact", "live", "alike"),
    [
        (FoundContact("c", {"name": "Ana"}), {}, "memories get the same fact"),
        (FoundContact("c", {"name": "Zoe"}), {"a": 1}, "contacts get the same field"),
        (MissingContact(), {"a": 1}, "contacts alike"),
    ],
)
def test_what_is_alike_is_called_what_it_is(contact: ObservedContact, live: dict[str, Json], alike: str) -> None:
    who = Identifier("external_id", "crm-1")
    wanted = [
        replace(memory({"a": 1}), contact=declared_contact(f"c{n}", who, profile={"name": "Ana"})) for n in range(3)
    ]

    assert f"  2 more {alike}: " in text(plan_all([(item, Present("m", live)) for item in wanted], contact=contact))


def test_places_stand_in_one_column_beside_wide_and_combining_characters() -> None:
    wanted = memory({"a": "Zoe", "b": "\u5c71\u7530", "c": "Zoe\u0308"})
    lines = text(plan_all([(wanted, Present("m", {}))])).splitlines()[1:4]
    shift = {"b": -2, "c": 1}

    assert [line.index("specs/") - shift.get(line[4], 0) for line in lines] == [15, 15, 15]


def test_in_full_each_of_them_is_shown() -> None:
    shown = text(gets(156), full=True)

    assert shown.count('+ plan: "gold"') == 156
    assert HINT not in shown


def test_one_memory_is_no_group() -> None:
    assert HINT not in text(gets(1))


def test_other_values_are_shown_until_they_are_many() -> None:
    def made(count: int) -> Plan:
        wanted = [memory({"n": number}, contact=f"c-{number:05}") for number in range(count)]
        return plan_all([(item, Present("m", {})) for item in wanted])

    assert "more memor" not in text(made(200))
    assert "  200 more memories get the same fact, with other values: contacts.c-00001" in text(made(201))


def test_live_values_that_nobody_sees_make_no_difference_and_secrets_do() -> None:
    wanted = [(memory({"a": "now"}, contact=f"c{n}"), Present("m", {"a": f"old {n}"})) for n in range(3)]
    assert "  2 more memories get the same fact: contacts.c1" in text(plan_all(wanted))

    secret = [(memory({"a": Secret(f"hush {n}")}, contact=f"c{n}"), Present("m", {})) for n in range(3)]
    assert "  2 more memories get the same fact, with other values: contacts.c1" in text(plan_all(secret))


def test_memories_with_other_users_are_not_alike_and_many_of_them_are_counted() -> None:
    def made(count: int) -> Plan:
        users = [[user(f"+1415555{number:04}")] for number in range(count)]
        wanted = [memory({"a": 1}, contact=f"c-{number:05}", users=users[number]) for number in range(count)]
        return plan_all([(item, Absent()) for item in wanted])

    assert "more memor" not in text(made(3))
    assert "  99 more memories get the same 3 changes, with other values: contacts.c-00001" in text(made(100))
