"""
The official npm client, pointed at the sandbox: an opinion on it that nobody here has written.

Skipped where node or the package is absent, since nothing here downloads. To run it, install the package in a folder
outside of the repository, and name that folder::

    npm install --prefix FOLDER bland-cli
    RECONCILER_BLAND_CLI=FOLDER pytest tests/sandbox/test_official_client.py
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.app import Logged, create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store

SCRIPT = Path(__file__).with_name("official_client.mjs")
FOLDER = Path(os.environ.get("RECONCILER_BLAND_CLI", "."))
PACKAGE = (FOLDER / "node_modules" / "bland-cli").absolute()
NUMBER = "+14155550192"


@dataclass(frozen=True)
class Official:
    """What the client made of one sandbox: the answers it unwrapped, and what three of its commands printed."""

    answers: dict[str, Any]
    account: dict[str, Any]
    personas: list[dict[str, Any]]
    persona: dict[str, Any]
    log: list[Logged]

    def __getitem__(self, name: str) -> Any:
        return self.answers[name]


@pytest.fixture(scope="module", params=["D", "L"])
def official(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Official]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (PACKAGE / "dist" / "lib" / "api.js").is_file():
        pytest.skip(
            f"bland-cli is not in {FOLDER / 'node_modules'}; RECONCILER_BLAND_CLI names the folder that holds it"
        )
    app = create_app(Store(), Settings(key="key-1", revision=request.param))
    home = str(tmp_path_factory.mktemp("home"))
    with running(app) as url:
        # Nothing of the caller's own environment: neither a profile of the client, nor a proxy, nor a key.
        environment = {"BLAND_BASE_URL": url, "BLAND_API_KEY": "key-1", "HOME": home, "XDG_CONFIG_HOME": home}

        def told(*arguments: object) -> Any:
            command = [node, *map(str, arguments)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - node, and a script that stands beside this test
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        yield Official(
            answers=told(SCRIPT, PACKAGE),
            account=told(PACKAGE / "dist" / "index.js", "auth", "whoami", "--json"),
            personas=told(PACKAGE / "dist" / "index.js", "persona", "list", "--json"),
            persona=told(PACKAGE / "dist" / "index.js", "persona", "get", "persona-12345678", "--json"),
            log=list(app.state.log),
        )


def test_the_client_creates_a_memory_once(official: Official) -> None:
    assert (official["created"]["created"], official["createdAgain"]["created"]) == (True, False)
    assert official["created"]["memory"]["id"] == official["createdAgain"]["memory"]["id"]


def test_the_client_merges_facts_and_reads_them_back(official: Official) -> None:
    assert official["patched"]["facts"] == official["got"]["facts"] == {"plan": "premium"}
    assert official["context"]["contactFacts"] == {"plan": "premium"}


def test_a_plus_sign_in_a_query_arrives_as_one(official: Official) -> None:
    (context,) = [entry for entry in official.log if entry.path == "/v1/memory/context"]
    assert context.query["agent_number"] == NUMBER


def test_the_client_adds_reads_and_updates_a_user(official: Official) -> None:
    assert official["added"]["message"] == "User added to memory successfully"
    assert (official["user"]["metadata"], official["user"]["calls"]) == ("25 years", [])
    assert official["updatedUser"]["user"]["summary"] == "older"
    assert [user["summary"] for user in official["readAsStore"]["users"]] == ["older"]


def test_a_number_that_is_already_there_is_an_error_of_the_client(official: Official) -> None:
    (problem,) = official["addedAgain"]["errors"]
    assert official["addedAgain"]["name"] == "BlandError"
    assert problem["error"] in {"MEMORY_ADD_USER_ERROR", "INTERNAL_ERROR"}


def test_the_client_resolves_a_contact_once(official: Official) -> None:
    assert (official["resolved"]["created"], official["resolvedAgain"]["created"]) == (True, False)
    assert official["patchedContact"]["metadata"] == {"tier": 2}


def test_the_client_finds_and_lists_contacts_with_their_memories(official: Official) -> None:
    assert [contact["id"] for contact in official["listed"]] == [official["found"]["id"]]
    assert [memory["facts"] for memory in official["found"]["memories"]] == [{"plan": "premium"}]


def test_a_contact_that_is_not_there_is_nothing_to_find_and_an_error_to_get(official: Official) -> None:
    assert official["notFound"] == {"data": None, "errors": None}
    assert (official["absent"]["status"], official["absent"]["errors"]) == (
        404,
        [{"error": "NOT_FOUND", "message": "Contact not found"}],
    )


def test_the_client_creates_lists_and_reads_a_store(official: Official) -> None:
    assert (
        official["stores"]["memories"] == [official["storeRenamed"]] == [{**official["storeCreated"], "name": "guests"}]
    )
    assert (official["store"]["name"], official["store"]["users"]) == ("guests", [])


def test_the_client_shows_the_account_and_the_personas(official: Official) -> None:
    assert (official.account["status"], official.account["profile"]) == ("active", "default")
    assert [persona["id"] for persona in official.personas] == ["persona-12345678"]
    assert official.persona == official.personas[0]


def test_the_client_writes_a_summary_and_asks_for_messages_and_changes(official: Official) -> None:
    assert official["summarised"]["summary"] == official["got"]["summary"] == "a regular"
    assert official["messages"] == []
    assert (official["changes"]["status"], official["changes"]["errors"][0]["error"]) == (404, "NOT_FOUND")


def test_every_call_of_the_client_is_known_here(official: Official) -> None:
    absent = [entry.path for entry in official.log if entry.status == 404]
    assert absent == [
        "/v1/memory/changes",
        "/v1/contacts/nobody",
    ]
