import json
from typing import Any

import pytest

from tests.cli.conftest import SPEC, Repository
from tests.cli.test_base import git

SECRETS = """\
version: 1
secrets: [TOK, OTHER]
environments: {live: {api: "https://api.bland.ai"}}
"""


@pytest.fixture
def history(repository: Repository) -> Repository:
    """Give a repository whose specs are committed; no account was ever opened."""
    repository.write("reconciler.yaml", SECRETS)
    git(repository, "init", "--initial-branch", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "first")
    return repository


def differences(repository: Repository, *arguments: str) -> Any:
    called = repository.run("diff", "--format", "json", *arguments)
    assert called.code == 0, called.err
    return json.loads(called.out)


def notices(document: Any) -> dict[str, list[str]]:
    return {one["type"]: one.get("keys", []) for one in document["notices"]}


def test_what_is_not_committed_is_shown_without_account_key_or_state(history: Repository) -> None:
    assert history.run("diff", "--detailed-exitcode").code == 0
    history.write("specs/support.yaml", SPEC.replace("premium", "gold"))
    called = history.run("diff", "--detailed-exitcode")

    assert called.code == 2
    assert called.err == ""
    assert called.out == (
        "contacts.sarah.scopes.support\n"
        '  ~ plan: "premium" → "gold"  specs/support.yaml:8\n'
        "\n"
        "Diff of live since HEAD: 1 fact to update.\n"
        "This compares the specs alone: no account was read.\n"
    )
    assert not (history.root / ".reconciler").exists()


def test_a_branch_is_compared_with_the_revision_that_is_named(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("premium", "gold"))
    git(history, "commit", "-am", "second")

    assert differences(history)["operations"] == []
    document = differences(history, "HEAD~1")
    assert [(one["before"], one["after"]) for one in document["operations"][0]["facts"]] == [("premium", "gold")]
    assert (document["kind"], document["base"]) == ("diff", "HEAD~1")


def test_a_secret_is_never_read_and_stays_its_reference(history: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOK", "the-secret-itself")
    history.write(
        "specs/support.yaml", SPEC.replace("premium", "'${env:TOK}'").replace("from the spec", "'${env:TOK}'")
    )
    text = history.run("diff").out
    git(history, "commit", "-am", "second")
    history.write("specs/support.yaml", SPEC.replace("premium", "'${env:OTHER}'").replace("crm-sarah", "'${env:TOK}'"))

    assert "the-secret-itself" not in text
    assert '~ plan: (secret text, 1-8 characters) → "${env:TOK}"' in text, "what stood there may be the secret"
    assert 'metadata: (secret text, 9-32 characters) → "${env:TOK}"' in text
    assert '+ contact (external_id "${env:TOK}")' in history.run("diff").out
    history.write("specs/support.yaml", SPEC.replace("premium", "'${env:OTHER}'"))
    assert '~ plan: "${env:TOK}" → "${env:OTHER}"' in history.run("diff").out


@pytest.mark.parametrize("hidden_at", ["before", "after"])
def test_a_key_that_either_side_calls_sensitive_is_hidden(history: Repository, hidden_at: str) -> None:
    def catalogue(*, is_sensitive: bool) -> str:
        return f"fact_keys: {{name: {{}}, plan: {{type: string, sensitive: {str(is_sensitive).lower()}}}}}\n"

    history.write("specs/keys.yaml", catalogue(is_sensitive=hidden_at == "before"))
    git(history, "add", ".")
    git(history, "commit", "-m", "keys")
    history.write("specs/keys.yaml", catalogue(is_sensitive=hidden_at == "after"))
    history.write("specs/support.yaml", SPEC.replace("premium", "gold-plated"))

    for output_format in ("text", "json", "markdown", "summary", "github", "junit", "sarif", "html"):
        out = history.run("diff", "--format", output_format).out
        assert "gold-plated" not in out
        assert "premium" not in out


def test_what_the_specs_no_longer_declare_is_listed(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("name: Sarah, ", "").replace(", metadata: from the spec", ""))
    assert notices(differences(history)) == {"retained": ["facts.name", 'users["+14155550192"].metadata']}

    history.write("specs/support.yaml", "scopes: {support: {persona_id: persona-1}}\n")
    assert notices(differences(history)) == {"undeclared": ["contact", "scopes.support"]}
    called = history.run("diff", "--detailed-exitcode")
    assert called.code == 2
    assert "Nothing to add or update in live since HEAD." in called.out

    history.write("specs/support.yaml", SPEC.replace("persona-1", "persona-2"))
    document = differences(history)
    assert notices(document) == {"undeclared": ["memory"]}
    assert [one["type"] for one in document["operations"]] == ["create_memory", "write_facts", "add_user"]


def test_renaming_a_contact_is_no_difference(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("  sarah:", "  sarah-chen:"))
    document = differences(history)

    assert (document["operations"], document["notices"]) == ([], [])


def test_another_policy_is_told_and_another_seed_is_not_certain(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("facts:", "seed_facts:"))
    assert notices(differences(history)) == {"now_seeded": ["name", "plan"]}
    git(history, "commit", "-am", "seeds")

    history.write("specs/support.yaml", SPEC.replace("facts:", "seed_facts:").replace("premium", "gold"))
    (operation,) = differences(history)["operations"]
    assert (operation["certain"], operation["facts"][0]["after"]) == (False, "gold")
    assert history.run("diff", "--detailed-exitcode").code == 2

    history.write("specs/support.yaml", SPEC)
    assert notices(differences(history)) == {"now_enforced": ["name", "plan"]}


def test_a_target_narrows_both_sides(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("name: Sarah", "name: Sara").replace(", plan: premium", ""))
    document = differences(history, "--target", "contacts.sarah.scopes.support.facts.plan")

    assert document["operations"] == []
    assert notices(document) == {"not_read": [], "retained": ["facts.plan"]}
    assert history.run("diff", "--target", "sara").err.endswith(
        'names nothing that is declared; did you mean "contacts.sarah"?\n'
    )


def test_all_is_new_where_the_revision_has_no_project_or_no_such_environment(history: Repository) -> None:
    project = SECRETS.replace("{live:", "{staging: {api: sandbox}, live:")
    history.write("reconciler.yaml", project)
    called = history.run("-e", "staging", "diff")
    assert called.err == "warning: the environment staging is not there at HEAD, so all that is declared is new\n"
    assert "1 contact to create, 1 memory to create, 2 facts to add and 1 user to add" in called.out

    git(history, "mv", "reconciler.yaml", "other.yaml")
    git(history, "commit", "-m", "moved")
    history.write("reconciler.yaml", SECRETS)
    called = history.run("diff")
    assert called.err == "warning: reconciler.yaml is not there at HEAD, so all that is declared is new\n"


def test_specs_that_cannot_be_used_are_an_error_on_either_side(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("facts:", "fact:"))
    git(history, "commit", "-am", "broken")
    assert history.run("diff").code == 1
    history.write("specs/support.yaml", SPEC)
    called = history.run("diff")

    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("error: the specs at HEAD cannot be used: specs/support.yaml:8:9 contacts.sarah")
    assert history.run("diff", "nowhere").err.startswith("error: nowhere: git knows no such revision here; fetch it")


def test_a_diff_can_be_shown_again_and_never_applied(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("premium", "gold"))
    text = history.run("diff", "--write", "json=diff.json").out

    assert history.run("show", "diff.json").out == text
    refused = history.run("apply", "diff.json", "--yes")
    assert refused.code == 1
    assert "diff.json is a diff, not a saved plan; `reconciler plan --out FILE` saves one" in refused.err


@pytest.mark.parametrize(
    ("old", "new", "options"),
    [
        ("  sarah:", "  sarah-chen:", ("--target", "sarah-chen")),
        ("  sarah:", "  sarah-chen:", ("--exclude", "sarah")),
        ("support:", "help:", ("--target", "*.scopes.help")),
        ("support:", "help:", ("--exclude", "*.scopes.support")),
    ],
)
def test_options_mean_the_names_of_now_so_that_a_new_name_changes_nothing(
    history: Repository, old: str, new: str, options: tuple[str, str]
) -> None:
    history.write("specs/support.yaml", SPEC.replace(old, new))
    document = differences(history, *options)

    assert (document["operations"], document["notices"]) == ([], [])
