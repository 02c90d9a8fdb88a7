"""`pull` brings what drifted into the specs, and leaves with a reason what it must not touch."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.plan.drift import Drift, drifts_of
from reconciler.core.plan.operations import Plan
from reconciler.errors import StateError
from reconciler.reading.entries import Found, Tree
from reconciler.reading.places import Edit
from reconciler.reading.rewriting import value_edits
from reconciler.sandbox.store import Store
from tests.cli.conftest import PROJECT, Repository

SPEC = """\
scopes:
  support: {persona_id: persona-1}
contacts:
  sarah:
    external_id: crm-sarah
    scopes:
      support:
        facts:
          plan: trial      # the contract
          # what she calls herself
          name: Sarah
"""


def teach(repository: Repository, persona: str | None = None, **facts: Any) -> None:
    """Let the agent learn facts, in the memories of one persona or in all."""
    store = Store(repository.root / ".reconciler/sandbox.sqlite3")
    dump: Any = store.dump()
    for memory in dump["contact_memories"]:
        if persona in {None, memory["persona_id"]}:
            store.learn_facts(memory["id"], facts)
    store.close()


@pytest.fixture
def learn(repository: Repository) -> Callable[..., None]:
    """Apply the specs, and let the agent learn facts of the memories of a persona."""

    def learned(persona: str = "persona-1", **facts: Any) -> None:
        called = repository.run("apply", "--yes")
        assert called.code == 0, called.err
        teach(repository, persona, **facts)

    repository.write("specs/support.yaml", SPEC)
    return learned


def spec(repository: Repository) -> str:
    return (repository.root / "specs/support.yaml").read_text(encoding="utf-8")


def test_the_live_value_is_taken_in_its_place(repository: Repository, learn: Callable[..., None]) -> None:
    learn(plan="no")
    called = repository.run("pull", "--take")

    assert called.code == 0, called.err
    assert spec(repository) == SPEC.replace("plan: trial ", 'plan: "no" ')
    assert (
        called.out
        == """\
contacts.sarah.scopes.support
  ~ plan: "trial" → (live text, 1-8 characters)  specs/support.yaml:9

Wrote specs/support.yaml: 1 live value taken.
"""
    )
    assert repository.run("plan", "--detailed-exitcode").code == 0


def test_a_seed_fact_keeps_the_declared_value_and_its_comments(
    repository: Repository, learn: Callable[..., None]
) -> None:
    learn(name="Sally")
    called = repository.run("pull", "--seed")

    assert called.out.endswith("Wrote specs/support.yaml: 1 fact made a seed_fact.\n")
    assert spec(repository) == SPEC.replace("          # what", "        seed_facts:\n          # what")
    assert repository.run("plan", "--detailed-exitcode").code == 0


def test_facts_that_all_become_seed_facts_leave_no_empty_facts(
    repository: Repository, learn: Callable[..., None]
) -> None:
    learn(name="Sally", plan="premium")

    assert repository.run("pull", "--seed").code == 0
    assert spec(repository) == SPEC.replace("        facts:", "        seed_facts:")


def test_addresses_choose_what_is_pulled(repository: Repository, learn: Callable[..., None]) -> None:
    learn(name="Sally", plan="premium")

    assert repository.run("pull", "--take", "contacts.sarah.scopes.support.facts.plan").code == 0
    assert spec(repository) == SPEC.replace("trial", "premium")
    assert repository.run("pull", "--take", "sarah").code == 0
    assert spec(repository) == SPEC.replace("trial", "premium").replace("name: Sarah", "name: Sally")
    unknown = repository.run("pull", "--take", "sara")
    assert (unknown.code, unknown.err) == (
        1,
        'error: sara names nothing that is declared; did you mean "contacts.sarah"?\n',
    )


def test_without_drift_there_is_nothing_to_pull(repository: Repository, learn: Callable[..., None]) -> None:
    learn(color="green")
    called = repository.run("pull", "--take")

    assert (called.code, called.out, called.err) == (0, "Nothing to pull for sandbox.\n", "")
    assert spec(repository) == SPEC


def test_what_the_account_lacks_is_no_drift(repository: Repository) -> None:
    repository.write("specs/support.yaml", SPEC)
    assert repository.run("pull", "--take").out == "Nothing to pull for sandbox.\n"


def test_a_dry_run_writes_nothing(repository: Repository, learn: Callable[..., None]) -> None:
    learn(plan="premium")
    called = repository.run("pull", "--take", "--dry-run")

    assert called.code == 0
    assert called.out.endswith("Would write specs/support.yaml: 1 live value taken.\n")
    assert spec(repository) == SPEC


def test_without_a_terminal_somebody_has_to_decide(repository: Repository) -> None:
    called = repository.run("pull")

    assert (called.code, called.out) == (1, "")
    assert called.err == (
        "error: this is no terminal, so nobody can be asked; add --take or --seed, or run it on a terminal\n"
    )
    assert repository.run("pull", "--take", "--seed").code == 1


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sit at a terminal and give these answers."""

    def answer(letters: str) -> None:
        monkeypatch.delenv("CI", raising=False)
        given = iter(letters)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt="": next(given))

    return answer


def test_on_a_terminal_each_fact_is_asked_for(
    repository: Repository, learn: Callable[..., None], answering: Callable[[str], None]
) -> None:
    learn(name="Sally", plan="premium")
    answering("ts")
    called = repository.run("pull")

    assert called.code == 0, called.err
    assert spec(repository) == SPEC.replace("trial", "premium").replace(
        "          # what", "        seed_facts:\n          # what"
    )
    assert 'plan: declared "trial", live "premium"\n' in called.err
    assert called.out.endswith("Wrote specs/support.yaml: 1 live value taken and 1 fact made a seed_fact.\n")


def test_what_is_left_stays(
    repository: Repository, learn: Callable[..., None], answering: Callable[[str], None]
) -> None:
    learn(plan="premium")
    answering("l")
    called = repository.run("pull")

    assert (called.code, called.out) == (0, "Nothing was pulled for sandbox.\n")
    assert spec(repository) == SPEC


def test_what_cannot_be_done_is_said_and_not_offered(
    repository: Repository, learn: Callable[..., None], answering: Callable[[str], None]
) -> None:
    repository.write("specs/support.yaml", "fact_keys: {plan: {sensitive: true}, name: {}}\n" + SPEC)
    learn(plan="premium")
    answering("s")
    called = repository.run("pull")

    assert called.code == 0
    assert "  cannot be taken: its key is sensitive" in called.err
    assert "seed_facts" in spec(repository)


def test_a_fact_that_cannot_be_moved_can_be_taken(
    repository: Repository, learn: Callable[..., None], answering: Callable[[str], None]
) -> None:
    text = SPEC.replace("        facts:", "        seed_facts: {a: 1}\n        facts:")
    repository.write("specs/support.yaml", text)
    learn(plan="premium")

    assert refusal(repository, "--seed").endswith("its comment has no place between brackets; edit this line by hand")
    answering("t")
    called = repository.run("pull")
    assert "  cannot be a seed_fact: its comment has no place between brackets" in called.err
    assert spec(repository) == text.replace("trial", "premium")


# what is refused


def refusal(repository: Repository, choice: str = "--take") -> str:
    """Return what a pull says of the one fact that it leaves; no file changes."""
    files = {path: path.read_bytes() for path in repository.root.rglob("*.yaml")}
    called = repository.run("pull", choice)
    assert called.code == 3
    assert {path: path.read_bytes() for path in files} == files
    [line] = [line for line in called.err.splitlines() if line.startswith("not pulled: ")]
    assert "premium" not in line
    return line


def test_a_row_of_a_table_is_left(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("data/people.csv", "id,plan\nsarah,trial\n")
    repository.write(
        "specs/support.yaml",
        "scopes: {support: {persona_id: persona-1}}\ncontacts_from:\n"
        "  - file: ../data/people.csv\n    named_by: id\n"
        "    contact: {external_id: id, scopes: {support: {facts: {plan: plan}}}}\n",
    )
    learn(plan="premium")

    assert refusal(repository) == (
        "not pulled: data/people.csv:2: contacts.sarah.scopes.support.facts.plan: "
        "it comes from a table; edit the table by hand"
    )


def test_a_variable_is_named_with_its_line(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("reconciler.yaml", PROJECT + "variables:\n  tier: trial\n")
    repository.write("specs/support.yaml", SPEC.replace("trial", "${tier}"))
    learn(plan="premium")

    assert refusal(repository).endswith(
        "facts.plan: it comes from a variable; change tier at reconciler.yaml:8, or edit this line by hand"
    )
    assert repository.run("pull", "--seed").code == 0
    assert "        seed_facts:\n          plan: ${tier}      # the contract\n" in spec(repository)


def test_a_secret_stays_in_its_variable(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAN", "hush-hush-hush")
    repository.write("specs/support.yaml", SPEC.replace("trial", "${env:PLAN}"))
    learn(plan="premium")

    assert "it comes from a variable of the environment, which holds a secret" in refusal(repository)


@pytest.mark.parametrize(
    "live", ["her pin is 70 31 55 92 premium", {"pin": ["70 31 55 92"]}, {"70 31 55 92": 1}, "70%2031%2055%2092"]
)
def test_a_secret_that_the_agent_repeats_elsewhere_lands_in_no_file(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch, live: object
) -> None:
    monkeypatch.setenv("CARD", "70 31 55 92")
    repository.write("specs/support.yaml", f"{SPEC}          card: ${{env:CARD}}\n")
    learn(plan=live)

    assert "the live value holds a secret or a key, which must be in no file" in refusal(repository)
    assert repository.run("pull", "--seed").code == 0


def test_a_sensitive_live_value_lands_in_no_file(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("specs/support.yaml", "fact_keys: {plan: {sensitive: true}, name: {}}\n" + SPEC)
    learn(plan="premium")

    assert "its key is sensitive" in refusal(repository)
    assert repository.run("pull", "--seed").code == 0


def test_a_value_against_the_catalogue_is_left(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("specs/support.yaml", "fact_keys: {plan: {enum: [trial]}, name: {}}\n" + SPEC)
    learn(plan="premium")

    assert "the live value is against enum of its key at specs/support.yaml:1; change the rule" in refusal(repository)


RULES = """\
rules:
  plans: {for: memory, require: 'facts.plan in ["trial", "gold"]', message: a plan is one of two, level: LEVEL}
  names: {for: memory, require: facts.name == "Jo", message: all are Jo, level: warn}
"""


def test_a_value_against_a_rule_is_left(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("specs/support.yaml", RULES.replace("LEVEL", "refuse") + SPEC)
    learn(plan="premium")

    assert refusal(repository).endswith(
        "facts.plan: with its live values, contacts.sarah.scopes.support breaks the rule plans at "
        "specs/support.yaml:2:3; change the rule, or put the declared value back with `reconciler apply`"
    )
    teach(repository, plan="gold", name="Sally")
    assert repository.run("pull", "--take").code == 0
    assert repository.run("validate").code == 0


@pytest.mark.parametrize("plan", ["trial", "silver"])
def test_a_rule_that_warns_or_that_is_broken_already_leaves_nothing(
    repository: Repository, learn: Callable[..., None], plan: str
) -> None:
    """What breaks a rule already is not made worse."""
    learn(plan="premium")
    level = "refuse" if plan == "silver" else "warn"
    repository.write("specs/support.yaml", RULES.replace("LEVEL", level) + SPEC.replace("trial", plan))

    assert repository.run("pull", "--take").code == 0
    assert "plan: premium " in spec(repository)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "is null or holds null, which specs refuse"),
        ({"deep": None}, "is null or holds null, which specs refuse"),
        ([10**40], "holds a number that JSON does not keep"),
    ],
)
def test_what_no_spec_can_hold_is_left(
    repository: Repository, learn: Callable[..., None], value: object, why: str
) -> None:
    learn(plan=value)
    assert f"the live value {why};" in refusal(repository)


@pytest.mark.parametrize(
    "text",
    [
        SPEC.replace("trial", "&p trial").replace("name: Sarah", "name: *p"),
        SPEC.replace("facts:", "facts: &f") + "      sales: {facts: *f}\n",
    ],
)
@pytest.mark.parametrize("choice", ["--take", "--seed"])
def test_what_an_alias_repeats_is_left(
    repository: Repository, learn: Callable[..., None], text: str, choice: str
) -> None:
    repository.write("specs/support.yaml", text.replace("scopes:\n", "scopes:\n  sales: {persona_id: persona-2}\n", 1))
    learn(plan="premium")

    assert "an anchor or an alias repeats it elsewhere; edit this line by hand" in refusal(repository, choice)


@pytest.mark.parametrize("text", ["{m: &m {b: trial}, n: *m}", "{n: &m {b: trial}, m: *m}"])
def test_a_part_that_an_alias_repeats_is_left(repository: Repository, learn: Callable[..., None], text: str) -> None:
    repository.write("specs/support.yaml", SPEC.replace("trial ", f"{text} "))
    learn(plan={"m": {"b": "premium"}, "n": {"b": "trial"}})

    assert "an anchor or an alias repeats it elsewhere; edit this line by hand" in refusal(repository)


@pytest.mark.parametrize("choice", ["--take", "--seed"])
def test_a_value_in_which_an_alias_repeats_something_is_left_whole(
    repository: Repository, learn: Callable[..., None], choice: str
) -> None:
    text = SPEC.replace("trial ", '{m: &m "trial"} ').replace("name: Sarah", "name: *m")
    repository.write("specs/support.yaml", text)
    learn(plan="premium")

    assert "an anchor or an alias repeats it elsewhere; edit this line by hand" in refusal(repository, choice)


SHARED = """\
scopes:
  support: {persona_id: persona-1, facts: {plan: trial}}
  sales: {persona_id: persona-2}
contacts:
  sarah: {external_id: crm-sarah, facts: {name: Sarah}, scopes: {support: {}, sales: {}}}
  omar: {external_id: crm-omar, scopes: {support: {}}}
"""


def test_a_line_for_several_memories_is_left_unless_all_agree(
    repository: Repository, learn: Callable[..., None]
) -> None:
    repository.write("specs/support.yaml", SHARED)
    learn("persona-2", name="Sally")

    assert refusal(repository) == (
        "not pulled: specs/support.yaml:5: contacts.sarah.scopes.sales.facts.name: this line is for "
        "contacts.sarah.scopes.support.facts.name, too, where no drift was seen; "
        "edit it by hand, or declare the fact in the memory that differs"
    )
    teach(repository, name="Sally")
    called = repository.run("pull", "--take")
    assert called.out.startswith("contacts.sarah.scopes.sales and 1 more memory\n  ~ name: ")
    assert spec(repository) == SHARED.replace("name: Sarah", "name: Sally")


def test_different_values_of_one_line_are_left(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("specs/support.yaml", SHARED)
    learn("persona-1", name="Sally")
    teach(repository, "persona-2", name="S")

    assert "this line is for 2 memories, which hold different values" in refusal(repository)
    assert repository.run("pull", "--seed").code == 0
    assert "seed_facts: {name: Sarah}" in spec(repository)


TWO = """\
version: 1
default_environment: sandbox
environments:
  sandbox: {api: sandbox, overlays: [overlays]}
  live: {api: "http://127.0.0.1:1", api_key_env: TEST_KEY, overlays: [overlays]}
"""
OVERLAY = "contacts: {sarah: {scopes: {support: {facts: {plan: trial}}}}}\n"


def test_an_overlay_of_this_environment_alone_is_edited(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("overlays/a.yaml", OVERLAY)
    repository.write("reconciler.yaml", TWO.replace("TEST_KEY, overlays: [overlays]", "TEST_KEY"))
    learn(plan="premium")

    called = repository.run("pull", "--take")
    assert (called.code, called.err) == (0, "")
    assert (repository.root / "overlays/a.yaml").read_text() == OVERLAY.replace("trial", "premium")
    assert spec(repository) == SPEC


def test_an_overlay_that_environments_share_is_left(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("overlays/a.yaml", OVERLAY)
    repository.write("reconciler.yaml", TWO)
    learn(plan="premium")

    assert refusal(repository) == (
        "not pulled: overlays/a.yaml:1: contacts.sarah.scopes.support.facts.plan: "
        "live reads this overlay, too; edit this line by hand"
    )


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_an_overlay_that_environments_share_through_a_link_is_left(
    repository: Repository, learn: Callable[..., None], linked: str
) -> None:
    repository.write("overlays/a.yaml", OVERLAY)
    repository.write(
        "reconciler.yaml", TWO.replace("api: sandbox, overlays: [overlays]", "api: sandbox, overlays: [own]")
    )
    own = repository.root / "own"
    if linked == "file":
        own.mkdir()
        (own / "b.yaml").symlink_to("../overlays/a.yaml")
    else:
        own.symlink_to("overlays")
    learn(plan="premium")

    assert "live reads this overlay, too; edit this line by hand" in refusal(repository)


def test_a_spec_that_another_environment_reads_through_a_link_is_compared_there(
    repository: Repository, learn: Callable[..., None]
) -> None:
    (repository.root / "linked").mkdir()
    (repository.root / "linked/b.yaml").symlink_to("../specs/support.yaml")
    repository.write("shared/scopes.yaml", "scopes: {sales: {persona_id: persona-2}}\n")
    project = PROJECT.replace("TEST_KEY}", "TEST_KEY, specs: [linked]}").replace("sandbox}", "sandbox, specs: [specs]}")
    repository.write("reconciler.yaml", f"{project}specs: [shared]\n")
    learn(plan="premium")
    called = repository.run("pull", "--take")

    assert (called.code, called.err) == (0, "note: this changes what live declares, too\n")


def test_who_else_reads_a_declaration_is_told(repository: Repository, learn: Callable[..., None]) -> None:
    learn(plan="premium")
    called = repository.run("pull", "--take")

    assert called.err == "note: this changes what live declares, too\n"


def test_a_value_that_is_wrong_in_another_environment_is_not_written(
    repository: Repository, learn: Callable[..., None]
) -> None:
    repository.write("other/keys.yaml", "fact_keys: {plan: {enum: [trial]}, name: {}}\n")
    repository.write("reconciler.yaml", PROJECT.replace("TEST_KEY}", "TEST_KEY, specs: [other]}"))
    learn(plan="premium")
    called = repository.run("pull", "--take")

    assert called.code == 1
    assert called.err.startswith("error: nothing was written: live reads these files, too, and would be wrong at")
    assert "premium" not in called.err
    assert spec(repository) == SPEC


def test_a_comment_inside_of_a_list_is_not_lost(repository: Repository, learn: Callable[..., None]) -> None:
    text = SPEC.replace(
        "plan: trial ", "plan:\n            - trial  # since May\n            - beta\n          more: x "
    )
    repository.write("specs/support.yaml", text)
    learn(plan=["premium"])

    assert refusal(repository).endswith("a comment stands inside of the value; edit this line by hand")


@pytest.mark.parametrize("other", ["Sarah", "is what she pays"])
def test_an_edit_that_would_change_anything_else_is_a_defect_and_not_written(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    def misplaced(tree: Tree, found: Found, value: object) -> list[Edit]:
        at = tree.text.index(other)
        return [*value_edits(tree, found, str(value)), Edit(at, at + len(other), "Sally")]

    text = f"fact_keys: {{plan: {{description: is what she pays}}, name: {{}}}}\n{SPEC}"
    repository.write("specs/support.yaml", text)
    learn(plan="premium")
    monkeypatch.setattr("reconciler.workflow.spec_texts.value_edits", misplaced)
    called = repository.run("pull", "--take")

    assert called.code == 70
    assert called.err.startswith("error: this is a defect of reconciler (UnfaithfulEditError)")
    assert spec(repository) == text


def test_values_that_the_specs_cannot_hold_together_are_not_written(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(plan="premium")
    monkeypatch.setattr("reconciler.workflow.spec_texts.value_edits", lambda *_: [Edit(0, 1, "[")])

    called = repository.run("pull", "--take")

    assert called.code == 1
    assert called.err.startswith("error: nothing was written: with these values, the specs would be wrong at specs/")
    assert spec(repository) == SPEC


def test_an_environment_with_mistakes_is_not_compared(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("other/a.yaml", "contcts: {}\n")
    repository.write("reconciler.yaml", PROJECT.replace("TEST_KEY}", "TEST_KEY, specs: [other]}"))
    learn(plan="premium")
    called = repository.run("pull", "--take")

    assert (called.code, called.err) == (0, "warning: the specs of live have mistakes, so it was not compared\n")


def test_specs_that_change_while_the_account_is_read_are_not_edited(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(plan: Plan) -> Iterator[Drift]:
        repository.write("specs/support.yaml", SPEC.replace("trial", "gold"))
        return drifts_of(plan)

    learn(plan="premium")
    monkeypatch.setattr("reconciler.workflow.pulling.drifts_of", meanwhile)
    called = repository.run("pull", "--take")

    assert (called.code, called.err) == (1, "error: the specs changed while the account was read; run it again\n")
    assert spec(repository) == SPEC.replace("trial", "gold")


def test_a_file_that_changes_meanwhile_is_not_replaced(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def saved(_path: Path) -> None:
        repository.write("specs/support.yaml", SPEC + "# saved by somebody\n")

    learn(plan="premium")
    monkeypatch.setattr("reconciler.workflow.spec_texts.check_rewritable", saved)
    called = repository.run("pull", "--take")

    changed = "error: specs/support.yaml changed while this ran, and nothing was written; run it again\n"
    assert (called.code, called.err.splitlines(keepends=True)[-1]) == (1, changed)
    assert spec(repository) == SPEC + "# saved by somebody\n"


def test_users_are_not_read(repository: Repository, learn: Callable[..., None]) -> None:
    repository.write("specs/support.yaml", SPEC + "        users: [{phone_number: '+14155550192'}]\n")
    learn(plan="premium")
    assert "GET /v1/memory/" in repository.run("--debug", "plan", "--refresh").err
    called = repository.run("--debug", "pull", "--take")

    assert called.code == 0
    assert "GET /v1/memory/" not in called.err


def test_a_file_that_cannot_be_written_is_an_error_of_one_line(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(plan="premium")

    def refuse(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reconciler.storage.files._try_draft", refuse)
    called = repository.run("pull", "--take")
    assert called.code == 1
    cure = "make room, or name a file elsewhere"
    assert called.err == f"error: cannot write specs/support.yaml: No space left on device; {cure}\n"
    assert spec(repository) == SPEC


def test_what_is_written_before_a_file_that_cannot_be_is_said(
    repository: Repository, learn: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_at_the_second(path: Path, text: str) -> None:
        if path.name == "support.yaml":
            raise StateError(f"cannot write {path.name}: No space left on device")
        path.write_text(text)

    omar = "contacts: {omar: {external_id: crm-omar, scopes: {support: {facts: {plan: trial}}}}}\n"
    repository.write("specs/a.yaml", omar)
    learn(plan="premium")
    monkeypatch.setattr("reconciler.workflow.spec_texts.rewrite_file", full_at_the_second)
    called = repository.run("pull", "--take")

    assert (called.code, called.out) == (1, "")
    assert called.err.endswith("No space left on device; specs/a.yaml is written: run it again for the rest\n")
    assert (repository.root / "specs/a.yaml").read_text() == omar.replace("trial", "premium")
    assert spec(repository) == SPEC
