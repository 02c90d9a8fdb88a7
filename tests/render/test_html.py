import re
from base64 import b64encode
from hashlib import sha256

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import NoticeEntry, PlanDocument, WriteFactsEntry
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, LiveUser, LiveUsers, MissingContact, Present, Unseen
from reconciler.core.model.settings import ExceededGuard
from reconciler.core.model.value import Json
from reconciler.core.plan.operations import Plan
from reconciler.render.changes import cause_text
from reconciler.render.html import page as page_of
from reconciler.render.html.html import render_plan_html
from reconciler.render.html.rows import named
from reconciler.render.markup import SourceLinks
from tests.builders import existing, memory, plan, plan_all, user
from tests.html_pages import Report

MASKING = Masker(b"key", reveal=False)


def described(made: Plan) -> PlanDocument:
    return describe_plan(made, MASKING)


def read(made: Plan | PlanDocument) -> Report:
    return Report(render_plan_html(described(made) if isinstance(made, Plan) else made))


def many(count: int, value: str = "gold") -> PlanDocument:
    """Describe a plan in which each of many memories gets one new key."""
    wanted = [memory({"plan": value, "tier": 1}, contact=f"c-{number:05}") for number in range(count)]
    return described(plan_all([(item, Present("m", {"tier": 1})) for item in wanted]))


def test_each_change_stands_with_before_and_after_and_its_place() -> None:
    page = read(plan(memory({"tier": "gold", "new": [1]}), Present("m", {"tier": "private"})))
    masked = f"(live text, 1-8 characters, {MASKING.digest('private')})"

    assert page.rows == [
        ("update", "tier", masked, '"gold"', "specs/a.yaml:3"),
        ("add", "new", "nothing", "[1]", "specs/a.yaml:3"),
    ]
    looks = {kind: page.texts(f".cell .{kind}") for kind in ("masked", "note", "value")}
    assert looks == {"masked": [masked], "note": ["nothing"], "value": ['"gold"', "[1]"]}


def test_what_stays_is_shown_too_and_no_value_is_claimed_for_what_is_seeded() -> None:
    seen = Present("m", {"plan": "gold", "tz": "private"})
    page = read(plan(memory({"plan": "gold", "a": 1}, seeds={"tz": "UTC"}), seen))

    assert page.rows[1:] == [
        ("stays", "plan", "the same", '"gold"', "specs/a.yaml:3"),
        (
            "stays",
            "tz",
            "as the agent has it",
            'as the agent has it seeded when missing "UTC"',
            "specs/a.yaml:3",
        ),
    ]


def test_creations_and_users_are_rows_of_their_own() -> None:
    page = read(plan(memory({"a": 1}, users=[user(metadata="from the crm")]), Absent(), MissingContact()))

    assert [row[:4] for row in page.rows] == [
        ("add", "a", "nothing", "1"),
        ("create", "memory", "nothing", "exists"),
        ("add user", "user +14155550192", "nothing", 'in the memory metadata "from the crm"'),
        ("create", "contact", "nothing", "known to the account"),
    ]
    assert page.texts("h3") == ["sarah"]
    assert page.texts("h4") == ["support contacts.sarah.scopes.support", "the contact itself contacts.sarah"]


def test_a_user_that_stays_is_shown_too() -> None:
    live = LiveUsers({"+14155550192": LiveUser(None, None)}, listed=True)
    page = read(plan(memory({"a": 1}, users=[user()]), Present("m", {}, live)))

    assert page.rows[1][:4] == ("stays", "user +14155550192", "in the memory", "in the memory")


def test_fields_of_users_and_contacts_say_whose_they_are() -> None:
    live = LiveUsers({"+14155550192": LiveUser("private", None)}, listed=True)
    page = read(plan(existing(user(metadata="now", summary="then")), Present("m", {}, live)))

    assert [row[:2] for row in page.rows] == [
        ("update user", "user +14155550192 metadata"),
        ("update user", "user +14155550192 summary"),
    ]
    assert page.texts("h4") == ["memory by id memories.vip-line"]


def test_what_is_not_certain_says_so() -> None:
    page = read(plan(memory({"a": 1}), Unseen()))

    assert ("create not certain", "memory", "cannot be seen", "exists", "specs/a.yaml:3") in page.rows
    assert "1 not certain" in page.texts(".totals li")


def test_the_contact_with_the_riskiest_change_comes_first() -> None:
    made = plan_all(
        [
            (memory({"a": 1}, contact="adds"), Present("m", {})),
            (memory(contact="creates"), Absent()),
            (memory({"a": 1}, contact="updates"), Present("m", {"a": 0})),
            (memory({"a": 1}, contact="unchanged"), Present("m", {"a": 1})),
        ]
    )

    assert read(made).texts("h3") == ["updates", "adds", "creates"]


def test_totals_cost_and_origin_are_told() -> None:
    made = described(plan(memory({"a": 1, "b": 2}), Present("m", {"a": 0, "x": 1, "y": 2})))
    page = read(replace(made, cost=replace(made.cost, seconds_at_rate_limit=900)))

    assert page.texts(".totals li") == ["1 fact to update", "1 fact to add", "2 live facts in no spec"]
    assert page.texts(".facts div") == [
        "Account sandbox",
        "Made 2026-01-02 03:04 UTC",
        "Reading 1 request",
        "Writing 1 request, about 15 min at the rate limit",
        "Specs sha256:0",
    ]


def test_notices_are_told_at_the_memory_that_they_are_about_and_others_at_the_end() -> None:
    made = described(plan(memory({"a": 1}), Present("m", {"x": 1, "y": 2})))
    others = tuple(NoticeEntry("unverifiable", f"contacts.c{number}", 1) for number in range(60))
    page = read(replace(made, notices=(*made.notices, NoticeEntry("not_read", "", 4), *others)))

    assert page.texts(".part p.note") == ["No spec names 2 live facts: left alone (unmanaged)"]
    assert page.texts(".notices summary") == [
        "4 memories not chosen, so not read (not_read)",
        "60 contacts or users cannot be looked up (unverifiable)",
    ]
    assert page.texts(".notices li")[:2] == ["contacts.c0 : 1", "contacts.c1 : 1"]
    assert page.texts(".notices li")[-1] == "and 10 more places"


def test_a_notice_about_a_key_or_a_user_stands_at_its_row() -> None:
    made = described(
        plan(
            memory({"langauge": "pt", "a": 1}, users=[user()]),
            Present("m", {"language": "pt"}, LiveUsers({}, listed=True)),
        )
    )
    address = "contacts.sarah.scopes.support"
    whom = NoticeEntry("unconfirmed_key", f'{address}.users["+14155550192"]', 1)
    page = read(replace(made, notices=(*made.notices, whom)))
    sets = "The account does not show the declared external_memory_key of 1 user: only adding a user sets it"
    check = "Check 1 new key: one typo away from a known one, and a key once written stays (near_duplicate)"

    assert page.texts("th p.note") == [
        f"{check}: langauge beside (live text, 1-8 characters, {MASKING.digest('language')})",
        f"{sets} (unconfirmed_key)",
    ]
    assert page.texts(".part > p.note") == ["No spec names 1 live fact: left alone (unmanaged)"]
    assert page.all(".notices") == []


def test_a_kind_of_notice_that_is_not_known_is_one_short_line_that_prints_wherever_it_stands() -> None:
    kind = "\x1b" + "k" * 400
    made = described(plan(memory({"a": 1}), Absent()))
    addresses = ("contacts.sarah.scopes.support", "contacts.sarah", "contacts.jon")
    page = read(replace(made, notices=tuple(NoticeEntry(kind, address, 1) for address in addresses)))
    told = f"1 notice of this kind ({named(kind)})"

    assert [page.texts(place) for place in ("th p.note", ".part > p.note", ".notices summary")] == [[told]] * 3


def test_a_notice_about_a_contact_stands_in_its_card() -> None:
    made = described(plan(memory({"a": 1}), Present("m", {})))
    page = read(replace(made, notices=(NoticeEntry("unknown_contact", "contacts.sarah", 1),)))

    assert len(page.texts(".part p.note")) == 1
    assert page.all(".notices") == []


def test_a_notice_whose_row_is_left_out_is_told_at_the_end() -> None:
    made = replace(
        many(2), notices=(NoticeEntry("near_duplicate", "contacts.c-00001.scopes.support", 1, keys=("plan",)),)
    )
    page = Report(render_plan_html(made, rows=1))

    assert (page.texts("th p.note"), len(page.texts(".notices summary"))) == ([], 1)


def test_a_refusal_comes_first() -> None:
    made = described(plan(memory({"a": 1}), Present("m", {})))
    page = read(replace(made, guards=(ExceededGuard("max_changes", 0, 1),)))

    assert page.texts("header .refused p") == ["Apply refuses this: 1 change, and max_changes is 0."]
    assert page.texts("title") == ["Refused: plan for sandbox"]


def test_places_are_links_where_the_repository_is_known() -> None:
    made = described(plan(memory({"a": 1}), Present("m", {})))
    text = render_plan_html(made, links=SourceLinks("https://git.example/o/r/blob/1f", "voice"))
    (link,) = Report(text).all(".place a")

    assert link.attrs["href"] == "https://git.example/o/r/blob/1f/voice/specs/a.yaml#L3"


def test_a_plan_says_what_it_was_seen_from_and_why_each_change_is_needed() -> None:
    made = described(plan(memory({"a": 1}), Present("m", {})))
    (write,) = (item for item in made.operations if isinstance(item, WriteFactsEntry))
    caused = replace(write, facts=tuple(replace(fact, cause="specs") for fact in write.facts))
    page = read(replace(made, operations=(caused,), base="main", snapshot_taken_at="2026-01-01T03:04:05.000Z"))

    assert "from a snapshot of 2026-01-01T03:04:05.000Z" in page.texts(".view")[0]
    assert page.texts(".view")[1] == "Causes are seen from the specs at main."
    assert page.texts(".place .cause") == [cause_text("specs")]


def test_a_plan_without_changes_says_so_and_has_no_filter() -> None:
    page = read(plan(memory({"a": 1}), Present("m", {"a": 1})))

    assert page.texts(".calm") == ["No changes are pending."]
    assert page.all("#filter, .card") == []


def test_the_filter_offers_what_the_page_holds() -> None:
    page = read(plan(memory({"a": 1, "b": 2}), Present("m", {"a": 1})))

    assert page.texts("#contacts-known option") == ["sarah"]
    assert page.texts("#scope option") == ["all", "support"]
    assert page.texts("#keys-known option") == ["b", "a"]
    assert page.texts("fieldset label") == ["add 1", "stays 1"]


def test_every_input_has_a_label_and_every_control_is_a_real_one() -> None:
    page = read(many(2))

    assert len(page.all("label input, label select")) == len(page.all("input, select"))
    assert {one.attrs["type"] for one in page.all("button")} == {"button"}
    assert page.texts("a.skip") == ["Skip to the contacts"]
    assert len(page.all("output")) == 1


def test_without_a_script_nothing_but_the_filter_is_hidden() -> None:
    page = read(many(2))

    assert [one.attrs.get("id") for one in page.all("[hidden]")] == ["filter", "nothing"]
    assert len(page.all("details")) == len(page.all("details[open]"))


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    text = render_plan_html(many(1))
    (style,), (script,) = (re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for tag in ("style", "script"))
    digests = [b64encode(sha256(part.encode()).digest()).decode() for part in (style, script)]
    (policy,) = (one.attrs["content"] for one in Report(text).all("meta[http-equiv]"))

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_the_page_refers_to_nothing_outside_of_itself() -> None:
    text = render_plan_html(many(1))
    attributes = {name: value for _, attributes in Report(text).structure for name, value in attributes}

    assert attributes["href"].startswith("#")
    assert not {"src", "style", "srcset", "action", "onclick"} & attributes.keys()
    assert "url(" not in text
    assert "@import" not in text
    assert "fetch(" not in text


@pytest.mark.parametrize(
    "nasty", ["</script><script>x</script>", "' onload='x", "{{ 7 * 7 }}", "<!--", "&lt;", "]]>", "@everyone `#1`"]
)
def test_keys_and_values_show_as_themselves(nasty: str) -> None:
    page = read(plan(memory({nasty: nasty}), Present("m", {})))

    assert page.rows == [("add", f'"{nasty}"', "nothing", f'"{nasty}"', "specs/a.yaml:3")]
    assert len(page.all("script")) == 1


def test_what_does_not_print_is_written_out() -> None:
    page = read(plan(memory({"a\u202e\n": "\x1b[2J\u2028"}), Present("m", {})))

    assert page.rows[0][1:4] == ('"a\\u202e\\n"', "nothing", '"\\u001b[2J\\u2028"')


def test_a_long_value_is_cut_and_its_length_told() -> None:
    (row,) = read(plan(memory({"a": "x" * 100_000, "b": 1}), Present("m", {"b": 1}))).rows[:1]

    assert row[3].startswith('the start of 100,000 characters "xxx')
    assert len(row[3]) < 1_100


def test_what_a_page_leaves_out_is_counted_and_named() -> None:
    page = Report(render_plan_html(many(5), rows=3))

    assert len(page.rows) == 3
    (said,) = page.texts(".left-out p")
    assert "Left out: add 2 stays 5" in said
    assert "all of 2 contacts" in said
    assert page.texts("#left-out p") == ["c-00003, c-00004."]
    assert page.texts(".part p") == ["Rows of this memory that this page leaves out: 1"] * 3


def test_of_very_many_contacts_that_are_left_out_some_are_named() -> None:
    page = Report(render_plan_html(many(600), rows=1))

    assert page.texts("#left-out h2") == ["Left out: 599 contacts"]
    assert page.texts("#left-out p")[0].endswith("c-00500 and 99 more.")


@pytest.mark.parametrize(
    "value", ["<&\"'" * 500, "\U0001f600" * 500, "\x00" * 1_000], ids=["markup", "emoji", "control"]
)
def test_no_plan_makes_a_page_that_is_too_large(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_of, "MOST_BYTES", 1_900_000)  # a tenth, since a whole one takes long
    facts: dict[str, Json] = {f"{number}{value}": [value] for number in range(4)}
    wanted = [memory(facts, contact=f"c{number}", users=[user(metadata=value)]) for number in range(210)]
    text = render_plan_html(described(plan_all([(item, Present("m", {})) for item in wanted])))

    assert 1_000_000 < len(text.encode()) <= 1_900_000 + 1_000_000


def test_a_page_of_many_small_rows_ends_too() -> None:
    text = render_plan_html(many(1_001), rows=1_000)

    assert len(text.encode()) <= 2_000_000
    assert text.count("</tr>") - text.count("</thead>") == 1_000
