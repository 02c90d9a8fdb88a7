import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconciler.sandbox import faults
from reconciler.sandbox.answers import Answer, success
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import SPEC, Called, Repository

BY_ID = """\
scopes: {support: {persona_id: persona-1}}
contacts:
  sarah:
    contact_id: c-sarah
    scopes:
      support:
        facts: {name: Sarah, plan: premium}
        users: [{phone_number: +14155550192}]
"""

OTHER_BY_ID = """\
scopes: {support: {persona_id: persona-1}}
contacts:
  other: {contact_id: c-other, scopes: {support: {}}}
"""


@contextmanager
def account(*rules: Rule, settings: Settings | None = None) -> Iterator[tuple[Store, str]]:
    """Serve a sandbox with faults on a port, with the key of environment `live` set."""
    store = Store()
    app = create_app(store, settings or Settings(), Faults(rules))
    with running(app) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", "sk-live-key")
        yield store, url


def facts_in(store: Store) -> list[object]:
    memories = store.dump()["contact_memories"]
    assert isinstance(memories, list)
    return [memory["facts"] for memory in memories]


def applied(repository: Repository, url: str, *more: str) -> Called:
    return repository.run("-e", "live", "apply", "--api-url", url, "--yes", *more)


def test_apply_does_what_the_plan_showed(repository: Repository) -> None:
    called = repository.run("apply", "--yes")

    assert called.code == 0
    assert called.out.endswith("Cost: 1 request to read, 5 to write.\nApply complete: 4 operations done.\n")
    assert '"plan": "premium"' in repository.run("sandbox", "show", "--format", "json").out


def test_a_second_apply_has_nothing_to_do(repository: Repository) -> None:
    repository.run("apply", "--yes")

    assert repository.run("apply", "--yes").out.startswith("No changes for sandbox: 1 memory unchanged.")


def test_with_the_seed_calls_alone_a_second_apply_repeats_only_what_cannot_be_known(repository: Repository) -> None:
    repository.write("specs/support.yaml", BY_ID)
    with account(settings=Settings(seeds_only=True)) as (_, url):
        first, anew, third = applied(repository, url), applied(repository, url, "--refresh"), applied(repository, url)

    assert (first.code, anew.code, third.code) == (0, 0, 0)
    assert "Apply complete: 0 operations done and 1 already there." in anew.out
    assert "not checked" in anew.out
    assert third.out.startswith("No changes for live")
    assert "1 user not read again" in third.out


@pytest.mark.parametrize(
    "contact",
    ["phone_number: '+14155550192'", "external_id: crm-1", "email: a@b.co", "contact_id: c-1, metadata: {segment: a}"],
)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_an_account_without_contacts_calls_is_told_by_the_plan_and_before_any_write(
    repository: Repository, contact: str, command: tuple[str, ...]
) -> None:
    repository.write("specs/support.yaml", f"{OTHER_BY_ID}  sarah: {{{contact}, scopes: {{support: {{}}}}}}\n")
    with account(settings=Settings(seeds_only=True)) as (store, url):
        called = repository.run("-e", "live", "--api-url", url, *command)
        written = store.dump()["contact_memories"]

    assert (called.code, called.out, written) == (1, "", [])
    assert called.err.endswith(
        "error: specs/support.yaml:4:3 contacts.sarah: this account does not offer the contacts calls; "
        "declare the contact by contact_id, without name and metadata\n"
    )


def test_of_many_contacts_that_take_the_contacts_calls_a_hundred_are_named(repository: Repository) -> None:
    people = "".join(f"  c{n}: {{external_id: crm-{n}, scopes: {{support: {{}}}}}}\n" for n in range(120))
    repository.write("specs/support.yaml", f"{OTHER_BY_ID}{people}")
    with account(settings=Settings(seeds_only=True)) as (_, url):
        called = repository.run("-e", "live", "--api-url", url, "plan")

    assert called.err.count("error: specs/support.yaml:") == 100
    assert called.err.endswith("error: and 20 more; mend these first\n")


@pytest.mark.parametrize("status", [403, 404])
def test_an_account_that_only_does_not_list_contacts_creates_them(repository: Repository, status: int) -> None:
    refusal = faults.envelope_error(status, "FORBIDDEN" if status == 403 else "", "no listing")
    looking_up = [Rule(fault=refusal, path="/v1/contacts/find")] if status == 403 else []
    with account(Rule(fault=refusal, path="/v1/contacts"), *looking_up) as (store, url):
        called = applied(repository, url)
        written = store.dump()["contact_memories"]

    assert (called.code, len(written)) == (0, 1)  # type: ignore[arg-type]


def test_with_nothing_to_do_nobody_is_asked(repository: Repository) -> None:
    repository.write("specs/support.yaml", "scopes: {support: {persona_id: p}}")

    called = repository.run("apply", "--yes")

    assert (called.code, called.out) == (
        0,
        "No changes for sandbox.\nCost: 0 requests to read, 0 to write.\n",
    )


def test_where_nobody_can_be_asked_yes_must_be_said(repository: Repository) -> None:
    called = repository.run("apply")

    assert called.code == 1
    assert called.err == "error: this is no terminal, so nobody can be asked before anything is written; add --yes\n"
    assert not (repository.root / ".reconciler" / "ids.json").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 4), ("\n", 4)])
def test_the_answer_decides(repository: Repository, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: answer.strip())

    assert repository.run("apply").code == code


def test_a_dry_run_prints_each_request_and_sends_none(repository: Repository) -> None:
    called = repository.run("apply", "--dry-run")

    assert called.code == 0
    assert called.out.splitlines() == [
        "POST /v1/contacts/resolve",
        '    {"external_id": "crm-sarah"}',
        "POST /v1/memory/contact",
        '    {"contact_id": "{contact_id}", "persona_id": "persona-1"}',
        "PATCH /v1/memory/contact/{memory_id}/facts",
        '    {"facts": {"name": "Sarah", "plan": "premium"}}',
        "POST /v1/memory/{memory_id}/add-user",
        '    {"metadata": "from the spec", "phone_number": "+14155550192"}',
        "Dry run: 4 requests, none sent.",
    ]
    assert json.loads(repository.run("sandbox", "show", "--format", "json").out)["contact_memories"] == []


def test_a_dry_run_masks_what_it_would_send_back_of_the_live_side(repository: Repository) -> None:
    repository.write(
        "specs/support.yaml",
        "scopes: {s: {persona_id: p}}\ncontacts: {sarah: {contact_id: c, scopes: {s: {facts: {at: {city: Lima}}}}}}",
    )
    with account() as (store, url):
        live = {"at": {"city": "Quito", "street": "a private street"}}
        store.load({"contact_memories": [{"id": "mem-1", "contact_id": "c", "persona_id": "p", "facts": live}]})
        called = repository.run("-e", "live", "apply", "--api-url", url, "--dry-run", "--format", "json")

        assert facts_in(store) == [live]

    requests = json.loads(called.out)["requests"]
    assert [request["method"] for request in requests] == ["PATCH"]
    assert requests[0]["body"]["facts"]["at"]["city"] == "Lima"
    assert requests[0]["body"]["facts"]["at"]["street"]["masked"].startswith("hmac:")
    assert "private" not in called.out + called.err


def test_the_receipt_has_an_outcome_for_each_operation(repository: Repository) -> None:
    called = repository.run("apply", "--yes", "--receipt", "receipt.json", "--format", "json")
    receipt = json.loads(called.out)

    assert json.loads((repository.root / "receipt.json").read_text()) == receipt
    assert receipt["kind"] == "receipt"
    assert receipt["totals"] == {"done": 4, "already": 0, "skipped": 0, "failed": 0, "unknown": 0}
    assert [outcome["type"] for outcome in receipt["outcomes"]] == [
        "create_contact",
        "create_memory",
        "write_facts",
        "add_user",
    ]
    assert receipt["outcomes"][3]["address"] == 'contacts.sarah.scopes.support.users["+14155550192"]'


def test_a_key_that_may_not_create_contacts_is_not_taken_for_an_account_without_contacts(
    repository: Repository,
) -> None:
    refusal = faults.envelope_error(403, "FORBIDDEN", "not for this role")
    with account(Rule(fault=refusal, path="/v1/contacts/resolve")) as (_, url):
        called = applied(repository, url)

    assert called.code == 3
    assert "403" in called.out
    assert "does not offer the contacts calls" not in called.out


def test_a_receipt_that_cannot_be_written_stops_the_apply_before_it_starts(repository: Repository) -> None:
    called = repository.run("apply", "--yes", "--receipt", "nowhere/receipt.json")

    assert called.code == 1
    assert "cannot write nowhere/" in called.err
    assert json.loads(repository.run("sandbox", "show", "--format", "json").out)["contact_memories"] == []


def test_an_apply_that_is_incomplete_says_what_failed_and_exits_with_3(repository: Repository) -> None:
    refusal = faults.envelope_error(400, "BAD_REQUEST", "facts is required")
    with account(Rule(fault=refusal, method="PATCH")) as (_, url):
        called = applied(repository, url)

    assert called.code == 3
    assert (
        "failed   contacts.sarah.scopes.support (write_facts, specs/support.yaml:7): "
        "the API answered 400, BAD_REQUEST\n" in called.out
    )
    assert "Apply incomplete: 3 operations done and 1 failed.\n" in called.out
    assert "Run apply again to finish" in called.out


LOST = Rule(fault=faults.Drop(), path="*add-user", when="after", occurrences=frozenset({1}))


def test_a_lost_answer_is_settled_by_looking_where_the_account_lets_users_be_seen(repository: Repository) -> None:
    with account(LOST) as (store, url):
        called = applied(repository, url)

        assert len(store.dump()["contact_memories"][0]["users"]) == 1  # type: ignore[index]

    assert called.code == 0


def test_a_lost_answer_is_settled_by_sending_again_where_users_cannot_be_looked_up(repository: Repository) -> None:
    repository.write("specs/support.yaml", BY_ID)
    with account(LOST, settings=Settings(seeds_only=True)) as (store, url):
        called = applied(repository, url)

        assert len(store.dump()["contact_memories"][0]["users"]) == 1  # type: ignore[index]

    assert called.code == 0
    assert "sent again" in called.out


@pytest.mark.usefixtures("short_waits")
def test_a_lost_answer_is_else_unknown_and_the_next_apply_settles_it(repository: Repository) -> None:
    repository.write("specs/support.yaml", BY_ID)
    with account(replace(LOST, occurrences=frozenset(range(1, 7))), settings=Settings(seeds_only=True)) as (store, url):
        first, second = applied(repository, url), applied(repository, url)

        assert len(store.dump()["contact_memories"][0]["users"]) == 1  # type: ignore[index]

    assert (first.code, second.code) == (3, 0)
    assert "Unknown: the answer was lost" in first.out


def test_facts_that_the_api_does_not_keep_are_a_failure(repository: Repository) -> None:
    reply = faults.Reply(success({"facts": {"name": "Sarah", "plan": "trial"}}))
    with account(Rule(fault=reply, method="PATCH", when="after")) as (_, url):
        called = applied(repository, url)

    assert called.code == 3
    assert 'the API did not keep "plan" as sent' in called.out


def test_keys_that_no_spec_names_are_left_alone(repository: Repository) -> None:
    repository.write("specs/support.yaml", BY_ID)
    with account() as (store, url):
        live = {"learned": "in a call", "plan": "trial"}
        store.load(
            {"contact_memories": [{"id": "m", "contact_id": "c-sarah", "persona_id": "persona-1", "facts": live}]}
        )
        applied(repository, url)

        assert facts_in(store) == [{"learned": "in a call", "name": "Sarah", "plan": "premium"}]


def test_ids_learned_make_the_next_plan_certain(repository: Repository) -> None:
    repository.write(
        "specs/support.yaml",
        "scopes: {s: {persona_id: p}}\ncontacts: {sarah: {contact_id: c, scopes: {s: {}}}}",
    )
    before = json.loads(repository.run("plan", "--format", "json").out)
    repository.run("apply", "--yes")
    after = json.loads(repository.run("plan", "--format", "json").out)

    assert (before["summary"]["uncertain"], after["summary"]["uncertain"]) == (1, 0)
    assert after["summary"]["memories_unchanged"] == 1


def test_ids_of_memories_that_are_gone_are_not_believed(repository: Repository) -> None:
    repository.run("apply", "--yes")
    repository.run("sandbox", "reset", "--yes")

    assert repository.run("plan", "--detailed-exitcode").code == 2
    assert repository.run("apply", "--yes").code == 0


@pytest.mark.parametrize("cache", ["", "not json", "[]", '{"format_version": "9.0", "environments": 1}'])
def test_a_broken_cache_of_ids_is_passed_over(repository: Repository, cache: str) -> None:
    repository.write(".reconciler/ids.json", cache)

    assert repository.run("apply", "--yes").code == 0


def test_a_cache_that_cannot_be_kept_is_a_warning(repository: Repository) -> None:
    (repository.root / ".reconciler" / "ids.json").mkdir(parents=True)
    with account() as (_, url):
        called = applied(repository, url)

    assert called.code == 0
    assert "warning: memory ids are not remembered" in called.err


SPACED = """\
scopes: {support: {persona_id: persona-1}}
contacts:
  sarah:
    external_id: crm-sarah
    name: " Sarah "
    scopes:
      support:
        facts: {plan: " premium ", size: 5}
        users: [{phone_number: +14155550192, metadata: " vip "}]
"""


def test_what_the_account_changes_is_told_with_what_came_back_and_no_run_is_advised(repository: Repository) -> None:
    repository.write("specs/support.yaml", SPACED)
    with account(settings=Settings(texts="trimmed")) as (_, url):
        first = applied(repository, url, "--write", "json=receipt.json")
        second = applied(repository, url)
    outcomes = json.loads((repository.root / "receipt.json").read_text())["outcomes"]

    assert (first.code, second.code) == (3, 3)
    for called in (first, second):
        assert called.out.count("another run will not help: ") == 3
        assert '"plan" came back as (live text, 1-8 characters)' in called.out
        assert '"metadata" came back as (live text, 1-8 characters)' in called.out
        assert "declare it as the account keeps it" in called.out
        assert "Run apply again to finish" not in called.out
    assert [[item["key"] for item in outcome.get("altered", [])] for outcome in outcomes] == [
        ["name"],
        [],
        ["plan"],
        ["metadata"],
    ]


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("path", ["/v1/contacts/resolve", "/v1/memory/contact", "*facts", "*add-user"])
def test_a_write_that_is_answered_with_nothing_is_settled_by_looking_once(
    repository: Repository, path: str, status: int
) -> None:
    nothing = Rule(fault=faults.Reply(Answer(status=status, body=b"")), path=path, when="after")
    with account(nothing) as (store, url):
        called = applied(repository, url)

        assert facts_in(store) == [{"name": "Sarah", "plan": "premium"}]

    assert called.code == 0
    assert "Apply complete" in called.out
    assert "waiting" not in called.err


@pytest.mark.parametrize(
    ("path", "before"), [("*user/update", "metadata: from the spec"), ("*contacts/*", "name: Someone")]
)
def test_an_update_that_is_answered_with_nothing_is_settled_by_looking_once(
    repository: Repository, path: str, before: str
) -> None:
    spec = SPEC.replace("    external_id: crm-sarah", "    external_id: crm-sarah\n    name: Someone")
    repository.write("specs/support.yaml", spec)
    nothing = Rule(fault=faults.Reply(Answer(status=204, body=b"")), path=path, when="after")
    writing = replace(nothing, method="PATCH") if "contacts" in path else nothing
    with account(writing) as (_, url):
        applied(repository, url)
        repository.write("specs/support.yaml", spec.replace(before, f"{before} anew"))
        called = applied(repository, url)
        plan = repository.run("-e", "live", "plan", "--api-url", url, "--detailed-exitcode")

    assert (called.code, plan.code) == (0, 0)
    assert "1 operation done" in called.out
    assert "waiting" not in called.err


def test_what_was_learned_while_somebody_was_asked_is_not_overwritten(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("specs/support.yaml", BY_ID)
    with account() as (store, url):
        applied(repository, url)
        repository.write("specs/support.yaml", BY_ID.replace("premium", "gold"))
        (known,) = store.memories.everything()

        def confirmed(*_: object, **__: object) -> bool:
            store.learn_facts(str(known["id"]), {"plan": "learned"})
            return True

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("click.confirm", confirmed)
        called = repository.run("-e", "live", "apply", "--api-url", url)

    assert called.code == 3
    assert "changed since the plan" in called.out
    assert "2 to write" in called.out
    assert facts_in(store) == [{"name": "Sarah", "plan": "learned"}]
