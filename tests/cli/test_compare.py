"""`compare` puts two environments side by side and shows neither secrets nor, to others, what is live."""

import json

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
        "contacts.sarah.scopes.support.facts.plan": (None, "trial", "premium"),
        "contacts.sarah.scopes.support.facts.seats": (None, 1, 40),
        user: ("right", None, {"phone_number": "+14155550192"}),
    }


def test_a_table_has_a_row_for_each_difference(environments: Repository) -> None:
    text = environments.run("compare", "staging", "production")
    markdown = environments.run("compare", "staging", "production", "--format", "markdown")

    assert text.out.splitlines()[0].split() == ["address", "staging", "production"]
    assert "facts.seats" in text.out
    assert text.out.endswith("2 values differ; 0 only in staging, 2 only in production.\n")
    assert markdown.out.count("<tr>") == 5


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
        "facts.plan",
        "facts.seats",
        'users["+14155550192"]',
    }
    assert found["contacts.bob"] == ("right", None, "present")
    assert all("hmac:" in json.dumps(found[f"contacts.sarah.scopes.support.facts.{key}"]) for key in ("plan", "seats"))
    assert ACCOUNT not in called.out + called.err
    assert "premium" not in called.out
    assert same.code == 0
