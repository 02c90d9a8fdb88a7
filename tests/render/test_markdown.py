import re
from collections.abc import Callable, Sequence
from html import unescape

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import NoticeEntry, PlaceEntry, PlanDocument
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, describe_receipt
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, LiveUser, LiveUsers, Present, Unseen
from reconciler.core.model.value import Json
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import Outcome, Receipt, Result
from reconciler.render.markdown import (
    render_plan_markdown,
    render_plan_summary,
    render_receipt_markdown,
    render_receipt_summary,
)
from reconciler.render.markup import marker
from reconciler.render.sections import grouped, plan_sections
from tests.builders import MASKER, ORIGIN, existing, memory, plan, plan_all, user

MASKING = Masker(b"key", reveal=False)
NOTHING = Present("m", {})


def described(made: Plan) -> PlanDocument:
    return describe_plan(made, MASKING)


def many(count: int, value: str = "value {}") -> PlanDocument:
    """Describe a plan in which each of many memories gets one new key, with a value of its own."""
    wanted = [memory({"plan": value.format(number)}, contact=f"c-{number:05}") for number in range(count)]
    return described(plan_all([(item, Present("m", {})) for item in wanted]))


def receipt(results: Sequence[tuple[Result, str]]) -> ReceiptDocument:
    users = [user(f"+1415555{number:04}") for number in range(len(results))]
    made = plan(existing(*users), Present("m", {}, LiveUsers({}, listed=True)))
    outcomes = [Outcome(one, *result) for one, result in zip(made.operations, results, strict=True)]
    return describe_receipt(Receipt(ORIGIN, "", "", stop_requested=False, outcomes=tuple(outcomes)), MASKER)


def titles(text: str) -> list[str]:
    return re.findall("<h4>(.*)</h4>", text)


def read(text: str) -> str:
    """Give what a reader sees, a line a row."""
    return unescape(re.sub("<[^>]*>", "", text))


def test_a_plan_without_changes_is_one_line_under_its_marker() -> None:
    text = render_plan_markdown(described(plan(memory({"a": 1}), Present("m", {"a": 1}))))

    assert text == ("<!-- reconciler:sandbox -->\n<p>No changes for <code>sandbox</code>: 1 memory unchanged.</p>\n")


def test_the_riskiest_changes_come_first() -> None:
    live = LiveUsers({}, listed=True)
    text = render_plan_markdown(
        described(
            plan_all(
                [
                    (memory({"z": 1}, contact="a", users=[user()]), Absent()),
                    (memory({"new": 1, "old": 2}, contact="b"), Present("m", {"old": 1}, live)),
                    (memory(contact="c"), Unseen()),
                ]
            )
        )
    )

    assert titles(text) == [
        "Overwrites live values",
        "Adds keys",
        "Creates contacts and memories",
        "Adds users and their fields",
        "Not certain",
    ]
    assert "facts cannot be deleted" in text


IRREVERSIBLE = "Irreversible: facts cannot be deleted, so a key once written stays."
USERS = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)


@pytest.mark.parametrize(
    ("made", "keys"),
    [
        (plan(memory({"new": 1}), Present("m", {})), ["new"]),
        (plan(memory({"a": {"new": 1}}), Present("m", {"a": {"old": 2}})), ["a.new"]),
        (plan(memory({"new": 1}), Absent()), ["new"]),
        (plan(memory({"old": 2}), Present("m", {"old": 1})), []),
        (plan(existing(user(summary="new")), Present("m", {}, USERS)), []),
        (plan(existing(user("+14155550193")), Present("m", {}, USERS)), []),
        (plan(memory(), Unseen()), []),
    ],
)
def test_new_keys_of_facts_alone_are_called_irreversible(made: Plan, keys: list[str]) -> None:
    """Test it of the sections, which all formats are made from, and of a comment."""
    document = described(made)
    sections = plan_sections(document)
    named = [line.name for one in sections if one.note == IRREVERSIBLE for unit in one.units for line in unit.lines]

    assert sections
    assert named == keys
    assert (IRREVERSIBLE in render_plan_markdown(document)) == bool(keys)


def test_each_change_stands_beside_its_place_and_a_live_value_is_masked() -> None:
    made = described(plan(memory({"tier": "gold"}), Present("m", {"tier": "private"})))
    text = render_plan_markdown(made)

    assert 'contacts.sarah.scopes.support~ tier: (live text, 1-8 characters) → "gold"specs/a.yaml:3' in read(text)
    assert "private" not in text


def test_memories_that_get_the_same_are_one_group() -> None:
    wanted = [memory({"a": 1, "b": 2}, contact=f"c-{number:04}") for number in range(2989)]
    text = render_plan_markdown(described(plan_all([(item, Present("m", {})) for item in wanted])))

    assert "2,988 more memories get the same 2 facts" in text
    assert re.search("<br>and [0-9,]+ more</details>", text)
    assert "more changes" not in text
    assert len(text.encode()) <= 65_000


def test_a_group_without_room_for_names_is_still_counted() -> None:
    wanted = [memory({"a": 1}, contact=f"c-{number:04}") for number in range(90)]
    made = described(plan_all([(item, Present("m", {})) for item in wanted]))

    texts = [render_plan_markdown(made, characters=budget) for budget in range(500, 1_000, 20)]

    assert any('<td colspan="3">89 more memories get the same fact</td>' in text for text in texts)


def test_values_that_differ_only_far_inside_are_not_called_the_same() -> None:
    wanted = [memory({"a": "x" * 500 + end}, contact=end) for end in ("y", "z")]

    assert "same" not in render_plan_markdown(described(plan_all([(item, Present("m", {})) for item in wanted])))


def test_grouping_by_keys_says_that_values_differ() -> None:
    text = render_plan_markdown(many(3000))

    assert "2,999 more memories get the same fact, with other values" in text


@pytest.mark.parametrize(("held", "said"), [("olden", "the same fact<"), (1, "the same fact, with other values<")])
def test_a_group_says_whether_all_replace_a_value_of_one_kind(held: Json, said: str) -> None:
    cases = [
        (memory({"plan": "new"}, contact=name), Present("m", {"plan": one}))
        for name, one in (("a", "old"), ("b", held))
    ]
    units = [unit for section in plan_sections(described(plan_all(cases))) for unit in section.units]
    [group] = grouped(units, with_values=False)

    assert f"1 more memory gets {said}" == f"{group.text_of_others}<"


@pytest.mark.parametrize(
    ("held", "reveal", "groups"),
    [
        ("old", False, 1),
        ("olden", False, 1),
        ("much longer", False, 2),
        (1, False, 2),
        ("old", True, 1),
        ("odd", True, 2),
    ],
)
def test_units_stand_together_where_what_they_replace_looks_alike_to_who_reads_it(
    held: Json, groups: int, *, reveal: bool
) -> None:
    cases = [
        (memory({"plan": "new"}, contact=name), Present("m", {"plan": one}))
        for name, one in (("a", "old"), ("b", held))
    ]
    [section] = plan_sections(describe_plan(plan_all(cases), Masker(b"key", reveal=reveal)))

    assert len(grouped(section.units, with_values=True)) == groups


def test_users_and_creations_are_grouped_too() -> None:
    wanted = [memory(contact=f"c{number}", users=[user(metadata="m")]) for number in range(2)]
    text = render_plan_markdown(described(plan_all([(item, Absent()) for item in wanted])))

    assert "1 more memory alike" in text
    assert "1 more user alike" in text


def test_what_is_long_is_folded() -> None:
    facts: dict[str, Json] = {f"key_{number:02}": number for number in range(12)}
    assert "<details><summary><code>contacts.sarah.scopes.support</code>: 12 changes</summary>" in render_plan_markdown(
        described(plan(memory(facts), Present("m", {})))
    )
    assert "<summary>30 more rows</summary>" in render_plan_markdown(many(50))


@pytest.mark.parametrize("number", [1, 7, 8, 9, 20])
def test_each_change_of_a_memory_has_one_row_and_more_than_eight_are_folded(number: int) -> None:
    facts: dict[str, Json] = {f"key_{n:02}": n for n in range(number)}
    text = render_plan_markdown(described(plan(memory(facts), Present("m", {}))))

    assert [read(text).count(f"+ {key}: ") for key in facts] == [1] * number
    assert (f"{number} changes</summary>" in text) is (number > 8)


def test_each_memory_with_many_changes_is_folded_by_itself() -> None:
    wanted = [memory({f"k{key}{name}": 1 for key in range(9)}, contact=name) for name in ("a", "b", "c")]
    text = render_plan_markdown(described(plan_all([(item, Present("m", {})) for item in wanted])))

    assert re.findall("<summary>(.*): 9 changes</summary>", text) == [
        f"<code>contacts.{name}.scopes.support</code>" for name in ("a", "b", "c")
    ]
    assert read(text).count("k8c") == 1


def test_what_is_hidden_is_counted_and_the_whole_is_pointed_at() -> None:
    facts: dict[str, Json] = {f"key_{number:04}": number for number in range(1000)}
    made = described(plan(memory(facts), Present("m", {})))
    text = render_plan_markdown(made)
    rows = text.count("<tr>")

    assert rows < 1000
    assert f"{1000 - rows:,} more changes of this kind not shown." in text
    assert "The whole plan: run reconciler -e sandbox plan" in read(text)
    in_folder = render_plan_markdown(made, project="a folder")
    assert "run reconciler --project 'a folder' -e sandbox plan" in read(in_folder)


def test_the_digest_of_a_key_that_only_the_account_knows_is_not_in_a_comment() -> None:
    key = MASKING.live_key("a key of the account")
    made = described(plan(memory({"a": 1}), Present("m", {})))
    text = render_plan_markdown(replace(made, notices=(NoticeEntry("unmanaged", "contacts.a", 1, None, (key,)),)))

    assert "(live text, 9-32 characters)" in read(text)
    assert "hmac:" not in text


def test_notices_and_cost_are_told() -> None:
    made = described(plan(memory({"a": 1}), Present("m", {})))
    notices = tuple(NoticeEntry(f"kind-{number:02}", "memories.x", 2) for number in range(20))
    few = replace(made, notices=(NoticeEntry("unmanaged", "memories.x", 3), NoticeEntry("not_read", "", 4)))

    assert "No spec names 3 live facts in memories.x: left alone (unmanaged)." in read(render_plan_markdown(few))
    assert "8 more kinds of notes." in render_plan_markdown(replace(made, notices=notices))
    assert "Cost: 1 request to read, 1 to write." in render_plan_markdown(made)
    limited = replace(made, cost=replace(made.cost, seconds_at_rate_limit=900))
    assert "Cost: 1 request to read, 1 to write, about 15 min at the rate limit." in render_plan_markdown(limited)


@pytest.mark.parametrize(
    "make",
    [
        lambda: many(1, "x" * 100_000),
        lambda: many(3000, "\U0001f600" * 50 + "`|<@\x1b[0m\u202e{}"),
        lambda: described(plan(existing(*(user(f"+1415{n:07}", summary=f"{n}") for n in range(6000))), NOTHING)),
        lambda: replace(
            many(1),
            operations=tuple(replace(item, address="\x1b<" * 50_000) for item in many(1).operations),
            environment="e\x00" * 50_000,
            api="a\u202e" * 50_000,
            notices=tuple(NoticeEntry("k\x00" * 9000 + str(n), "\x1b" * 9000, 1) for n in range(100)),
        ),
    ],
    ids=["one long value", "many memories", "many users", "long names"],
)
def test_no_plan_is_too_large_for_its_budget(make: Callable[[], PlanDocument]) -> None:
    made = make()

    assert len(render_plan_markdown(made).encode()) <= 65_000
    assert len(render_plan_summary(made).encode()) <= 1_000_000
    for budget in (30_000, 8_000, 3_000, 400):
        assert len(render_plan_markdown(made, characters=budget).encode()) <= budget
    assert render_plan_markdown(made, characters=0).startswith("<!-- reconciler:")


def test_the_summary_uses_its_larger_budget() -> None:
    made = many(1500)

    assert len(render_plan_summary(made)) > len(render_plan_markdown(made))


@pytest.mark.parametrize("environment", ["-->", "--!>", "a--", "prod\n<script>", "@everyone", "\ud800"])
def test_no_environment_ends_the_marker(environment: str) -> None:
    made = marker(environment)

    assert re.fullmatch(r"<!-- reconciler:[A-Za-z0-9_.%~-]+ -->", made)
    assert "--" not in made[4:-3]


def test_environments_have_markers_of_their_own() -> None:
    assert len({marker(name) for name in ("a", "a:receipt", "a--b", "a-%2Db")} | {marker("a", suffix=":receipt")}) == 5


def test_values_show_as_themselves() -> None:
    nasty = "``` | </details> <script> @everyone #123 ::set-output [x](http://y) ![i](j) <!-- --> &amp; \\ $x$"
    text = render_plan_markdown(described(plan(memory({nasty: nasty}), Present("m", {}))))

    assert f'"{nasty}": "{nasty.replace(chr(92), chr(92) * 2)}"'.split(": ", 1)[1] in read(text)
    assert not re.search("@|#(?![0-9]+;)|://|<script", text)


def test_a_receipt_tells_failures_first_and_groups_what_is_alike() -> None:
    made = receipt([("done", ""), ("failed", "no"), ("done", ""), ("skipped", "later"), ("unknown", "lost")])
    text = render_receipt_markdown(made)

    assert text.startswith("<!-- reconciler:sandbox:receipt -->\n<h3>Apply incomplete for")
    assert "<strong>1 failed, 1 unknown, 1 skipped and 2 done</strong>" in text
    assert titles(text) == ["Failed", "Unknown", "Skipped", "Done"]
    assert "add_user: nospecs/a.yaml:3" in read(text)
    assert "1 more operation alike" in text
    assert "Run apply again" in text


@pytest.mark.parametrize("result", ["failed", "unknown", "skipped"])
def test_one_operation_that_is_not_done_makes_a_receipt_incomplete(result: Result) -> None:
    assert "<h3>Apply incomplete for" in render_receipt_markdown(receipt([("done", ""), (result, "why")]))


def test_a_complete_receipt_asks_for_nothing_more() -> None:
    text = render_receipt_markdown(receipt([("done", "")]))

    assert "Apply complete" in text
    assert "Run apply again" not in text
    assert "interrupted" in render_receipt_markdown(replace(receipt([]), interrupted=True))


def test_no_receipt_is_too_large_for_its_budget() -> None:
    made = receipt([])
    outcomes = [
        OutcomeEntry("add_user", f"memories.a{n}", "failed", f"{n}<" * 99, PlaceEntry("f", 1)) for n in range(6000)
    ]
    large = replace(made, outcomes=tuple(outcomes), totals=replace(made.totals, failed=6000))

    assert len(render_receipt_markdown(large).encode()) <= 65_000
    assert 65_000 < len(render_receipt_summary(large).encode()) <= 1_000_000
    assert "5,999 more operations, with other values" in render_receipt_markdown(large)
