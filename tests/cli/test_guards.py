"""Guards and the expected account, as the operator meets them."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from reconciler.sandbox.app import Logged, create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import Called, Repository

SPEC = """\
scopes: {s: {persona_id: p}}
contacts:
  ann: {contact_id: id-ann, scopes: {s: {facts: {plan: premium, city: Oslo}}}}
  bob: {contact_id: id-bob, scopes: {s: {facts: {plan: premium}}}}
"""


@pytest.fixture
def guarded(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    repository.write("specs/support.yaml", SPEC)
    return repository


def configure(repository: Repository, more: str) -> None:
    environment = f'live: {{api: "http://127.0.0.1:1", api_key_env: TEST_KEY, {more}}}'
    repository.write("reconciler.yaml", f"version: 1\nenvironments:\n  {environment}\n")


@contextmanager
def account(settings: Settings | None = None) -> Iterator[tuple[str, deque[Logged]]]:
    """Serve an account in which both have another plan; gives its URL and the requests that it got."""
    store = Store()
    memories = [
        {"id": f"mem-{name}", "contact_id": f"id-{name}", "persona_id": "p", "facts": {"plan": "trial"}}
        for name in ("ann", "bob")
    ]
    contacts = [{"id": f"id-{name}", "identifiers": []} for name in ("ann", "bob")]
    store.load({"contacts": contacts, "contact_memories": memories})
    app = create_app(store, settings or Settings())
    with running(app) as url:
        yield url, app.state.log


def written(log: deque[Logged]) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in log if entry.mutates]


def called(repository: Repository, url: str, command: str, *more: str) -> Called:
    return repository.run(command, "--api-url", url, *more)


@pytest.mark.parametrize(
    ("guards", "said"),
    [
        ("max_changes: 2", "refused: 3 changes, and max_changes is 2;"),
        (
            "max_update_share: 0.5",
            "refused: 100 % of the live enforced facts would be overwritten, and max_update_share is 0.5;",
        ),
        ("max_new_keys: 0", "refused: 1 key that no memory has (city), and max_new_keys is 0;"),
    ],
)
def test_plan_shows_all_and_then_says_that_apply_would_be_refused_and_apply_is(
    guarded: Repository, guards: str, said: str
) -> None:
    configure(guarded, f"guards: {{{guards}}}")
    with account() as (url, log):
        planned = called(guarded, url, "plan", "--detailed-exitcode", "--out", "plan.json")
        dry = called(guarded, url, "apply", "--dry-run")
        applied = called(guarded, url, "apply", "--yes")

    assert [item.code for item in (planned, dry, applied)] == [4, 4, 4]
    assert all(said in item.err for item in (planned, dry, applied))
    assert 'plan: "trial"' in planned.out or "city" in planned.out
    assert "Apply refuses this: " in planned.out
    assert "PATCH" in dry.out
    assert written(log) == []
    (guard,) = json.loads((guarded.root / "plan.json").read_text())["guards"]
    assert guard["name"] == guards.partition(":")[0]
    assert guarded.run("show", "plan.json", "--format", "json").out == (guarded.root / "plan.json").read_text()
    assert guarded.run("show", "plan.json", "--format", "markdown").out.count("Apply refuses this") == 1


def test_a_guard_is_raised_for_one_run_and_not_silently(guarded: Repository) -> None:
    configure(guarded, "guards: {max_changes: 2}")
    with account() as (url, log):
        planned = called(guarded, url, "plan", "--max-changes", "3")
        applied = called(guarded, url, "apply", "--yes", "--max-changes", "3")
        assert called(guarded, url, "plan").code == 0

    said = "guard: max_changes of live is raised from 2 to 3 for this run (--max-changes)\n"
    assert (planned.code, applied.code) == (0, 0)
    assert planned.err == said
    assert said in applied.err
    assert len(written(log)) == 2


@pytest.mark.parametrize(
    ("usual", "said"),
    [
        (2, "guard: max_changes of live is raised from 2 to 3 for this run (--max-changes)\n"),
        (3, ""),
        (4, "guard: max_changes of live is lowered from 4 to 3 for this run (--max-changes)\n"),
    ],
)
def test_a_guard_that_a_flag_leaves_as_it_is_was_not_changed(guarded: Repository, usual: int, said: str) -> None:
    configure(guarded, f"guards: {{max_changes: {usual}}}")
    with account() as (url, _):
        planned = called(guarded, url, "plan", "--max-changes", "3")

    assert (planned.code, planned.err) == (0, said)


def test_a_flag_is_a_guard_where_the_environment_has_none(guarded: Repository) -> None:
    configure(guarded, "concurrency: 1")
    with account() as (url, _):
        planned = called(guarded, url, "plan", "--max-update-share", "0.9", "--max-new-keys", "1")

    assert planned.code == 4
    assert planned.err.count("\n") == 1
    assert planned.err.endswith("raise it for one run with --max-update-share 1\n")


def test_several_guards_are_raised_by_the_one_hint_of_the_first_line(guarded: Repository) -> None:
    configure(guarded, "guards: {max_changes: 2, max_update_share: 0.5, max_new_keys: 0}")
    with account() as (url, _):
        refused = called(guarded, url, "plan")
        hint, *others = refused.err.splitlines()
        flags = hint.partition("raise them all for one run with ")[2].split()
        raised = called(guarded, url, "plan", *flags)

    assert refused.code == 4
    assert flags == ["--max-changes", "3", "--max-update-share", "1", "--max-new-keys", "1"]
    assert [line.rpartition(" is ")[2] for line in others] == ["0.5", "0"]
    assert raised.code == 0


def test_a_guard_that_is_not_exceeded_says_nothing(guarded: Repository) -> None:
    configure(guarded, "guards: {max_changes: 3, max_update_share: 1, max_new_keys: 1}")
    with account() as (url, _):
        planned = called(guarded, url, "plan", "--format", "json")

    assert (planned.code, planned.err) == (0, "")
    assert "guards" not in json.loads(planned.out)


def test_guards_hold_for_a_plan_against_a_snapshot_too(guarded: Repository) -> None:
    configure(guarded, "guards: {max_new_keys: 0}")
    with account() as (url, _):
        called(guarded, url, "snapshot", "--out", "live.json")
        planned = called(guarded, url, "plan", "--live", "live.json")

    assert planned.code == 4
    assert "(city)" in planned.err


@pytest.mark.parametrize("guards", ["{max_changes: -1}", "{max_update_share: 30}", "{max_chnges: 1}"])
def test_a_guard_that_cannot_be_is_told_with_its_place(guarded: Repository, guards: str) -> None:
    configure(guarded, f"guards: {guards}")

    planned = guarded.run("plan")

    assert planned.code == 1
    assert planned.err.startswith("error: reconciler.yaml:3:")


def test_a_reviewed_plan_is_measured_as_it_was_seen_and_held_against_the_limits_of_now(guarded: Repository) -> None:
    """A saved plan reads bob alone, of whose memory `city` is new; but ann's has it."""
    guarded.write("specs/support.yaml", SPEC.replace("{plan: premium, city: Oslo}", "{city: Oslo, plan: trial}"))
    configure(guarded, "guards: {max_update_share: 0.5, max_new_keys: 1}")
    with account() as (url, log):
        assert called(guarded, url, "plan", "--out", "plan.json").code == 0
        lower = called(guarded, url, "apply", "plan.json", "--yes", "--max-update-share", "0.4")
        assert written(log) == []
        applied = called(guarded, url, "apply", "plan.json", "--yes")

    measures = json.loads((guarded.root / "plan.json").read_text())["measures"]
    assert measures == {"changes": 2, "facts_to_update": 1, "enforced_facts_live": 2, "new_keys": ["city"]}
    assert (lower.code, applied.code) == (4, 0)
    assert "50 % of the live enforced facts" in lower.err
    assert len(written(log)) == 2


def test_a_reviewed_plan_does_not_take_for_new_what_it_does_not_read_again(guarded: Repository) -> None:
    spec = SPEC.replace("{plan: premium, city: Oslo}", "{city: Oslo, plan: trial}")
    guarded.write("specs/support.yaml", spec)
    configure(guarded, "guards: {max_changes: 9}")
    with account() as (url, _):
        assert called(guarded, url, "apply", "--yes").code == 0
        guarded.write("specs/support.yaml", spec.replace("{facts: {plan: premium}}", "{facts: {city: Rome}}"))
        configure(guarded, "guards: {max_new_keys: 0}")
        assert called(guarded, url, "plan", "--out", "plan.json").code == 0
        applied = called(guarded, url, "apply", "plan.json", "--yes")

    assert (applied.code, applied.err.count("refused")) == (0, 0)


def test_the_expected_account_is_looked_at_before_anything_else(guarded: Repository) -> None:
    configure(guarded, "expect_account: {contact_id: id-ann}")
    with account() as (url, log):
        assert called(guarded, url, "apply", "--yes").code == 0

    assert (log[0].method, log[0].path) == ("GET", "/v1/contacts/id-ann")


def test_the_cost_of_the_plan_counts_the_look_at_the_account(guarded: Repository) -> None:
    with account() as (url, _):
        configure(guarded, "concurrency: 1")
        assert "Cost: 1 request to read" in called(guarded, url, "plan").out
        configure(guarded, "expect_account: {contact_id: id-ann}")
        assert "Cost: 2 requests to read" in called(guarded, url, "plan").out


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("apply", "--dry-run"), ("snapshot",)])
def test_another_account_is_refused_before_anything_else_is_read(guarded: Repository, command: tuple[str, ...]) -> None:
    configure(guarded, "expect_account: {contact_id: id-zoe}")
    with account() as (url, log):
        refused = called(guarded, url, *command)

    assert (refused.code, refused.out) == (4, "")
    assert "this is not the account of expect_account: it has no contact id-zoe" in refused.err
    assert [entry.path for entry in log] == ["/v1/contacts/id-zoe"]


def organization_of(url: str) -> str:
    answer = httpx.get(f"{url}/v1/contacts", headers={"authorization": "k"}).json()
    return str(answer["data"][0]["org_id"])


@pytest.mark.parametrize("contact", ["", "contact_id: id-ann, "])
def test_the_organisation_is_that_of_the_accounts_contacts(guarded: Repository, contact: str) -> None:
    with account() as (url, log):
        configure(guarded, f"expect_account: {{{contact}organization: {organization_of(url)}}}")
        right = called(guarded, url, "plan")
        configure(guarded, f"expect_account: {{{contact}organization: org-staging}}")
        before = len(log)
        wrong = called(guarded, url, "plan")

    assert (right.code, wrong.code) == (0, 4)
    assert "its contacts are not of the organisation org-staging" in wrong.err
    assert len(log) == before + 1


def test_the_organisation_of_an_account_without_contacts_cannot_be_seen_and_is_refused(guarded: Repository) -> None:
    configure(guarded, "expect_account: {organization: org-1}")
    with running(create_app(Store(), Settings())) as url:
        refused = called(guarded, url, "apply", "--yes")

    assert refused.code == 4
    assert "no contact of this account shows its organisation; write expect_account.digest instead" in refused.err


@pytest.mark.parametrize("expected", ["contact_id: id-ann", "organization: org-1"])
def test_where_the_account_offers_no_way_to_tell_it_is_refused(guarded: Repository, expected: str) -> None:
    configure(guarded, f"expect_account: {{{expected}}}")
    with account(Settings(seeds_only=True)) as (url, log):
        refused = called(guarded, url, "apply", "--yes")

    assert refused.code == 4
    assert "this account offers no contacts calls" in refused.err
    assert "write expect_account.digest instead" in refused.err
    assert len(log) == 1


def test_a_digest_needs_no_call_and_the_refusal_tells_it(guarded: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(guarded, "expect_account: {digest: ask}")
    with account(Settings(seeds_only=True)) as (url, log):
        asked = called(guarded, url, "plan")
        assert list(log) == []
        digest = asked.err.partition("which is ")[2].partition(";")[0]
        configure(guarded, f'expect_account: {{digest: "{digest}"}}')
        right = called(guarded, url, "apply", "--yes")
        monkeypatch.setenv("TEST_KEY", "sk-other-key")
        before = len(log)
        wrong = called(guarded, url, "apply", "--yes")

    assert (asked.code, right.code, wrong.code) == (4, 0, 4)
    assert digest.startswith("hmac:")
    assert "sk-" not in asked.err + wrong.err
    assert len(log) == before


def test_a_digest_is_of_the_url_as_well(guarded: Repository) -> None:
    configure(guarded, "expect_account: {digest: ask}")

    told = [called(guarded, f"http://127.0.0.1:{port}", "plan").err for port in (1, 2)]
    slash = called(guarded, "http://127.0.0.1:1/", "plan").err

    assert told[0] != told[1]
    assert slash == told[0]


def test_the_wrong_key_is_told_as_such(guarded: Repository) -> None:
    configure(guarded, "expect_account: {contact_id: id-ann}")
    with account(Settings(key="another")) as (url, _):
        refused = called(guarded, url, "plan")

    assert refused.code == 1
    assert "TEST_KEY" in refused.err


def test_to_expect_nothing_is_a_mistake(guarded: Repository) -> None:
    configure(guarded, "expect_account: {}")

    refused = guarded.run("plan")

    assert refused.code == 1
    assert "nothing is expected; add contact_id, organization or digest" in refused.err
