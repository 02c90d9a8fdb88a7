import json
from pathlib import Path

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import SPEC, Repository

PRIVATE = ("a private plan", "learned", "another", "Sarah Private", "said in a call", "crm-other", "+14155550123")
NUMBERS = ("+14155559999", "+14155550192")
LIVE = {
    "contacts": [
        {
            "id": "c-sarah",
            "name": "Sarah Private",
            "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-sarah"}],
        },
        {"id": "c-other", "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-other"}]},
    ],
    "contact_memories": [
        {
            "id": "mem-1",
            "contact_id": "c-sarah",
            "persona_id": "persona-1",
            "facts": {"name": "Sarah", "plan": "a private plan", "learned": "another", "at": {"learned": 1}},
            "users": [
                {"phone_number": "+14155550192", "metadata": "from the spec", "summary": "said in a call"},
                {"phone_number": "+14155550123", "metadata": "a private plan"},
            ],
        },
        {"id": "mem-2", "contact_id": "c-other", "agent_number": "+14155559999", "facts": {}},
    ],
}


@pytest.fixture
def live(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("TEST_KEY", "k")
    repository.write("specs/support.yaml", SPEC)
    return repository


def snap(repository: Repository, settings: Settings | None = None, *arguments: str) -> str:
    """Take a snapshot of a served account; gives the URL under which it was known."""
    store = Store()
    store.load(LIVE)
    with running(create_app(store, settings or Settings())) as url:
        called = repository.run("-e", "live", "--api-url", url, "snapshot", "--out", "live.json", *arguments)
        assert called.code == 0, called.err
        repository.write("online.txt", repository.run("-e", "live", "--api-url", url, "plan").out)
    return url


def test_a_snapshot_holds_no_live_value_no_live_key_and_no_phone_number(live: Repository) -> None:
    snap(live, None, "--all-users")
    text = (live.root / "live.json").read_text()

    assert [private for private in (*PRIVATE, *NUMBERS) if private in text] == []
    assert '"kind": "snapshot"' in text


@pytest.mark.parametrize("settings", [Settings(), Settings(seeds_only=True)])
def test_a_plan_against_a_snapshot_is_the_plan_against_the_account(live: Repository, settings: Settings) -> None:
    if settings.seeds_only:
        live.write("specs/support.yaml", SPEC.replace("external_id: crm-sarah", "contact_id: c-sarah"))
    url = snap(live, settings)
    planned = live.run("-e", "live", "--api-url", url, "plan", "--live", "live.json")

    def changes(text: str) -> str:
        return text.partition("Cost:")[0].partition("Read from")[0].replace("with another value", "")

    assert planned.code == 0, planned.err
    assert changes(planned.out) == changes((live.root / "online.txt").read_text())
    assert "Read from a snapshot of 20" in planned.out
    assert "plan: (live text, 9-32 characters)" in planned.out


def test_what_equals_a_declared_value_is_recognised_and_what_specs_add_later_too(live: Repository) -> None:
    url = snap(live)
    more = SPEC.replace("plan: premium", "plan: a private plan, at: {learned: 1}").replace("Sarah,", "S.,")
    live.write("specs/support.yaml", more)
    live.write("specs/other.yaml", "contacts: {other: {external_id: crm-other, scopes: {support: {}}}}")
    arguments = ("-e", "live", "--api-url", url, "plan", "--live", "live.json", "--format", "json")
    planned = json.loads(live.run(*arguments).out)

    assert [operation["type"] for operation in planned["operations"]] == ["create_memory", "write_facts"]
    assert [fact["key"] for fact in planned["operations"][1]["facts"]] == ["name"]
    assert planned["snapshot_taken_at"] == json.loads((live.root / "live.json").read_text())["taken_at"]


def test_users_of_all_memories_are_read_on_request(live: Repository) -> None:
    live.write("specs/support.yaml", SPEC.partition("        users:")[0])
    url = snap(live, None, "--all-users")
    live.write("specs/support.yaml", SPEC)
    arguments = ("-e", "live", "--api-url", url, "plan", "--live", "live.json", "--format", "json")

    assert [item["type"] for item in json.loads(live.run(*arguments).out)["operations"]] == ["write_facts"]


def test_the_snapshot_of_another_account_or_with_another_key_is_refused(
    live: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = snap(live)
    elsewhere = live.run("-e", "live", "--api-url", "http://127.0.0.1:1", "plan", "--live", "live.json")
    monkeypatch.setenv("TEST_KEY", "other")
    with_other_key = live.run("-e", "live", "--api-url", url, "plan", "--live", "live.json")

    assert (elsewhere.code, with_other_key.code) == (1, 1)
    assert f"is a snapshot of live ({url}), not of live (http://127.0.0.1:1)" in elsewhere.err
    assert (
        "live.json was made with another key; set TEST_KEY or RECONCILER_DIGEST_KEY to that one" in with_other_key.err
    )


def test_the_key_for_digests_alone_is_enough_to_plan_offline(live: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "digests-and-long-enough")
    url = snap(live)
    monkeypatch.delenv("TEST_KEY")

    assert live.run("-e", "live", "--api-url", url, "plan", "--live", "live.json").code == 0
    assert live.run("-e", "live", "--api-url", url, "plan").code == 1


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "plan"}', '{"kind": "snapshot", "format_version": "9.0"}'])
def test_what_is_no_snapshot_is_said_to_be_none(live: Repository, text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(text)
    called = live.run("-e", "live", "plan", "--live", "odd.json")

    assert called.code == 1
    assert "odd.json is" in called.err
