"""The command line behind a proxy: it gets through with what the environment says, or says what is wrong with that."""

import pytest

from reconciler.sandbox.serve import running
from tests.api.support import World
from tests.api.test_network import API, BASIC, HIDDEN
from tests.api.way import Authority, Way, proxy
from tests.cli.child import spawned
from tests.cli.conftest import Repository

PROJECT = f"version: 1\nenvironments:\n  live: {{api: {API}, api_key_env: TEST_KEY}}\n"


def test_an_account_is_reached_through_a_proxy_that_inspects_tls(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, authority = World(), Authority()
    repository.write("reconciler.yaml", PROJECT)
    monkeypatch.setenv("SSL_CERT_FILE", authority.write(repository.root / "authority.pem"))
    with running(world.app) as url, proxy(Way(behind=url, authority=authority)) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"someone:{HIDDEN}@127.0.0.1:{way.port}")
        monkeypatch.setenv("NO_PROXY", "localhost")
        with spawned("--debug", "apply", "--yes") as process:
            out, err = process.communicate(timeout=60)

    assert (process.returncode, "Apply complete" in out) == (0, True)
    assert "POST /v1/memory/contact" in world.requests
    assert f"proxy-authorization: {BASIC}".lower() in way.asked[0].lower()
    assert HIDDEN not in out + err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HTTPS_PROXY", f"http://u:{HIDDEN}@[::1", "error: HTTPS_PROXY is not the URL of a proxy; write it as"),
        (
            "SSL_CERT_FILE",
            "nowhere.pem",
            'error: SSL_CERT_FILE names "nowhere.pem", which cannot be read: no such file',
        ),
        (
            "SSL_CERT_FILE",
            "reconciler.yaml",
            'error: SSL_CERT_FILE names "reconciler.yaml", which holds no certificate',
        ),
        ("SSL_CERT_DIR", "nowhere", "error: SSL_CERT_DIR names no folder that is there"),
    ],
)
def test_a_variable_that_leads_nowhere_is_told_before_anything_is_sent(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    repository.write("reconciler.yaml", PROJECT)
    monkeypatch.setenv("TEST_KEY", "sk-any-key")
    monkeypatch.setenv(name, value)

    for command in ("plan", "apply --yes", "export", "snapshot --out s.json"):
        called = repository.run("--debug", *command.split())

        assert (called.code, called.out) == (1, "")
        assert said in called.err
        assert HIDDEN not in called.err
        assert "waiting" not in called.err
