import pytest

from reconciler.core.documents.describe import describe_plan
from reconciler.core.model.observed import Absent, LiveUsers, Present, Unreadable, UnreadableContact
from reconciler.core.model.settings import ExceededGuard, Guards, Measures, exceeded
from reconciler.core.plan.measures import guarded, measures_of
from reconciler.render.notices import guard_sentence
from reconciler.render.output import PLAIN
from reconciler.render.plan_text import render_plan_text
from tests.builders import MASKER, memory, plan, plan_all, user


def names(measures: Measures, guards: Guards) -> list[str]:
    return [guard.name for guard in exceeded(measures, guards)]


def test_changes_are_the_totals_of_the_plan_together() -> None:
    made = plan(memory({"plan": "premium", "name": "Sarah"}, users=[user()]), Absent())

    assert measures_of(made).changes == 4  # a memory, two facts, a user


def test_what_is_not_certain_never_counts() -> None:
    unknown = plan(memory({"plan": "premium"}, users=[user()]), Unreadable(), UnreadableContact())

    assert len(unknown.operations) == 4
    assert measures_of(unknown) == Measures(0, 0, 0, ())


def test_the_share_is_of_enforced_facts_that_are_live() -> None:
    made = plan(memory({"a": 1, "b": 2, "c": 3}, seeds={"d": 4}), Present("m", {"a": 9, "b": 2, "d": 9, "other": 1}))

    measures = measures_of(made)
    assert (measures.facts_to_update, measures.enforced_facts_live, measures.update_share) == (1, 2, 0.5)


def test_the_share_is_nothing_where_no_fact_is_live() -> None:
    assert measures_of(plan(memory({"a": 1}), Absent())).update_share == 0


def test_a_part_added_inside_of_a_fact_overwrites_it() -> None:
    made = plan(memory({"a": {"x": 1}}), Present("m", {"a": {"y": 2}}))

    assert (measures_of(made).facts_to_update, measures_of(made).new_keys) == (1, ())


def test_a_key_is_new_that_no_memory_read_has_however_often_it_is_added() -> None:
    one, two = memory({"plan": 1, "plna": 1}, scope="a"), memory({"plan": 1, "plna": 1}, scope="b")
    made = plan_all([(one, Present("m", {"plan": 1})), (two, Absent())])

    assert measures_of(made).new_keys == ("plna",)


def test_a_key_that_only_an_agent_wrote_is_not_new() -> None:
    one, two = memory({}, scope="a"), memory({"mood": "good"}, scope="b")

    assert measures_of(plan_all([(one, Present("m", {"mood": "bad"})), (two, Absent())])).new_keys == ()


@pytest.mark.parametrize(("updated", "live", "share"), [(1, 3, 0.3334), (7, 100, 0.07), (1, 10**6, 0.0001), (0, 0, 0)])
def test_the_share_is_rounded_up_so_that_none_means_none(updated: int, live: int, share: float) -> None:
    assert Measures(0, updated, live, ()).update_share == share


@pytest.mark.parametrize(("limit", "refused"), [(3, ["max_changes"]), (4, []), (5, []), (None, [])])
def test_a_guard_allows_its_limit_and_refuses_more(limit: int | None, refused: list[str]) -> None:
    assert names(Measures(4, 0, 0, ()), Guards(max_changes=limit)) == refused


def test_all_guards_that_refuse_are_told_in_one_go() -> None:
    measures = Measures(4, 1, 2, ("a", "b"))

    assert names(measures, Guards(3, 0.4, 1)) == ["max_changes", "max_update_share", "max_new_keys"]
    assert names(measures, Guards(0, 0.5, 2)) == ["max_changes"]


def test_users_updated_are_changes_and_overwrite_no_fact() -> None:
    made = plan(memory(users=[user(metadata="new")]), Present("m", {}, LiveUsers({}, listed=True)))

    assert (measures_of(made).changes, measures_of(made).update_share) == (1, 0)


def test_a_plan_that_is_refused_says_so_in_json_and_in_text() -> None:
    made = guarded(plan(memory({"plna": 1}), Present("m", {"plan": 1})), Guards(0, None, 0))
    document = describe_plan(made, MASKER)

    assert document.guards == (ExceededGuard("max_changes", 0, 1), ExceededGuard("max_new_keys", 0, 1, ("plna",)))
    assert "Apply refuses this: 1 key that no memory has (plna), and max_new_keys is 0.\n" in render_plan_text(
        document, PLAIN
    )


def test_a_long_list_of_new_keys_is_cut() -> None:
    keys = tuple(f"k{number:02}" for number in range(30))

    assert "k19 and 10 more)" in guard_sentence(ExceededGuard("max_new_keys", 1, 30, keys))
    assert guard_sentence(ExceededGuard("max_update_share", 0.3, 0.6667)).startswith(
        "66.67 % of the live enforced facts"
    )
