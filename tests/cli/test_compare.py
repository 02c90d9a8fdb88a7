"""`compare` puts two environments side by side and shows neither secrets nor, to others, what is live."""

import json
from typing import Any

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.conftest import Repository
from tests.cli.test_environments import ACCOUNT, PROJECT, environments

__all__ = ["environments"]


def differences(text: str) -> dict[str, tuple[str | None, object, object]]:
    return {one["address"]: (one["only"], one["left"], one["right"]) for one in json.loads(text)["differences"]}


def test_what_is_declared_differently_is_told_by_address(environments: Repository) -> None:
    called = environments.run("compare", "staging", "production", "--format", "json")

    user = 'contacts.sarah.scopes.support.users["+14155550192"]'
    assert differences(called.out) == {
        "contacts.bob": ("right", None, {"external_id": "crm-bob"}),
        "contacts.bob.scopes.support": ("right", None, {"persona_id": "persona-1"}),
        "contacts.sarah.scopes.support.facts.plan": (None, "trial", "premium"),
        "contacts.sarah.scopes.support.facts.seats": (None, 1, 40),
        user: ("right", None, {"phone_number": "+14155550192"}),
        f"{user}.metadata": ("right", None, "${env:SARAH_ACCOUNT} holder"),
    }


def test_a_table_has_a_row_for_each_difference(environments: Repository) -> None:
    text = environments.run("compare", "staging", "production")
    markdown = environments.run("compare", "staging", "production", "--format", "markdown")

    assert text.out.splitlines()[0].split() == ["address", "staging", "production"]
    assert "facts.seats" in text.out
    assert text.out.endswith("2 values differ; 0 only in staging, 4 only in production.\n")
    assert markdown.out.count("<tr><td><code>") == 6


def test_the_exit_code_tells_of_differences_on_request(environments: Repository) -> None:
    assert environments.run("compare", "staging", "production").code == 0
    assert environments.run("compare", "staging", "production", "--detailed-exitcode").code == 2
    same = environments.run("compare", "staging", "staging", "--detailed-exitcode")
    assert (same.code, same.out) == (0, "staging and staging declare the same.\n")


def test_an_environment_that_there_is_not_is_told(environments: Repository) -> None:
    called = environments.run("compare", "staging", "prod")

    assert (called.code, called.out) == (1, "")
    assert 'no environment "prod"' in called.err


def test_live_values_of_two_accounts_are_compared_and_masked(
    environments: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARAH_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("TEST_KEY", "key")
    with running(create_app(Store())) as url:
        production = f"production:\n    api: {url}\n    api_key_env: TEST_KEY"
        environments.write("reconciler.yaml", PROJECT.replace("production:\n    api: sandbox", production))
        for name in ("staging", "production"):
            assert environments.run("-e", name, "apply", "--yes").code == 0
        called = environments.run("compare", "staging", "production", "--live", "--format", "json")
        same = environments.run("compare", "production", "production", "--live", "--detailed-exitcode")

    found = differences(called.out)
    assert {address.removeprefix("contacts.sarah.scopes.support.") for address in found} == {
        "contacts.bob",
        "contacts.bob.scopes.support",
        "facts.plan",
        "facts.seats",
        'users["+14155550192"]',
        'users["+14155550192"].metadata',
    }
    assert found["contacts.bob"] == ("right", None, "present")
    assert all("hmac:" in json.dumps(found[f"contacts.sarah.scopes.support.facts.{key}"]) for key in ("plan", "seats"))
    assert ACCOUNT not in called.out + called.err
    assert "premium" not in called.out
    assert same.code == 0


SUPPORT = "contacts.sarah.scopes.support"


def only_production(environments: Repository, contact: str, **files: str) -> None:
    """Let production patch Sarah's facts in the support scope, and have more files."""
    environments.write(
        "environments/production/overlays/sarah.yaml", f"contacts: {{sarah: {{scopes: {{support: {contact}}}}}}}\n"
    )
    for name, text in files.items():
        environments.write(f"environments/production/specs/{name}.yaml", text)


def test_all_that_one_side_alone_declares_of_a_contact_is_told(environments: Repository) -> None:
    bob = "contacts: {bob: {external_id: crm-bob, name: Bob, scopes: {support: {facts: {plan: gold}}}}}"
    only_production(environments, "{}", bob=bob)

    found = differences(environments.run("compare", "production", "staging", "--format", "json").out)

    assert {address: left for address, (only, left, _) in found.items() if only == "left"} == {
        "contacts.bob": {"external_id": "crm-bob"},
        "contacts.bob.name": "Bob",
        "contacts.bob.scopes.support": {"persona_id": "persona-1"},
        "contacts.bob.scopes.support.facts.plan": "gold",
    }


def test_a_sensitive_fact_that_one_side_alone_declares_is_hidden_from_others(environments: Repository) -> None:
    keys = "fact_keys: {plan: {}, seats: {}, account: {}, pin: {sensitive: true}}"
    only_production(environments, "{facts: {pin: 12-34}}", keys=keys)

    called = environments.run("compare", "staging", "production", "--format", "json")

    assert differences(called.out)[f"{SUPPORT}.facts.pin"] == ("right", None, "(sensitive)")
    assert "12-34" not in called.out


def test_a_secret_is_not_the_text_that_reads_like_its_reference(environments: Repository) -> None:
    only_production(environments, '{facts: {account: "$${env:SARAH_ACCOUNT}", codes: ["$${x}"]}}')

    found = differences(environments.run("compare", "staging", "production", "--format", "json").out)

    assert found[f"{SUPPORT}.facts.account"] == (None, "${env:SARAH_ACCOUNT}", "$${env:SARAH_ACCOUNT}")
    assert found[f"{SUPPORT}.facts.codes"] == ("right", None, ["$${x}"])


def test_a_fact_that_is_enforced_here_and_seeded_there_differs(environments: Repository) -> None:
    environments.write("specs/lee.yaml", "contacts: {lee: {external_id: l, scopes: {support: {}}}}")
    environments.write("environments/production/overlays/lee.yaml", "contacts: {lee: {seed_facts: {tier: 1}}}")
    environments.write("environments/staging/lee.yaml", "contacts: {lee: {facts: {tier: 1}}}")
    environments.write(
        "reconciler.yaml",
        PROJECT.replace("staging: {api: sandbox}", "staging: {api: sandbox, overlays: [environments/staging]}"),
    )

    found = differences(environments.run("compare", "staging", "production", "--format", "json").out)

    assert found["contacts.lee.scopes.support.facts.tier"] == (None, {"enforced": 1}, {"seeded": 1})


@pytest.mark.parametrize("live", [[], ["--live"]])
def test_mistakes_in_the_specs_are_told_with_their_environment(environments: Repository, live: list[str]) -> None:
    only_production(environments, "{fact: {plan: 1}}")

    called = environments.run("compare", "staging", "production", *live)

    assert (called.code, called.out) == (1, "")
    assert "overlays/sarah.yaml:1" in called.err
    assert "(in production)" in called.err


@pytest.mark.parametrize(
    ("overlay", "catalogue", "origin"),
    [
        ('{facts: {plan: "${env:PLAN}"}}', "", "secret"),
        ("{facts: {plan: gold}}", "fact_keys: {plan: {sensitive: true}, seats: {}, account: {}}", "sensitive"),
    ],
)
def test_what_one_environment_calls_secret_or_sensitive_is_so_in_both_accounts(
    environments: Repository, monkeypatch: pytest.MonkeyPatch, overlay: str, catalogue: str, origin: str
) -> None:
    monkeypatch.setenv("SARAH_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("PLAN", "gold")
    monkeypatch.setenv("TEST_KEY", "key")
    only_production(environments, overlay, keys=catalogue)
    with running(create_app(Store())) as url:
        production = f"production:\n    api: {url}\n    api_key_env: TEST_KEY"
        environments.write("reconciler.yaml", PROJECT.replace("production:\n    api: sandbox", production))
        for name in ("staging", "production"):
            assert environments.run("-e", name, "apply", "--yes").code == 0
        there = environments.run("compare", "staging", "production", "--live", "--format", "json")
        back = environments.run("compare", "production", "staging", "--live", "--format", "json")

    for called in (there, back):
        sides: Any = differences(called.out)[f"{SUPPORT}.facts.plan"][1:]
        assert [side["origin"] for side in sides] == [origin, origin]


MANY = """\
version: 1
environments:
  staging: {api: sandbox, variables: {region: eu}}
  production: {api: sandbox, variables: {region: us}, overlays: [overlays], specs: [specs, only]}
"""


@pytest.fixture
def many(repository: Repository) -> Repository:
    """Declare 205 contacts that a variable makes different, two that an overlay does, and one of one side alone."""
    contacts = "".join(f"  c{number:03}: {{external_id: e{number}, scopes: {{s: {{}}}}}}\n" for number in range(205))
    repository.write("reconciler.yaml", MANY)
    repository.write(
        "specs/support.yaml",
        f'scopes: {{s: {{persona_id: p, facts: {{greeting: "hello from ${{region}}"}}}}}}\ncontacts:\n{contacts}',
    )
    repository.write("overlays/o.yaml", "contacts: {c001: {scopes: {s: {facts: {plan: gold}}}}, c002: {name: Bob}}\n")
    repository.write("only/b.yaml", "contacts: {extra: {external_id: x}}\n")
    return repository


def test_differences_stand_by_their_cause_which_is_named_once_with_its_count(many: Repository) -> None:
    lines = many.run("compare", "staging", "production").out.splitlines()

    assert [line for line in lines if ": " in line and not line.startswith("contacts.")] == [
        "variable region: 205 differences",
        "overlay overlays/o.yaml: 2 differences",
        "file only/b.yaml: 1 difference",
    ]
    assert lines.count("and 200 more") == 1
    assert lines[-2:] == [
        "Many differences of one cause are counted; --full shows each of them.",
        "205 values differ; 0 only in staging, 3 only in production.",
    ]


def test_in_full_each_difference_is_shown(many: Repository) -> None:
    text = many.run("compare", "staging", "production", "--full").out
    markdown = many.run("compare", "staging", "production", "--full", "--format", "markdown").out

    assert text.count("facts.greeting") == markdown.count("facts.greeting") == 205
    assert "more" not in text + markdown


def test_causes_are_part_of_the_json(many: Repository) -> None:
    many.write("specs/more.yaml", 'contacts: {both: {external_id: b, name: "${region} and ${region}"}}\n')
    many.write("only/c.yaml", "contacts: {other: {external_id: o, name: O, scopes: {s: {}}}}\n")
    many.write("specs/late.yaml", "contacts: {late: {external_id: l}}\n")
    many.write("overlays/p.yaml", "contacts: {late: {scopes: {s: {}}}}\n")

    found = json.loads(many.run("compare", "production", "staging", "--format", "json").out)["differences"]

    causes = {one["address"]: [(cause["kind"], cause["name"]) for cause in one["causes"]] for one in found}
    assert causes["contacts.both.name"] == [("variable", "region")]
    assert causes["contacts.c002.name"] == [("overlay", "overlays/o.yaml")]
    assert set(map(tuple, (causes[one] for one in causes if one.startswith("contacts.late")))) == {
        (("overlay", "overlays/p.yaml"),)
    }
    assert causes["contacts.other"] == causes["contacts.other.scopes.s.facts.greeting"] == [("file", "only/c.yaml")]


def test_rows_of_a_data_file_have_causes_too(many: Repository) -> None:
    many.write("rows.csv", "id,tier\nann,gold\nben,silver\n")
    many.write(
        "specs/rows.yaml",
        "contacts_from:\n  - file: ../rows.csv\n    named_by: id\n    contact:\n      external_id: id\n"
        "      scopes: {s: {facts: {tier: tier}}}\n",
    )
    many.write("overlays/p.yaml", "contacts: {ann: {scopes: {s: {facts: {tier: platinum}}}}}\n")

    found = json.loads(many.run("compare", "staging", "production", "--format", "json").out)["differences"]

    causes = {one["address"]: [(cause["kind"], cause["name"]) for cause in one["causes"]] for one in found}
    assert causes["contacts.ann.scopes.s.facts.tier"] == [("overlay", "overlays/p.yaml")]
    assert causes["contacts.ben.scopes.s.facts.greeting"] == [("variable", "region")]
