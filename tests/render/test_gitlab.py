import json

from reconciler.core.documents.describe import describe_plan
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, LiveUser, LiveUsers, Present, Unseen
from reconciler.core.plan.operations import Plan
from reconciler.render.json import render_plan_gitlab
from tests.builders import memory, plan, user


def report(made: Plan) -> dict[str, int]:
    found: dict[str, int] = json.loads(render_plan_gitlab(describe_plan(made, Masker(b"key", reveal=False))))
    return found


def test_what_is_created_and_added_is_counted_under_create() -> None:
    assert report(plan(memory({"a": 1, "b": 2}, users=[user()]), Absent())) == {"create": 4, "update": 0, "delete": 0}


def test_what_is_live_with_another_value_is_counted_under_update() -> None:
    users = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)
    made = plan(memory({"a": 1, "b": 2}, users=[user(metadata="new")]), Present("m", {"a": 0}, users))

    assert report(made) == {"create": 1, "update": 2, "delete": 0}


def test_what_may_not_be_needed_is_not_counted() -> None:
    assert report(plan(memory(users=[user()]), Unseen())) == {"create": 0, "update": 0, "delete": 0}


def test_the_report_is_one_line() -> None:
    document = describe_plan(plan(memory({"a": 1}), Present("m", {})), Masker(b"key", reveal=False))

    assert render_plan_gitlab(document) == '{"create": 1, "update": 0, "delete": 0}\n'
