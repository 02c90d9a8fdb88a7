"""Rules are judged over each contact, memory and change, by the values that are known; nothing else comes of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import DigestOnly, DigestsIn
from reconciler.core.model.observed import NO_USERS, Absent, MissingContact, Present
from reconciler.core.model.rules import Rule, RuleKind, RuleLevel, RuleVerdict
from reconciler.core.model.text import Secret, UnreadSecret
from reconciler.core.plan.diff import Updated
from reconciler.core.plan.measures import measures_of
from reconciler.core.plan.operations import MemoryWork, Plan, WriteFacts
from reconciler.core.rules import judging
from reconciler.core.rules.judging import judge_changes, judge_declared, with_verdicts
from reconciler.core.rules.reading import NOT_TEXT
from reconciler.errors import SpecError
from reconciler.render.notices import notice_groups
from tests.builders import HERE, MASKER, desired, existing, memory, plan, plan_all, user


def rule(require: str, kind: RuleKind = "memory", *, where: str = "", level: RuleLevel = "refuse") -> Rule:
    return Rule("r", kind, where, require, "because", level, HERE)


def broken(found: Sequence[RuleVerdict]) -> list[str]:
    """Return the addresses that break the one rule."""
    return [place.address for place in found[0].broken] if found else []


def declared(wanted: Desired, one: Rule, **more: Any) -> list[str]:
    return broken(judge_declared([one], wanted, "production", **more))


def changed(made: Plan, one: Rule) -> list[str]:
    return broken(judge_changes([one], made, {}, measures_of(made)))


def live(facts: Mapping[str, Any]) -> Present:
    return Present("m-1", facts)


def test_where_says_what_a_rule_is_about_and_require_what_must_hold() -> None:
    wanted = desired(memory({"plan": "trial"}), memory({}, contact="ben"), memory({}, contact="eve", scope="sales"))

    assert declared(wanted, rule('"plan" in facts')) == ["contacts.ben.scopes.support", "contacts.eve.scopes.sales"]
    assert declared(wanted, rule('"plan" in facts', where='scope == "support"')) == ["contacts.ben.scopes.support"]
    assert declared(wanted, rule('environment == "production" && contact != ""')) == []


def test_a_contact_has_its_identity_profile_labels_and_all_its_scopes() -> None:
    wanted = desired(memory({"plan": "trial"}, seeds={"tz": "x"}, users=[user(metadata="25")]))
    contact = replace(wanted.contacts[0], labels={"tier": "gold"})
    wanted = replace(wanted, contacts=(contact,))

    kept = (
        'contact_id == "id-of-sarah" && phone_number == "" && name == "" && size(metadata) == 0'
        ' && labels.tier == "gold" && scopes.support.facts.plan == "trial" && scopes["support"].seed_facts.tz == "x"'
    )
    assert declared(wanted, rule(kept, "contact")) == []
    assert declared(wanted, rule('labels.tier != "gold"', "contact")) == ["contacts.sarah"]
    assert declared(wanted, rule('users.all(u, u.metadata == "25" && u.summary == "")')) == []


def test_what_is_chosen_is_judged_whole_and_nothing_else() -> None:
    wanted = desired(memory({"plan": "a", "tz": "b"}), memory({}, contact="ben"))
    part = desired(memory({"plan": "a"}))

    assert declared(wanted, rule('"tz" in facts'), chosen=part) == []
    assert declared(wanted, rule('"tz" in facts')) == ["contacts.ben.scopes.support"]


def test_a_memory_that_is_declared_by_its_id_is_judged_by_its_changes_alone() -> None:
    assert declared(desired(existing(user())), rule("false")) == []
    made = plan(existing(user(metadata="x")), Present("store-1", {}, NO_USERS))
    assert changed(made, rule('contact != ""', "change"))[0].startswith("memories.vip-line.users")


@pytest.mark.parametrize(
    ("where", "judged"),
    [
        ('facts.tier == "gold"', ["gold"]),
        ('!(facts.tier == "gold")', ["basic"]),
        ('has(facts.tier) && facts.tier == "gold"', ["gold"]),
        ('!has(facts.tier) || facts.tier == "gold"', ["gold", "none"]),
    ],
)
def test_a_rule_is_not_about_what_lacks_a_key_that_its_where_reads(where: str, judged: list[str]) -> None:
    facts: dict[str, Mapping[str, Any]] = {"gold": {"tier": "gold"}, "basic": {"tier": "basic"}, "none": {}}
    wanted = desired(*(memory(held, contact=name) for name, held in facts.items()))

    assert declared(wanted, rule("false", where=where)) == [f"contacts.{name}.scopes.support" for name in judged]


def test_a_where_that_reads_another_type_breaks_the_rule() -> None:
    assert declared(desired(memory({"tier": 3})), rule("true", where='facts.tier.startsWith("g")')) != []


@pytest.mark.parametrize("sign", ["||", "&&"])
def test_a_long_chain_is_not_nested(sign: str) -> None:
    chain = sign.join(f'facts.plan {"==" if sign == "||" else "!="} "p{number}"' for number in range(80))
    wanted = desired(memory({"plan": "p79"}, contact="a"), memory({"plan": "other"}, contact="b"))

    assert declared(wanted, rule(chain)) == [f"contacts.{'b' if sign == '||' else 'a'}.scopes.support"]


def test_an_expression_that_has_no_value_is_a_broken_rule_and_says_why() -> None:
    wanted = desired(memory({"plan": 3}))

    def why(require: str) -> str:
        return judge_declared([rule(require)], wanted, "x")[0].broken[0].detail

    assert why('facts.plann == "a"') == "a key that it reads is missing"
    assert why('facts.plan.startsWith("a")') == "a value is of another type than it expects"
    assert why("facts.plan") == "a value is of another type than it expects"
    assert why("1 / (facts.plan - 3) > 0") == "a number becomes too large, or is divided by zero"
    assert why("users[3].metadata == contact") == "a list that it reads is too short"


@pytest.mark.parametrize(
    "holds",
    [
        'size(facts.name) == 3 && facts.name.size() == 3 && size(facts.name + "é") == 4',
        "size(facts) == 4 && size(facts.tags) == 2 && facts.tags.all(size, size(size) == 1)",
        r'facts.name.matches("^Zo.$") && facts.name.matches("o") && !facts.name.matches(r"\d")',
        r'!facts.digits.matches(r"\d") && facts.digits.matches(r"^\pN+$")',
        "facts.whole + 1 == 4 && facts.whole % 2 == 1 && string(facts.whole) == '3'",
    ],
)
def test_texts_are_characters_patterns_those_of_the_catalogue_and_whole_numbers_ints(holds: str) -> None:
    facts: dict[str, Any] = {"name": "Zoë", "digits": "٣", "whole": 3.0, "tags": ["é", "😀"]}

    assert declared(desired(memory(facts)), rule(holds)) == []


def test_a_pattern_is_for_texts_alone(caplog: pytest.LogCaptureFixture) -> None:
    asks = rule('facts.plan.matches("3") == true || facts.plan.matches("3") == false')

    (found,) = judge_declared([asks], desired(memory({"plan": 3})), "x")
    assert found.broken[0].detail == "a value is of another type than it expects"
    assert caplog.messages == []


def test_a_text_that_is_no_unicode_breaks_the_rules_that_read_it_and_no_others() -> None:
    half = desired(memory({"plan": "\udc80"}))

    (asks,) = judge_declared([rule('facts.plan == "a"')], half, "x")
    assert asks.broken[0].detail == NOT_TEXT
    assert declared(half, rule('scope == "support"')) == []
    both = [replace(rule('scope == "support"'), name="s"), rule('facts.plan == "a"')]
    assert [bool(one.broken) for one in judge_declared(both, half, "x")] == [False, True]


def test_a_secret_is_compared_once_it_is_read_and_a_rule_is_not_judged_before() -> None:
    asks = rule('facts.account == "12-34"')
    unread, read = (desired(memory({"account": one})) for one in (UnreadSecret("${env:A}"), Secret("12-34")))

    (before,), (after,) = judge_declared([asks], unread, "x"), judge_declared([asks], read, "x")
    assert ([one.address for one in before.unjudged], before.broken) == (["contacts.sarah.scopes.support"], ())
    assert (after.unjudged, after.broken) == ((), ())
    elsewhere = rule('facts.account == "12-34"', where='scope == "sales"')
    assert judge_declared([elsewhere], unread, "x")[0] == RuleVerdict(elsewhere, (), ())
    presence = rule('"account" in facts && !has(facts.plan)')
    assert judge_declared([presence], unread, "x")[0] == RuleVerdict(presence, (), ())


def test_a_live_value_of_which_only_the_digest_is_known_is_not_judged() -> None:
    hidden = DigestOnly(MASKER.mask("premium", "live"))
    made = plan(memory({"plan": "trial"}), live({"plan": hidden}))

    (found,) = judge_changes([rule('before != "premium"', "change")], made, {}, measures_of(made))
    assert (len(found.unjudged), found.broken) == (1, ())


@pytest.mark.parametrize(
    ("asks", "is_judged"),
    [
        ("has(before.city)", False),
        ('!("city" in before)', False),
        ('before.city != "x"', False),
        ("size(before) > 1", False),
        ('has(before.zip) && "zip" in before && before.zip == "1000"', True),
        ('before.street != "x"', False),
        ("has(before.street)", True),
    ],
)
def test_of_a_live_mapping_with_hidden_parts_what_is_known_is_judged_and_nothing_else(
    asks: str, *, is_judged: bool
) -> None:
    street = DigestOnly(MASKER.mask("a street", "live"))
    hidden = DigestsIn({"zip": "1000", "street": street}, MASKER.mask({}, "live"))
    made = plan(memory({"address": "none"}), live({"address": hidden}))

    (found,) = judge_changes([rule(asks, "change")], made, {}, measures_of(made))
    assert (len(found.unjudged), found.broken) == (0 if is_judged else 1, ())


def test_changes_have_what_was_live_and_what_is_written() -> None:
    made = plan(memory({"plan": "trial"}, seeds={"tz": "x"}), live({"plan": "premium"}))

    stays = rule('after == "premium"', "change", where='key == "plan" && before == "premium"')
    assert changed(made, stays) == ["contacts.sarah.scopes.support.facts.plan"]
    assert changed(made, rule('layer == "enforced"', "change")) == ["contacts.sarah.scopes.support.facts.tz"]
    assert changed(made, rule('action == "add" ? before == null : path == ["plan"] && certain', "change")) == []


def test_no_update_of_a_seeded_fact_gets_through() -> None:
    """No plan has one; a rule says that it stays so."""
    stays = rule('action == "add"', "change", where='layer == "seeded"')
    made = plan(memory({}, seeds={"tz": "x"}), live({}))
    assert changed(made, stays) == []

    (work,) = (item for item in made.work if isinstance(item, MemoryWork))
    (write,) = (item for item in work.operations if isinstance(item, WriteFacts))
    overwriting = replace(write.facts[0], changes=(Updated(("tz",), "learned", "x"),))
    other = replace(made, work=(replace(work, operations=(replace(write, facts=(overwriting,)),)),))
    assert changed(other, stays) == ["contacts.sarah.scopes.support.facts.tz"]


def test_every_kind_of_operation_is_judged() -> None:
    wanted = memory({"plan": "a"}, users=[user()])
    made = plan_all([(wanted, Absent())], contact=MissingContact())

    each = {type_: changed(made, rule(f'operation != "{type_}"', "change")) for type_ in ("create_contact", "add_user")}
    assert each["create_contact"] == ["contacts.sarah"]
    assert len(each["add_user"]) == 1
    assert len(changed(made, rule("false", "change"))) == len(made.operations) == 4


def test_totals_are_judged_once_and_only_where_something_changes() -> None:
    made = plan(memory({"plan": "a", "tz": "b"}), live({}))

    (found,) = judge_changes([rule("size(totals.new_keys) <= 1", "change")], made, {}, measures_of(made))
    assert [(place.address, place.source) for place in found.broken] == [("", None)]
    assert len(changed(made, rule('totals.changes < 2 && key != ""', "change"))) == 2
    nothing = plan(memory({"plan": "a"}), live({"plan": "a"}))
    assert judge_changes([rule("totals.changes > 0", "change")], nothing, {}, measures_of(nothing)) == ()


def test_steps_are_counted_over_all_that_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST_STEPS", 1_000)
    some = rule('"plan" in facts')
    assert declared(desired(memory({"plan": "a"})), some) == []

    with pytest.raises(SpecError, match="this rule takes more than 1,000 steps"):
        judge_declared([some], desired(*(memory({"plan": "a"}, contact=f"c{number}") for number in range(20))), "x")


def test_a_rule_that_takes_too_long_is_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = desired(memory({f"key-{number}": "x" for number in range(60)}))
    pairs = rule("facts.all(a, facts.all(b, facts[a] == facts[b]))")
    assert declared(wanted, pairs) == []

    monkeypatch.setattr(judging, "MOST_STEPS", 10_000)
    with pytest.raises(SpecError, match="this rule takes more than 10,000 steps"):
        judge_declared([pairs], wanted, "x")
    monkeypatch.setattr(judging, "MOST_STEPS", 10**9)
    monkeypatch.setattr(judging, "MOST_OF_ALL", 400)
    made = plan(memory({"plan": "a"}), live({}))
    with pytest.raises(SpecError, match="with this rule, all rules take more than 400 steps"):
        judge_changes([rule('key != ""', "change"), rule("totals.changes < 2", "change")], made, {}, measures_of(made))
    monkeypatch.setattr(judging, "MOST_OF_ALL", 10_000)
    with pytest.raises(SpecError, match="with this rule, all rules take more than 10,000 steps"):
        judge_declared([pairs], wanted, "x")


def test_a_rule_that_refuses_is_in_the_plan_and_one_that_warns_is_a_notice() -> None:
    made = plan(memory({"plan": "a"}), live({}))
    wanted = desired(memory({"plan": "a"}))
    refusing, warning = (judge_declared([rule("false", level=level)], wanted, "x") for level in ("refuse", "warn"))

    refused, warned = with_verdicts(made, refusing), with_verdicts(made, warning)
    assert [one.rule.name for one in refused.refusing] == ["r"]
    assert warned.refusing == ()
    assert [(one.type, one.rule, one.message) for one in warned.notices] == [("rule", "r", "because")]


def test_a_notice_says_why_a_rule_could_not_be_judged() -> None:
    wanted = desired(memory({"plan": "a"}), memory({}, contact="ben"))
    found = judge_declared([rule('facts.plan == "b"', level="warn")], wanted, "x")

    document = describe_plan(with_verdicts(plan(memory({"plan": "a"}), live({})), found), MASKER)
    assert [group.sentence for group in notice_groups(document.notices)] == [
        "the rule r warns in contacts.ben.scopes.support: because (a key that it reads is missing)",
        "the rule r warns in contacts.sarah.scopes.support: because",
    ]


def test_of_many_places_the_first_are_named_and_all_are_counted() -> None:
    wanted = desired(*(memory({}, contact=f"c{number:02}") for number in range(30)))
    made = plan(memory({"plan": "a"}), live({}))
    refusing, warning = (judge_declared([rule("false", level=level)], wanted, "x") for level in ("refuse", "warn"))

    (entry,) = describe_plan(with_verdicts(made, refusing), MASKER).rules
    notices = with_verdicts(made, warning).notices
    assert (entry.count, len(entry.places)) == (30, 20)
    assert (len(notices), sum(notice.count for notice in notices)) == (21, 30)
