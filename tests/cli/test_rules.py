"""Rules as the operator meets them: what is judged when, what refuses, and what `--allow` raises."""

import json

import pytest
from click.shell_completion import ShellComplete

from reconciler.cli.main import group
from tests.cli.conftest import SPEC, Repository

KEEPS = """\
rules:
  premium-stays:
    for: change
    where: key == "plan" && before == "premium"
    require: after == "premium"
    message: premium is paid for
"""
HAS_ZONE = """\
rules:
  has-zone:
    for: memory
    require: '"zone" in facts'
    message: a zone is needed
"""


@pytest.fixture
def applied(repository: Repository) -> Repository:
    """Return a repository whose sandbox holds what it declares."""
    assert repository.run("apply", "--yes").code == 0
    return repository


def downgrade(repository: Repository) -> None:
    repository.write("specs/support.yaml", SPEC.replace("premium", "trial"))


def test_a_refused_change_exits_with_4_and_nothing_is_written(applied: Repository) -> None:
    applied.write("specs/rules.yaml", KEEPS)
    downgrade(applied)

    planned, dry = applied.run("plan", "--out", "plan.json"), applied.run("apply", "--dry-run")
    done = applied.run("apply", "--yes")

    assert (planned.code, dry.code, done.code) == (4, 4, 4)
    assert "~ plan" in planned.out
    for called in (planned, dry, done):
        assert (
            "error: refused: the rule premium-stays (specs/rules.yaml:2) is broken by 1 change: premium is"
            in called.err
        )
        assert "allow it for one run with --allow premium-stays" in called.err
    assert '"plan": "premium"' in applied.run("sandbox", "show", "--format", "json").out
    (rule,) = json.loads((applied.root / "plan.json").read_text())["rules"]
    assert (rule["name"], rule["count"], "allowed" in rule) == ("premium-stays", 1, False)


def test_an_allowed_rule_lets_the_run_through_and_the_plan_and_the_receipt_say_so(applied: Repository) -> None:
    applied.write("specs/rules.yaml", KEEPS)
    downgrade(applied)
    done = applied.run("apply", "--yes", "--allow", "premium-stays", "--receipt", "receipt.json")

    assert done.code == 0
    assert "Allowed for this run: the rule premium-stays" in done.out
    assert "Broken, and allowed for this run: premium-stays." in done.out
    assert json.loads((applied.root / "receipt.json").read_text())["allowed"] == ["premium-stays"]


def test_a_saved_plan_is_judged_by_the_rules_of_today(applied: Repository) -> None:
    downgrade(applied)
    assert applied.run("plan", "--out", "plan.json").code == 0
    applied.write("specs/rules.yaml", KEEPS)

    refused = applied.run("apply", "plan.json", "--yes")
    assert (refused.code, "the rule premium-stays" in refused.err) == (4, True)
    assert applied.run("apply", "plan.json", "--yes", "--allow", "premium-stays").code == 0


def test_a_broken_declaration_is_an_error_of_validate_and_refuses_plans(repository: Repository) -> None:
    repository.write("specs/rules.yaml", HAS_ZONE)

    checked, planned = repository.run("validate"), repository.run("plan")
    assert (checked.code, planned.code) == (1, 4)
    assert checked.err == (
        "error: specs/support.yaml:7:7 contacts.sarah.scopes.support: this breaks the rule has-zone: a zone is needed; "
        "the rule is at specs/rules.yaml:2:3\n"
    )
    assert "contacts.sarah.scopes.support at specs/support.yaml:7" in planned.out


def test_a_rule_that_warns_stops_nothing(repository: Repository) -> None:
    repository.write("specs/rules.yaml", HAS_ZONE + "    level: warn\n")

    checked, planned, done = (repository.run(*words) for words in (["validate"], ["plan"], ["apply", "--yes"]))
    assert (checked.code, planned.code, done.code) == (0, 0, 0)
    assert "warning: specs/support.yaml:7:7 contacts.sarah.scopes.support: this breaks the rule has-zone" in checked.err
    assert "Note: the rule has-zone warns in contacts.sarah.scopes.support: a zone is needed (rule)." in planned.out


def test_of_a_rule_that_warns_everywhere_some_places_are_named_and_the_others_counted(repository: Repository) -> None:
    contacts = "".join(f"  c{n}: {{external_id: e-{n}, scopes: {{support: {{}}}}}}\n" for n in range(300))
    repository.write("specs/more.yaml", f"contacts:\n{contacts}")
    repository.write("specs/rules.yaml", HAS_ZONE + "    level: warn\n")

    checked = repository.run("validate")
    assert (checked.code, len(checked.err.splitlines())) == (0, 101)
    assert checked.err.endswith("warning: and 201 more of rules that warn\n")


def test_a_warning_of_several_environments_is_shown_once(repository: Repository) -> None:
    repository.write("specs/rules.yaml", HAS_ZONE + "    level: warn\n")

    one, all_of_them = repository.run("validate"), repository.run("validate", "--all-environments")
    assert len(all_of_them.out.splitlines()) > 1
    assert all_of_them.err == one.err != ""


def test_an_unknown_rule_is_not_allowed(repository: Repository) -> None:
    repository.write("specs/rules.yaml", KEEPS)

    called = repository.run("plan", "--allow", "premium-stay")
    assert (called.code, called.err) == (
        1,
        'error: --allow premium-stay names no rule that is declared; did you mean "premium-stays"?\n',
    )


def test_a_target_is_judged_by_what_is_declared_of_all_of_the_memory(repository: Repository) -> None:
    repository.write("specs/rules.yaml", HAS_ZONE.replace('"zone"', '"name"'))

    assert repository.run("plan", "--target", "contacts.sarah.scopes.support.facts.plan").code == 0


def test_rules_of_one_environment_stand_in_its_specs(repository: Repository) -> None:
    repository.write("own/rules.yaml", HAS_ZONE)
    environments = "  sandbox: {api: sandbox}\n  other: {api: sandbox, specs: [own]}\n"
    repository.write("reconciler.yaml", f"version: 1\ndefault_environment: sandbox\nenvironments:\n{environments}")

    assert (repository.run("validate").code, repository.run("-e", "other", "validate").code) == (0, 1)
    everywhere = repository.run("validate", "--all-environments")
    assert "a zone is needed (in other)" in everywhere.err


def test_a_secret_is_not_judged_before_it_is_read_compared_afterwards_and_never_shown(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("specs/support.yaml", SPEC.replace("premium", '"${env:PLAN}"'))
    rule = HAS_ZONE.replace("""'"zone" in facts'""", 'facts.plan == "the-secret-plan"')
    repository.write("specs/rules.yaml", rule)

    checked = repository.run("validate")
    assert (checked.code, checked.err) == (0, "note: the rule has-zone is not judged in 1 place: it reads a secret\n")
    monkeypatch.setenv("PLAN", "the-secret-plan")
    assert repository.run("plan").code == 0
    monkeypatch.setenv("PLAN", "another-secret-plan")
    formats = [part for name in ("json", "markdown", "sarif", "html") for part in ("--write", f"{name}={name}.out")]
    refused = repository.run("plan", "--debug", *formats)
    assert refused.code == 4
    written = "".join(path.read_text(encoding="utf-8") for path in repository.root.glob("*.out"))
    assert "another-secret-plan" not in refused.out + refused.err + written


def test_an_undo_brings_back_what_a_rule_would_keep_from_coming(applied: Repository) -> None:
    downgrade(applied)
    assert applied.run("apply", "--yes", "--save-undo", "undo.yaml").code == 0
    applied.write("specs/rules.yaml", KEEPS.replace('"premium"', '"trial"'))

    assert applied.run("undo", "undo.yaml", "--yes").code == 0


def test_the_names_of_rules_complete(repository: Repository) -> None:
    repository.write("specs/rules.yaml", KEEPS)

    found = ShellComplete(group, {}, "reconciler", "_RECONCILER_COMPLETE").get_completions(["plan", "--allow"], "pre")
    assert [item.value for item in found] == ["premium-stays"]


def test_a_hostile_rule_ends_with_an_error_and_not_with_a_wait(repository: Repository) -> None:
    facts = ", ".join(f"key-{number}: x" for number in range(2_000))
    repository.write("specs/support.yaml", SPEC.replace("name: Sarah", facts))
    pairs = "facts.all(a, facts.all(b, " + " && ".join(["facts[a] == facts[b]"] * 30) + "))"
    repository.write("specs/rules.yaml", HAS_ZONE.replace("""'"zone" in facts'""", pairs))

    checked = repository.run("validate")
    assert checked.code == 1
    assert "warning: specs/rules.yaml:2:3 rules.has-zone: this rule would take" in checked.err
    assert "error: specs/rules.yaml:2:3 rules.has-zone: this rule takes more than 300,000,000 steps" in checked.err
