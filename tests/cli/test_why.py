"""`why` names the places that gave a value, with the commits of their lines, and reads no secret."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import InputError
from reconciler.revision import authors_of
from tests.cli.conftest import Repository
from tests.cli.test_environments import environments

__all__ = ["environments"]

FACT = "contacts.sarah.scopes.support.facts.seats"


def git(root: Path, *arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.com", "GIT_AUTHOR_DATE": "1767355200 +0000"}
    committer = {name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()}
    subprocess.run(  # noqa: S603  a fixed program
        ["git", "-C", str(root), *arguments],  # noqa: S607  where it is installed differs
        check=True,
        capture_output=True,
        env={**os.environ, **identity, **committer, "GIT_CONFIG_GLOBAL": os.devnull},
    )


def test_each_place_is_told_with_what_it_won_over(environments: Repository) -> None:
    called = environments.run("-e", "production", "why", FACT)

    assert called.code == 0
    assert called.out == (
        f"{FACT} = 40\n"
        "  environments/production/overlays/sarah.yaml:5  contact in scope, overlay, facts.seats: 40\n"
        '  specs/support.yaml:10  contact in scope, facts.seats: "${seats}"  (overridden)\n'
    )
    assert "note: no commits are told: git" in called.err


def test_commits_are_told_of_lines_that_are_committed(environments: Repository) -> None:
    git(environments.root, "init", "--quiet")
    git(environments.root, "add", "specs")
    git(environments.root, "commit", "--quiet", "--message", "declare")

    shown = environments.run("-e", "production", "why", FACT)
    (value,) = json.loads(environments.run("-e", "production", "why", FACT, "--format", "json").out)["values"]

    declared, patch = value["given"]
    assert shown.err == ""
    assert (declared["commit"]["date"], declared["commit"]["author"]) == ("2026-01-02", "Ana")
    assert f"{declared['commit']['id']} 2026-01-02 Ana  (overridden)" in shown.out
    assert (patch["commit"], patch["counts"], declared["counts"]) == (None, True, False)
    assert declared["variables"] == [{"name": "seats", "value": 1, "source": {"file": "reconciler.yaml", "line": 3}}]


def test_lines_are_known_by_their_last_commit_whatever_they_hold(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "-a b.yaml").write_bytes(b"one\n\x85\xe2\x80\xa8 \xff\nthree\n")
    git(tmp_path, "add", "--", "-a b.yaml")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    (tmp_path / "-a b.yaml").write_bytes(b"one\n\x85\xe2\x80\xa8 \xff\nchanged\n")

    found = authors_of(tmp_path, {"-a b.yaml": {1, 2, 3}, "gone.yaml": {1}, "../outside.yaml": {1}})

    assert sorted(line for _, line in found) == [1, 2]
    assert {(one.date, one.author) for one in found.values()} == {("2026-01-02", "Ana")}


def test_a_folder_without_a_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="git rev-parse: fatal: not a git repository"):
        authors_of(tmp_path, {"a": {1}})


def test_a_secret_shows_as_its_reference(environments: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_ACCOUNT", "acc-990017")

    called = environments.run("-e", "production", "why", "contacts.sarah")

    assert 'facts.account = "${env:SARAH_ACCOUNT}"' in called.out
    assert 'metadata = "${env:SARAH_ACCOUNT} holder"' in called.out
    assert "990017" not in called.out + called.err


def test_an_address_that_names_nothing_is_told_with_the_nearest_one(environments: Repository) -> None:
    called = environments.run("why", "contacts.sara")

    assert (called.code, called.out) == (1, "")
    assert 'did you mean "contacts.sarah"?' in called.err
