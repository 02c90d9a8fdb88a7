"""An undo file holds what an account held: it brings it back, and shows it to nobody else."""

import json
import re
from pathlib import Path

import pytest

from reconciler.core.model.value import Json
from reconciler.reading import mistyped
from reconciler.sandbox.store import Store
from reconciler.specs import References, load_specs
from tests.cli.conftest import Repository

SPEC = """\
fact_keys:
  plan: {enum: [trial, premium]}
  pin: {}
  code: {sensitive: true}
scopes: {support: {persona_id: persona-1}}
contacts:
  sarah:
    external_id: ${env:CRM_ID}
    name: Sarah Former
    scopes:
      support:
        facts: {plan: trial, pin: "${env:LEAK}", code: hush-1}
        users: [{phone_number: +14155550192, metadata: formerly met}]
"""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
FORMER = ("Sarah Former", "trial", "4711", "hush-1", "formerly met", "crm-secret")


@pytest.fixture
def undone(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Give a repository in which every value was updated, with the undo file of that."""
    monkeypatch.setenv("CRM_ID", "crm-secret")
    monkeypatch.setenv("LEAK", "4711")
    repository.write("specs/support.yaml", SPEC)
    assert repository.run("apply", "--yes").code == 0
    monkeypatch.setenv("LEAK", "0815")
    later = SPEC.replace("plan: trial", "plan: premium").replace("hush-1", "hush-2").replace("formerly", "lately")
    repository.write("specs/support.yaml", later.replace("Sarah Former", "Sarah Later"))
    assert repository.run("apply", "--yes", "--save-undo", "undo.yaml").code == 0
    monkeypatch.delenv("LEAK")
    return repository


def held(repository: Repository) -> object:
    """Return what the sandbox holds, but for its times."""
    return _TIME.sub("", repository.run("sandbox", "show", "--format", "json").out)


@pytest.mark.parametrize(
    "arguments",
    [
        ("undo", "undo.yaml", "--dry-run"),
        ("undo", "undo.yaml", "--dry-run", "--format", "json"),
        ("undo", "undo.yaml", "--yes"),
        *(
            ("undo", "undo.yaml", "--yes", "--format", name)
            for name in ("json", "markdown", "summary", "github", "junit")
        ),
    ],
)
def test_no_output_for_others_holds_a_former_value(undone: Repository, arguments: tuple[str, ...]) -> None:
    called = undone.run(*arguments)

    assert called.code == 0, called.err
    assert [value for value in FORMER if value in called.out + called.err] == []


def test_the_undo_file_holds_the_former_values_and_brings_them_back(undone: Repository) -> None:
    text = (undone.root / "undo.yaml").read_text()
    assert [value for value in FORMER[:-1] if value not in text] == []

    assert undone.run("undo", "undo.yaml", "--yes").code == 0
    store = Store(undone.root / ".reconciler" / "sandbox.sqlite3")
    now = json.dumps(store.dump())
    store.close()
    assert [value for value in FORMER if value not in now] == []


def test_on_the_operators_terminal_an_undo_shows_what_it_brings_back_but_for_secrets(
    undone: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.cli.apply_screen.is_operators_terminal", lambda _stream: True)
    called = undone.run("undo", "undo.yaml", "--yes")

    assert 'plan: "premium" → "trial"' in called.out
    assert 'code: "hush-2" → "hush-1"' in called.out
    assert "~ pin: (secret" in called.out
    assert "4711" not in called.out
    assert "0815" not in called.out


def test_the_lines_are_named_that_still_declare_the_new_values(undone: Repository) -> None:
    called = undone.run("undo", "undo.yaml", "--yes")
    told = {line.removeprefix("warning: ") for line in called.err.splitlines() if "declared otherwise" in line}

    assert told == {
        f"specs/support.yaml:{line}: contacts.sarah{place} is declared otherwise: the next apply overwrites it"
        for line, place in (
            (9, ".name"),
            (12, ".scopes.support.facts.plan"),
            (12, ".scopes.support.facts.pin"),
            (12, ".scopes.support.facts.code"),
            (13, '.scopes.support.users["+14155550192"].metadata'),
        )
    }


def test_nothing_is_named_once_the_specs_declare_what_is_brought_back(undone: Repository) -> None:
    undone.write("specs/support.yaml", SPEC.replace("${env:LEAK}", "4711"))

    assert "declared otherwise" not in undone.run("undo", "undo.yaml", "--yes").err


def test_an_undo_is_undone_in_its_turn(undone: Repository) -> None:
    before = held(undone)
    assert undone.run("undo", "undo.yaml", "--yes", "--save-undo", "redo.yaml").code == 0
    assert held(undone) != before
    assert undone.run("undo", "redo.yaml", "--yes").code == 0

    assert held(undone) == before
    for name in ("undo.yaml", "redo.yaml"):
        assert "secrets:\n    - contacts.sarah.scopes.support.facts.pin\n" in (undone.root / name).read_text()


def test_what_was_live_is_brought_back_although_the_catalogue_would_refuse_it(undone: Repository) -> None:
    undone.write("specs/support.yaml", SPEC.replace("[trial, premium]", "[gold]").replace("  pin: {}\n", ""))
    called = undone.run("undo", "undo.yaml", "--yes")

    assert called.code == 0
    assert (
        "warning: the specs cannot be read, so it is not shown what they declare with other values: specs/support.yaml"
        in called.err
    )


def test_an_undo_needs_neither_the_specs_nor_their_secrets(undone: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_ID")
    (undone.root / "specs/support.yaml").unlink()

    assert undone.run("undo", "undo.yaml", "--yes", "--reveal", "*").code == 0


def test_where_the_specs_cannot_be_read_no_pattern_reveals_what_may_be_sensitive(undone: Repository) -> None:
    assert "trial" in undone.run("undo", "undo.yaml", "--dry-run", "--reveal", "*").out
    undone.write("specs/broken.yaml", "fact_keys: {a: {sensitive: true}\n")

    assert "trial" not in undone.run("undo", "undo.yaml", "--dry-run", "--reveal", "*").out


def test_the_catalogue_holds_for_other_specs_too(undone: Repository) -> None:
    undone.write("specs/contacts.yaml", "contacts: {jo: {external_id: j, scopes: {support: {facts: {code: hush-3}}}}}")
    undone.write("more.yaml", "scopes: {x: {persona_id: p, facts: {plan: gold}, seed_facts: {pim: 1}}}")
    undone.write("scope.yaml", "scopes: {support: {persona_id: persona-1}}")
    called = undone.run("plan", "--specs", "more.yaml")
    shown = undone.run("plan", "--specs", "specs/contacts.yaml", "--specs", "scope.yaml", "--format", "json")
    operations = json.loads(shown.out)["operations"]

    assert called.code == 1
    assert 'one of "trial", "premium" is expected, not the text "gold"' in called.err
    assert 'this key is not among the fact_keys; did you mean "pin"?' in called.err
    assert [one["facts"][0]["after"]["origin"] for one in operations if one["type"] == "write_facts"] == ["sensitive"]
    assert "hush-3" not in shown.out


def test_specs_that_hold_the_catalogue_themselves_declare_it_once(undone: Repository) -> None:
    assert undone.run("validate", "--specs", "specs/support.yaml").code == 0
    assert undone.run("validate", "--specs", "specs").code == 0


def test_a_catalogue_that_cannot_be_read_refuses_other_specs(undone: Repository) -> None:
    undone.write("specs/broken.yaml", "fact_keys: {a: {sensitive: true}\n")
    undone.write("more.yaml", "scopes: {x: {persona_id: p}}")
    called = undone.run("plan", "--specs", "more.yaml")

    assert called.code == 1
    assert "specs/broken.yaml" in called.err


def test_mistakes_elsewhere_in_the_environments_specs_do_not_matter_to_others(undone: Repository) -> None:
    undone.write("specs/broken.yaml", "contacts: {x: {fact: 1}}\nfact_keys: {tier: {typ: string}}\n")
    undone.write("more.yaml", "scopes: {x: {persona_id: p}}")
    called = undone.run("validate", "--specs", "more.yaml")

    assert called.code == 1
    assert called.err.count("error: ") == 1
    assert "fact_keys.tier.typ: unknown key" in called.err


def test_a_marker_of_the_wrong_kind_is_told_wherever_it_stands(repository: Repository) -> None:
    repository.write("specs/b.yaml", "live_values: {a: 1}\n---\nlive_values: {a: 1}\n")
    called = repository.run("validate")

    assert called.code == 1
    assert called.err.count("live_values: true or false is expected") == 2


LIVE = """\
scopes: {support: {persona_id: persona-1}}
contacts:
  bob:
    external_id: held-id
    email: held-mail
    scopes: {support: {facts: {plan: held-plan, pim: 1}, users: [{phone_number: held-phone, metadata: 4711}]}}
"""


@pytest.mark.parametrize("marker", ["true", "yes", '"true"', "[", "{a: 1}", "null", "true\nlive_values: false"])
@pytest.mark.parametrize("typo", ["", "metadata: {a: !held x, b: *held, c: .nan}\n    external_idd: x\n    "])
@pytest.mark.parametrize("command", ["validate", "plan", "lint"])
def test_with_a_slip_in_it_an_undo_file_is_refused_without_its_values(
    repository: Repository, marker: str, typo: str, command: str
) -> None:
    repository.write("specs/support.yaml", SPEC.replace('"${env:LEAK}"', "x"))
    text = f"live_values: {marker}\n{LIVE}".replace("external_id: held-id", f"{typo}external_id: held-id")
    repository.write("specs/undo.yaml" if command == "lint" else "undo.yaml", text)
    called = repository.run(command, *(() if command == "lint" else ("--specs", "undo.yaml")))

    assert called.code == 1
    assert "undo.yaml:" in called.err
    assert "held" not in called.err
    assert "4711" not in called.err
    assert "does not match" not in called.err


def test_rows_that_a_spec_of_live_values_maps_are_refused_without_their_cells(repository: Repository) -> None:
    repository.write("specs/support.yaml", "fact_keys: {n: {type: number}}\nscopes: {support: {persona_id: p}}\n")
    rows = "{file: r.csv, named_by: id, contact: {email: id, scopes: {support: {facts: {n: n, other: n}}}}}"
    repository.write("specs/undo.yaml", f"live_values: true\ncontacts_from: [{rows}]\n")
    repository.write("specs/r.csv", "id,n\nheld-a,held-n\n")
    called = repository.run("validate")

    assert "specs/r.csv:2:1" in called.err
    assert "held-a" not in called.err.replace("contacts.held-a", "")
    assert "held-n" not in called.err
    assert "fact_keys" not in called.err


@pytest.mark.parametrize("value", ["x", 'a "b\\" c', "true", 12.5, -3, True, False, 'the text "x"', "x" * 50])
def test_what_is_said_of_a_value_can_be_said_without_it(value: Json) -> None:
    said = str(mistyped("a list", value).message)

    assert said.removeprefix("a list is expected, not ") in {"a text", "a number", "true or false"}


def test_a_file_of_live_values_under_false_is_a_spec_like_others(repository: Repository) -> None:
    repository.write("specs/b.yaml", "live_values: false\ncontacts: {x: {external_id: a, email: shown}}\n")

    assert 'not the text "shown"' in repository.run("validate").err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cat: no such file or folder"),
        ("- fact_keys\n", "cat/a.yaml:1:1: a mapping is expected, not a list"),
        ("fact_keyz: {pin: {sensitive: true}}\n", 'cat/a.yaml:1:1 fact_keyz: unknown key; did you mean "fact_keys"?'),
        ("fact_keys: [pin]\n", "cat/a.yaml:1:12 fact_keys: a mapping is expected, not a list"),
    ],
)
def test_a_catalogue_that_is_lost_refuses_other_specs(repository: Repository, content: str | None, said: str) -> None:
    sandbox = "sandbox: {api: sandbox, specs: [specs, cat]}"
    repository.write("reconciler.yaml", f"version: 1\ndefault_environment: sandbox\nenvironments: {{{sandbox}}}\n")
    if content is not None:
        repository.write("cat/a.yaml", content)
    called = repository.run("plan", "--specs", "specs/support.yaml")

    assert (called.code, called.out) == (1, "")
    assert said in called.err


def test_the_catalogue_of_other_specs_is_read_without_secrets(tmp_path: Path) -> None:
    mixed = 'fact_keys: {plan: {}}\ncontacts: {ana: {name: "${env:NAME}"}}\n'
    (tmp_path / "catalogue.yaml").write_text(mixed, encoding="utf-8")
    (tmp_path / "other.yaml").write_text("scopes: {support: {persona_id: p}}\n", encoding="utf-8")
    asked: list[str] = []

    def environ(name: str) -> str:
        asked.append(name)
        return "hush"

    loaded = load_specs(
        ["other.yaml"], root=tmp_path, references=References({}, environ), fact_keys_of=["catalogue.yaml"]
    )

    assert asked == []
    assert list(loaded.desired.catalogue) == ["plan"]


AMONG_SPECS = [
    ("specs/undo.yaml", ("validate",)),
    ("specs/undo.yaml", ("plan",)),
    ("specs/undo.yaml", ("lint",)),
    ("specs/undo.yaml", ("why", "contacts.sarah")),
    ("specs/undo.yaml", ("export", "--out", "new")),
    ("over/undo.yaml", ("validate",)),
    ("over/undo.yaml", ("apply", "--yes")),
    ("elsewhere.yaml", ("plan", "--specs", "elsewhere.yaml")),
]


@pytest.mark.parametrize(("place", "call"), AMONG_SPECS)
def test_an_undo_file_among_specs_is_told_as_what_it_is(
    undone: Repository, monkeypatch: pytest.MonkeyPatch, place: str, call: tuple[str, ...]
) -> None:
    monkeypatch.setenv("LEAK", "0815")
    (undone.root / "over").mkdir()
    settings = (undone.root / "reconciler.yaml").read_text()
    undone.write("reconciler.yaml", settings.replace("api: sandbox", "api: sandbox, overlays: [over]", 1))
    undone.write("over/none.yaml", "contacts: {}\n")
    (undone.root / "undo.yaml").rename(undone.root / place)
    called = undone.run(*call)

    assert called.code == 1
    assert f"{place}:1:1: this is an undo file, which `apply --save-undo` wrote, and no spec" in called.err
    assert called.err.count("error: ") == 1
    assert [value for value in FORMER if value in called.out + called.err] == []


def test_fmt_leaves_an_undo_file_as_it_is(undone: Repository) -> None:
    text = (undone.root / "undo.yaml").read_text()
    called = undone.run("fmt", "undo.yaml")

    assert (called.code, (undone.root / "undo.yaml").read_text()) == (0, text)
    assert "undo.yaml: left as it is: an undo file, and no spec" in called.err


@pytest.mark.parametrize("call", [("apply", "undo.yaml", "--yes"), ("show", "undo.yaml")])
def test_an_undo_file_in_the_place_of_a_plan_is_told_as_what_it_is(undone: Repository, call: tuple[str, ...]) -> None:
    called = undone.run(*call)

    assert called.code == 1
    assert "undo.yaml is an undo file; `reconciler undo FILE` applies it" in called.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read undo.yaml: no such file; `reconciler apply --save-undo FILE` writes one"),
        (SPEC, "undo.yaml is no undo file; `reconciler apply --save-undo FILE` writes one"),
        ('{"kind": "plan"}', "undo.yaml is no undo file; `reconciler apply --save-undo FILE` writes one"),
        ("undo: {environment: sandbox, api: sandbox}\n---\n{}\n", "undo.yaml:1:1 undo.account: this key is missing"),
        ("undo: {environment: e, api: a, account: b}\n", "undo.yaml:1:1: an undo file has two documents"),
        (
            "undo: {environment: e, api: a, account: b}\n---\ncontacts: {x: {phone: held}}\n",
            "contacts.x.phone: unknown key",
        ),
        ("undo: [", "undo.yaml:"),
    ],
)
def test_what_is_no_undo_file_is_refused_without_its_values(
    repository: Repository, content: str | None, said: str
) -> None:
    if content is not None:
        repository.write("undo.yaml", content)
    called = repository.run("undo", "undo.yaml", "--yes")

    assert called.code == 1
    assert said in called.err
    assert "held" not in called.err


@pytest.mark.parametrize("path", ["specs/undo.yaml", "specs/below/undo.yaml", "more/undo.yaml"])
def test_an_undo_file_is_not_written_among_the_specs(
    undone: Repository, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("LEAK", "0815")
    settings = (undone.root / "reconciler.yaml").read_text()
    undone.write("reconciler.yaml", settings.replace("{api: sandbox}", '{api: sandbox, specs: ["more/*.yaml"]}', 1))
    undone.write("more/none.yaml", "")
    (undone.root / "specs/below").mkdir()
    called = undone.run("apply", "--yes", "--save-undo", path)

    assert called.code == 1
    assert f"{path} would stand among the specs, and is none; name a file elsewhere" in called.err
