import json

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import Repository

SARAH = {
    "id": "c-sarah",
    "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-sarah"}],
}


def test_a_plan_of_a_new_account_says_what_apply_would_do(repository: Repository) -> None:
    called = repository.run("plan")

    assert called.code == 0
    assert called.err == ""
    assert called.out.splitlines() == [
        "contacts.sarah",
        '  + contact (external_id "crm-sarah")  specs/support.yaml:4',
        "",
        "contacts.sarah.scopes.support",
        "  + memory                                        specs/support.yaml:7",
        '  + name: "Sarah"                                 specs/support.yaml:8',
        '  + plan: "premium"                               specs/support.yaml:8',
        '  + user +14155550192 (metadata "from the spec")  specs/support.yaml:10',
        "",
        ("Plan for sandbox: 1 contact to create, 1 memory to create, 2 facts to add and 1 user to add."),
        "Cost: 1 request to read, 5 to write.",
    ]


@pytest.mark.parametrize("output_format", ["text", "json", "html", "sarif"])
def test_an_external_memory_key_that_was_changed_later_is_told_where_notices_are_and_is_no_pending_change(
    repository: Repository, output_format: str
) -> None:
    spec = (repository.root / "specs/support.yaml").read_text()
    repository.write("specs/support.yaml", spec.replace("spec}", "spec, external_memory_key: crm-1}"))
    assert repository.run("apply", "--yes").code == 0
    repository.write("specs/support.yaml", spec.replace("spec}", "spec, external_memory_key: crm-2}"))
    called = repository.run("plan", "--detailed-exitcode", "--format", output_format)

    assert called.code == 0
    assert "unconfirmed_key" in called.out
    if output_format == "text":
        assert "No changes" in called.out
        assert (
            "the account does not show the declared external_memory_key of 1 user in contacts.sarah.scopes.support: "
            "only adding a user sets it (unconfirmed_key)"
        ) in called.out


SEEDS_ONLY_SPEC = """\
scopes: {support: {persona_id: persona-1}}
contacts:
  sarah:
    contact_id: c-sarah
    scopes:
      support:
        facts: {name: Sarah}
        users: [{phone_number: +14155550192}]
"""


def test_with_the_seed_calls_alone_a_plan_says_what_it_cannot_know(repository: Repository) -> None:
    repository.write("specs/support.yaml", SEEDS_ONLY_SPEC)
    with running(create_app(Store(), Settings(seeds_only=True))) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", "k")
        called = repository.run("-e", "live", "plan", "--detailed-exitcode", "--api-url", url)

    assert called.code == 2
    assert called.err.startswith("contacts cannot be listed here (the API answered 404")
    assert called.err.count("\n") == 1
    assert [line.split("  specs")[0].rstrip() for line in called.out.splitlines() if line.startswith("  ")] == [
        "  ? memory, if there is none",
        '  + name: "Sarah"',
        "  ? user +14155550192, if not there",
    ]
    assert "Not certain (?): 2 operations." in called.out
    assert "Note: 1 contact or user in contacts.sarah.scopes.support cannot be looked up (unverifiable)." in called.out


def test_pending_changes_have_an_exit_code_of_their_own_when_asked(repository: Repository) -> None:
    assert repository.run("plan", "--detailed-exitcode").code == 2


def test_without_pending_changes_the_exit_code_is_0(repository: Repository) -> None:
    repository.run("apply", "--yes")
    called = repository.run("plan", "--detailed-exitcode")

    assert called.code == 0
    assert "No changes for sandbox: 1 memory unchanged." in called.out


def test_the_json_plan_has_the_documented_shape(repository: Repository) -> None:
    plan = json.loads(repository.run("plan", "--format", "json").out)

    assert plan["format_version"] == "1.0"
    assert (plan["kind"], plan["environment"], plan["api"]) == ("plan", "sandbox", "sandbox")
    assert plan["specs_digest"].startswith("sha256:")
    assert plan["summary"] == {
        "contacts_to_create": 1,
        "contacts_to_update": 0,
        "memories_to_create": 1,
        "facts_to_add": 2,
        "facts_to_update": 0,
        "users_to_add": 1,
        "users_to_update": 0,
        "memories_unchanged": 0,
        "facts_unmanaged": 0,
        "uncertain": 0,
    }
    assert plan["cost"] == {"requests_read": 1, "requests_to_write": 5, "seconds_at_rate_limit": 0}
    assert plan["operations"][2] == {
        "type": "write_facts",
        "address": "contacts.sarah.scopes.support",
        "certain": True,
        "memory_id": None,
        "source": {"file": "specs/support.yaml", "line": 7},
        "facts": [
            {
                "key": key,
                "action": "add",
                "path": [key],
                "after": value,
                "source": {"file": "specs/support.yaml", "line": 8},
            }
            for key, value in (("name", "Sarah"), ("plan", "premium"))
        ],
    }
    assert plan["notices"] == []


@pytest.mark.parametrize("output_format", ["text", "json"])
def test_live_values_are_masked_where_the_output_is_not_the_operators_terminal(
    repository: Repository, output_format: str
) -> None:
    store = Store()
    live = {"name": "Sarah", "plan": "a private plan", "learned": "another"}
    store.load(
        {
            "contacts": [SARAH],
            "contact_memories": [{"id": "mem-1", "contact_id": "c-sarah", "persona_id": "persona-1", "facts": live}],
        }
    )
    with running(create_app(store)) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", "k")
        called = repository.run("-e", "live", "plan", "--api-url", url, "--format", output_format)

    assert called.code == 0
    assert ("hmac:" in called.out) == (output_format == "json")
    assert "private" not in called.out + called.err
    assert "another" not in called.out + called.err


def test_a_saved_plan_is_the_json_plan(repository: Repository) -> None:
    called = repository.run("plan", "--out", "plan.json")
    saved = json.loads((repository.root / "plan.json").read_text())

    assert called.out.startswith("contacts.sarah\n")
    assert saved["kind"] == "plan"


def test_a_plan_that_cannot_be_saved_is_one_clear_line(repository: Repository) -> None:
    called = repository.run("plan", "--out", "nowhere/plan.json")

    assert called.code == 1
    assert called.err == (
        "error: cannot write nowhere/plan.json: No such file or directory; "
        "make the folder nowhere, or name another file\n"
    )


def test_a_target_narrows_the_plan_and_says_what_was_not_read(repository: Repository) -> None:
    repository.write("specs/more.yaml", "contacts: {jon: {contact_id: c-jon, scopes: {support: {facts: {a: b}}}}}")
    called = repository.run("plan", "--target", "contacts.jon")

    assert "contacts.sarah" not in called.out
    assert "Note: 1 memory not chosen, so not read (not_read)." in called.out


@pytest.mark.parametrize(
    ("target", "cure"),
    [
        ("contacts.nobody", "; known here: contacts.sarah"),
        ("sara", '; did you mean "contacts.sarah"?'),
        ("sar", '; did you mean "contacts.sarah"?'),
        ("contacts.sara.scopes.support", '; did you mean "contacts.sarah"?'),
        ("contacts.sarah.scopes.sales", '; did you mean "contacts.sarah.scopes.support"?'),
        ("sarah.scopes.support.facts.plam", '; did you mean "contacts.sarah.scopes.support.facts.plan"?'),
        (
            "contacts.sarah.scopes.support.facts.plan.b.c",
            "; name the whole fact, contacts.sarah.scopes.support.facts.plan",
        ),
        ("sarah.scopes.support.facts.plans", '; did you mean "contacts.sarah.scopes.support.facts.plan"?'),
    ],
)
def test_a_target_that_names_nothing_is_an_error(repository: Repository, target: str, cure: str) -> None:
    called = repository.run("plan", "--target", target)

    assert (called.code, called.err) == (1, f"error: --target {target} names nothing that is declared{cure}\n")


@pytest.mark.parametrize("target", ["sarah", "sar*", "sarah.scopes.support"])
def test_the_bare_name_of_a_contact_is_a_target(repository: Repository, target: str) -> None:
    whole = repository.run("plan", "--target", f"contacts.{target}", "--format", "json")
    bare = repository.run("plan", "--target", target, "--format", "json")

    assert whole.code == bare.code == 0
    assert json.loads(bare.out)["operations"] == json.loads(whole.out)["operations"] != []


def test_plan_writes_nothing_to_the_account(repository: Repository) -> None:
    app = create_app(Store())
    with running(app) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", "k")
        repository.run("-e", "live", "plan", "--api-url", url)

    assert [entry.path for entry in app.state.log] == ["/v1/contacts/find"]
    assert not any(entry.mutates or entry.committed for entry in app.state.log)


def test_single_keys_can_be_revealed_for_everyone(repository: Repository) -> None:
    repository.run("apply", "--yes")
    spec = (repository.root / "specs/support.yaml").read_text()
    repository.write("specs/support.yaml", spec.replace("premium", "trial"))

    assert '"premium" → "trial"' in repository.run("plan", "--reveal", "pl*").out
    assert '"premium" → "trial"' not in repository.run("plan", "--reveal", "other").out


@pytest.mark.usefixtures("short_waits")
def test_githubs_runner_is_asked_to_mask_the_key_and_nobody_else_sees_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "hush%hush")
    arguments = ("plan", "--api-url", "http://127.0.0.1:1")

    assert "hush" not in repository.run(*arguments).err

    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = repository.run(*arguments)

    assert said.err.splitlines()[0] == "::add-mask::hush%25hush"
    assert "hush" not in said.out + said.err.partition("\n")[2]


def test_digests_can_have_a_key_of_their_own(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest() -> str:
        before: str = json.loads(repository.run("plan", "--format", "json").out)["operations"][0]["facts"][0]["before"]
        return before

    repository.run("apply", "--yes")
    spec = (repository.root / "specs/support.yaml").read_text()
    repository.write("specs/support.yaml", spec.replace("premium", "trial"))
    first = digest()
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "another and long enough")

    assert digest() != first


@pytest.mark.parametrize("output_format", ["text", "markdown", "summary", "html", "sarif"])
def test_no_sentence_is_about_0_memories(repository: Repository, output_format: str) -> None:
    repository.write("specs/support.yaml", "contacts: {x: {contact_id: nobody, name: Ann}}")
    called = repository.run("plan", "--format", output_format)

    assert called.code == 0
    assert "contacts.x" in called.out
    assert "0 memories" not in called.out
