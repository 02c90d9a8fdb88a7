import asyncio

from msgspec.structs import replace

from reconciler.api.recording import RecordingWriter
from reconciler.core.documents.receipt import RequestEntry
from reconciler.core.model.desired import Identifier
from reconciler.core.model.masking import Masked, Masker
from reconciler.core.model.observed import Absent, FoundContact, LiveUser, LiveUsers, MissingContact, Present
from reconciler.core.model.value import Json
from reconciler.core.plan.operations import Plan
from reconciler.workflow.applying import rehearse
from tests.builders import declared_contact, existing, memory, plan, user

MASKER = Masker(b"key", reveal=False)


def recorded(made: Plan) -> tuple[RequestEntry, ...]:
    recorder = RecordingWriter(MASKER)
    return asyncio.run(rehearse(made, recorder, recorder.requests)).requests


def test_of_a_contact_only_what_changes_is_sent_and_what_was_live_is_masked() -> None:
    contact = declared_contact(profile={"name": "Sarah", "metadata": {"a": {"b": 1}, "same": 1}})
    live: dict[str, Json] = {"name": "Sarah", "metadata": {"a": {"private": 2}, "same": 1, "other": 3}}
    (request,) = recorded(plan(replace(memory(), contact=contact), Present("m", {}), FoundContact("c 1", live)))

    assert (request.method, request.path) == ("PATCH", "/v1/contacts/c%201")
    assert request.body == {"metadata": {"a": {"b": 1, "private": MASKER.live(2)}}}


def test_a_user_is_updated_with_what_is_declared() -> None:
    live = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)
    (request,) = recorded(plan(existing(user(metadata="new")), Present("store-1", {}, live)))

    assert request.path == "/v1/memory/store-1/user/update"
    assert request.body == {"phone_number": "+14155550192", "metadata": "new"}


def test_ids_that_only_the_api_can_give_stand_as_names_in_paths_and_bodies() -> None:
    by_email = replace(declared_contact(), identity=Identifier("email", "a@b.co"))
    declared = replace(memory({"a": 1}, users=[user()]), contact=by_email)
    sent = recorded(plan(declared, Absent(), MissingContact()))

    assert [f"{one.method} {one.path}" for one in sent] == [
        "POST /v1/contacts/resolve",
        "POST /v1/memory/contact",
        "PATCH /v1/memory/contact/{memory_id}/facts",
        "POST /v1/memory/{memory_id}/add-user",
    ]
    assert sent[1].body == {"contact_id": "{contact_id}", "persona_id": "persona-support"}


def test_parts_of_a_fact_that_are_sent_back_are_masked() -> None:
    (request,) = recorded(plan(memory({"a": {"b": 1}}), Present("m", {"a": {"private": 2}})))

    assert request.body == {"facts": {"a": {"b": 1, "private": Masked(MASKER.digest(2), "live", "number", None)}}}
