"""`notify` tells of drift, refusals, failures and applies: one POST, nothing private, and no exit code is changed."""

import asyncio
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest
from jsonschema import Draft202012Validator

from reconciler.api import webhook
from reconciler.core.documents.notification import NotificationDocument
from reconciler.render.notification import body_for
from reconciler.sandbox.store import Store
from reconciler.workflow.applying import Apply
from tests.cli.conftest import SPEC, Called, Repository
from tests.cli.listening import TOKEN, Listener, listening
from tests.cli.watched import FakeTime, Watch

PROJECT = """\
version: 1
default_environment: live
secrets: [CARD]
environments:
  live: {api: sandbox, notify: {url_env: OPS_WEBHOOK%s}}
  quiet: {api: sandbox}
"""
DRIFT = ("plan", "--detailed-exitcode")
BY = " (by ana, https://git.example/acme/agents/-/jobs/7)"
OF_THE_JOB = {"GITHUB_TRIGGERING_ACTOR": "ana", "CI_JOB_URL": "https://git.example/acme/agents/-/jobs/7"}
CARD = "4111-1111-1111-1111"
LIVE = "what the agent learned"


@pytest.fixture
def heard(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    for name in ("GITHUB_EVENT_NAME", "CI_PIPELINE_SOURCE", "GITHUB_ACTIONS", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in OF_THE_JOB.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    monkeypatch.setenv("CARD", CARD)
    repository.write("reconciler.yaml", PROJECT % "")
    with listening() as listener:
        monkeypatch.setenv("OPS_WEBHOOK", listener.url)
        yield listener


def only_warned(called: Called) -> str:
    (warning,) = [line for line in called.err.splitlines() if line.startswith("warning:")]
    return warning


def test_a_look_for_drift_tells_it_with_counts_and_an_apply_what_it_did(
    repository: Repository, heard: Listener
) -> None:
    assert [repository.run(*call).code for call in (DRIFT, ("apply", "--yes"), DRIFT)] == [2, 0, 0]

    drift, applied = heard.bodies
    assert heard.events == ["drift", "applied"]
    planned = "1 contact to create, 1 memory to create, 2 facts to add, 1 user to add"
    assert drift["text"] == f"Drift in live: {planned}{BY}"
    assert (drift["planned"]["facts_to_add"], drift["outcomes"], drift["exit_code"]) == (2, None, 2)
    assert applied["text"] == f"Applied to live: 4 done{BY}"
    assert (applied["planned"], applied["outcomes"]["done"], applied["exit_code"]) == (None, 4, 0)
    assert {body["environment"] for body in heard.bodies} == {"live"}


@pytest.mark.parametrize(
    "call",
    [
        ("plan",),
        ("plan", "--detailed-exitcode", "--base", "HEAD"),
        ("plan", "--detailed-exitcode", "--changed-since", "HEAD"),
        ("-e", "quiet", "plan", "--detailed-exitcode"),
        ("apply", "--dry-run"),
        ("apply",),
        ("validate",),
        ("diff",),
        ("export", "--out", "new"),
        ("doctor",),
    ],
)
def test_nobody_is_told_of_what_somebody_looks_at(
    repository: Repository, heard: Listener, call: tuple[str, ...]
) -> None:
    called = repository.run(*call)

    assert heard.paths == []
    assert "notified" not in called.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_NAME", "push"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_PIPELINE_SOURCE", "push"),
    ],
)
def test_a_plan_for_a_review_tells_nobody(
    repository: Repository, heard: Listener, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert repository.run(*DRIFT).code == 2
    assert heard.events == []

    monkeypatch.setenv(name, "schedule")
    assert repository.run(*DRIFT).code == 2
    assert heard.events == ["drift"]


@pytest.fixture
def head(repository: Repository, heard: Listener) -> str:
    """Commit the specs, and return the commit."""
    del heard
    repository.write(".gitignore", ".reconciler/\n*.json\nundo*.yaml\n")
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com")
    calls = (("init", "-q"), ("add", "."), ("commit", "-qm", "specs"), ("rev-parse", "HEAD"))
    outputs = [subprocess.check_output([*git, *call], cwd=repository.root, text=True) for call in calls]  # noqa: S603
    return outputs[-1].strip()


def test_each_event_names_the_commit_that_the_record_of_a_run_names(
    repository: Repository, heard: Listener, head: str
) -> None:
    guarded = ("--max-changes", "1")
    repository.run(*DRIFT)
    repository.run(*DRIFT, *guarded)
    repository.run("apply", "--yes", *guarded)
    repository.run("apply", "--yes", "--receipt", "receipt.json")
    repository.write("specs/support.yaml", SPEC.replace("premium", "trial"))
    repository.run("apply", "--yes", "--save-undo", "undo.yaml")
    repository.run("undo", "undo.yaml", "--yes")
    repository.write("specs/support.yaml", SPEC.replace("facts:", "fcts:"))
    repository.run(*DRIFT)
    recorded = json.loads((repository.root / "receipt.json").read_text())["run"]["commit"]

    assert heard.events == ["drift", "refused", "refused", "applied", "applied", "applied", "failed"]
    assert {body["commit"] for body in heard.bodies} == {head} == {recorded}
    assert all(f" (by ana at {head[:10]}" in text for text in heard.texts)


def test_an_apply_that_does_nothing_tells_nothing(repository: Repository, heard: Listener) -> None:
    for _ in range(3):
        assert repository.run("apply", "--yes").code == 0

    assert heard.events == ["applied"]


def test_a_refused_apply_is_told_with_its_reason(repository: Repository, heard: Listener) -> None:
    assert repository.run("apply", "--yes", "--max-changes", "1").code == 4
    (body,) = heard.bodies

    assert (body["event"], body["exit_code"]) == ("refused", 4)
    assert body["text"].startswith("Apply refused in live: 5 changes, and max_changes is 1; ")


def test_what_keeps_a_run_from_its_begin_is_told_too(repository: Repository, heard: Listener) -> None:
    repository.write("specs/broken.yaml", "contcts: {}\nscops: {}\n")
    codes = [repository.run(*call).code for call in (("apply", "--yes"), DRIFT)]

    assert (codes, heard.events) == ([1, 1], ["failed", "failed"])
    assert heard.texts[0].startswith("Apply failed in live: specs/broken.yaml:1:1 contcts: unknown key; ")
    assert heard.texts[0].endswith(f" (and 1 more){BY}")
    assert len(heard.bodies[1]["errors"]) == heard.bodies[1]["errors_in_all"] == 2


def test_a_plan_that_is_refused_tells_that_alone_with_its_counts(repository: Repository, heard: Listener) -> None:
    assert repository.run(*DRIFT, "--max-changes", "1").code == 4
    (body,) = heard.bodies

    assert (body["event"], body["exit_code"], body["planned"]["facts_to_add"]) == ("refused", 4, 2)
    assert body["text"].startswith("Plan refused in live: 5 changes, and max_changes is 1; ")


@pytest.mark.parametrize(
    "call", [DRIFT, (*DRIFT, "--max-changes", "1"), ("apply", "--yes", "--max-changes", "1"), ("apply", "--yes")]
)
@pytest.mark.parametrize("spec", [SPEC, SPEC.replace("facts:", "fcts:")])
def test_a_run_tells_one_event_with_the_exit_code_that_it_has(
    repository: Repository, heard: Listener, call: tuple[str, ...], spec: str
) -> None:
    repository.write("specs/support.yaml", spec)
    code = repository.run(*call).code

    assert [body["exit_code"] for body in heard.bodies] == [code]


def test_only_the_events_that_are_wanted_are_told(repository: Repository, heard: Listener) -> None:
    repository.write("reconciler.yaml", PROJECT % ", on: [refused]")
    for call in (DRIFT, ("apply", "--yes", "--max-changes", "1"), ("apply", "--yes")):
        repository.run(*call)

    assert heard.events == ["refused"]


def test_an_undo_tells_the_environment_of_its_file(repository: Repository, heard: Listener) -> None:
    repository.run("apply", "--yes")
    repository.write("specs/support.yaml", SPEC.replace("premium", "trial"))
    repository.run("apply", "--yes", "--save-undo", "undo.yaml")
    repository.write(
        "reconciler.yaml", (PROJECT % "").replace("default_environment: live", "default_environment: quiet")
    )

    assert repository.run("undo", "undo.yaml", "--yes").code == 0
    assert heard.bodies[-1]["command"] == "undo"
    assert heard.events == ["applied", "applied", "applied"]


def test_a_notification_is_what_its_schema_describes(repository: Repository, heard: Listener) -> None:
    for call in (DRIFT, ("apply", "--yes", "--max-changes", "1"), ("apply", "--yes")):
        repository.run(*call)
    described = json.loads(repository.run("schema", "notification").out)

    assert len(heard.bodies) == 3
    for body in heard.bodies:
        Draft202012Validator(described).validate(body)
        assert set(body) == set(described["properties"])


def test_nothing_of_the_account_no_secret_and_no_url_is_told_or_shown(repository: Repository, heard: Listener) -> None:
    repository.write("specs/support.yaml", SPEC.replace("premium", f'"{LIVE}"'))
    repository.run("apply", "--yes")
    repository.write("specs/support.yaml", SPEC.replace("premium", '"${env:CARD}"'))
    calls = [(*DRIFT, "--debug"), ("apply", "--yes", "--max-changes", "0", "--debug"), ("apply", "--yes", "--debug")]
    called = [repository.run(*call) for call in calls]
    repository.write("specs/broken.yaml", 'memories: {m: {memory_id: "${env:CARD}"}}\n')
    called.append(repository.run("apply", "--yes"))
    repository.write("specs/broken.yaml", f'live_values: true\ncontacts: {{ann: {{phone_number: "{LIVE}"}}}}\n')
    called.append(repository.run("apply", "--yes"))

    assert heard.events == ["applied", "drift", "refused", "applied", "failed", "failed"]
    assert "phone_number: " in heard.texts[-1]
    told, shown = json.dumps(heard.bodies), "".join(one.out + one.err for one in called)
    for hidden in (LIVE, CARD):
        assert hidden not in told
    assert TOKEN not in told + shown
    assert not {"authorization", "cookie"} & set().union(*heard.headers)


NO_URL = (
    "OPS_WEBHOOK holds no usable URL; write https:// or http://, a host and, where it has one, a port from 1 to 65535"
)
NO_URLS = [
    f"ftp://127.0.0.1/{TOKEN}",
    TOKEN,
    f"http://[{TOKEN}",
    f"http://[::1/{TOKEN}",
    f"http://127.0.0.1:0/{TOKEN}",
    f"http://127.0.0.1:65536/{TOKEN}",
    f"http://127.0.0.1:99999/{TOKEN}",
    f"http://127.0.0.1:-1/{TOKEN}",
    f"http://127.0.0.1:x/{TOKEN}",
    f"http:///{TOKEN}",
    f"http://:80/{TOKEN}",
    f"http://user@/{TOKEN}",
    f"http:{TOKEN}",
    f"http://{'h' * 64}.example/{TOKEN}",
    f"http://{'h' * 5000}/{TOKEN}",
    f"http://a..b/{TOKEN}",
    f"http://\u2603.\u200d/{TOKEN}",
    f"http://{chr(252) * 64}/{TOKEN}",
    f"http://127.0.0.1/\x01{TOKEN}",
    f"http://127.0\t.0.1/{TOKEN}",
    f"http://127.0.0.1\r\nx: {TOKEN}",
    f"http://\udcff/{TOKEN}",
]


def test_of_a_defect_its_kind_alone_is_told(
    repository: Repository, heard: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise RuntimeError(LIVE)

    monkeypatch.setattr(Apply, "run", fail)

    assert repository.run("apply", "--yes").code == 70
    assert heard.texts == [f"Apply failed in live: a defect of reconciler (RuntimeError){BY}"]


UNUSABLE = {
    "": "the environment variable OPS_WEBHOOK is not set",
    **dict.fromkeys(NO_URLS, NO_URL),
    f"http://127.0.0.1:1/{TOKEN}": "OPS_WEBHOOK holds a URL, but its server cannot be reached",
}


@pytest.mark.parametrize("url", UNUSABLE)
def test_a_url_that_does_not_work_is_one_warning_without_it(
    repository: Repository, heard: Listener, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("OPS_WEBHOOK", url)
    for call, code in ((DRIFT, 2), (("apply", "--yes", "--max-changes", "0"), 4), (("apply", "--yes"), 0)):
        called = repository.run(*call, "--debug")

        assert called.code == code
        assert only_warned(called).endswith(UNUSABLE[url])
        assert TOKEN not in called.out + called.err
    diagnosed = repository.run("doctor")
    assert diagnosed.code == 0
    assert ("OPS_WEBHOOK holds no usable URL" in diagnosed.out) == (url in NO_URLS)
    assert heard.paths == []


@pytest.mark.parametrize("url", ["http://", "https://", " https:// ", "https:///", "https://:1/", "ftp://x"])
def test_a_url_that_is_hardly_more_than_its_scheme_masks_no_words(
    repository: Repository, heard: Listener, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("OPS_WEBHOOK", url)

    assert only_warned(repository.run(*DRIFT)).endswith(NO_URL)
    assert heard.paths == []


@pytest.mark.parametrize("url", ["http://m\xfcnchen.invalid/x", "http://h\xf6st:65535", " https://[::1]:1/x "])
def test_a_url_can_have_a_host_of_any_script_and_each_port(url: str) -> None:
    assert webhook.host_of(url)


@pytest.mark.parametrize("error", [RuntimeError(TOKEN), ExceptionGroup(TOKEN, [OverflowError(TOKEN)]), OSError(TOKEN)])
def test_whatever_fails_while_it_is_told_is_a_warning_alone(
    repository: Repository, heard: Listener, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(*_arguments: object, **_more: object) -> str:
        raise error

    monkeypatch.setattr(webhook, "post", fail)
    for call, code in ((DRIFT, 2), (("apply", "--yes", "--max-changes", "0"), 4), (("apply", "--yes"), 0)):
        called = repository.run(*call, "--debug")

        assert called.code == code
        assert only_warned(called).endswith(f": a defect of reconciler ({type(error).__name__})")
        assert TOKEN not in called.out + called.err
    assert heard.paths == []


def test_an_answer_that_is_no_success_is_a_warning_and_a_redirect_is_not_followed(
    repository: Repository, heard: Listener
) -> None:
    heard.status, heard.location = 302, "/elsewhere"
    warned = only_warned(repository.run(*DRIFT))

    assert warned == "warning: nobody was notified (drift): OPS_WEBHOOK holds a URL, but it was answered with 302"
    assert heard.paths == [f"/{TOKEN}?key={TOKEN}"]


def test_an_answer_that_does_not_come_is_waited_for_a_short_time(heard: Listener) -> None:
    heard.drips = True

    assert asyncio.run(webhook.post(heard.url, "{}", {}, limit=0.2)) == "there was no answer within 1 s"


def test_a_host_whose_name_cannot_be_looked_up_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, ended = threading.Event(), threading.Event()

    def look_up(*_arguments: object, **_more: object) -> None:
        may_end.wait(60)
        ended.set()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    reason = asyncio.run(webhook.post("https://hooks.example/x", "{}", {}, limit=0.2))

    assert (reason, ended.is_set()) == ("there was no answer within 1 s", False)
    may_end.set()
    assert ended.wait(60), "the look-up was under way"


def test_no_error_leaves_a_notification(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(url: str, _environ: object) -> None:
        raise RuntimeError(url)

    monkeypatch.setattr(webhook, "proxy_for", fail)

    assert asyncio.run(webhook.post(f"https://hooks.example/{TOKEN}", "{}", {})) == "its server cannot be reached"


def test_a_proxy_that_cannot_be_used_is_a_reason_and_no_error() -> None:
    environ = {"HTTPS_PROXY": f"socks5://{TOKEN}"}
    reason = asyncio.run(webhook.post("https://hooks.example/", "{}", environ))

    assert reason == "a variable of the proxy or the certificates cannot be used"


def test_slack_takes_a_text_in_which_nothing_calls_a_channel() -> None:
    document = NotificationDocument(
        "1.0", "notification", "failed", is_over=False, command="apply", environment="live", at="", exit_code=1,
        commit=None, planned=None, outcomes=None, errors=(), errors_in_all=0, actor=None, ci_url=None,
        text="Apply failed in live: <!channel> & <http://x|y>",
    )  # fmt: skip
    escaped = {"text": "Apply failed in live: &lt;!channel&gt; &amp; &lt;http://x|y&gt;"}

    assert json.loads(body_for("hooks.slack.com", document)) == escaped
    assert json.loads(body_for("Hooks.Slack.com", document)) == escaped
    assert json.loads(body_for("hooks.slack.com.example", document))["kind"] == "notification"


@pytest.fixture
def watch_of(repository: Repository, heard: Listener, capsys: pytest.CaptureFixture[str]) -> Callable[..., Watch]:
    live = '{api: "http://127.0.0.1:1", api_key_env: TEST_KEY, notify: {url_env: OPS_WEBHOOK}}'
    repository.write("reconciler.yaml", f"version: 1\nenvironments:\n  live: {live}\n")
    del heard
    return lambda ends, *events, **more: Watch(capsys, FakeTime(ends, list(events)), **more)


def test_a_watch_tells_each_drift_once_another_one_anew_and_its_end(
    repository: Repository, heard: Listener, watch_of: Callable[..., Watch]
) -> None:
    spec = "scopes: {s: {persona_id: p}}\ncontacts: {ann: {contact_id: id-ann, scopes: {s: {facts: {%s}}}}}\n"
    memory = {"id": "mem-ann", "contact_id": "id-ann", "persona_id": "p", "facts": {"plan": "trial"}}
    store = Store()
    store.load({"contacts": [{"id": "id-ann", "identifiers": []}], "contact_memories": [memory]})
    repository.write("specs/support.yaml", spec % "plan: premium")
    watch = watch_of(
        65.0,
        (25.0, lambda: repository.write("specs/support.yaml", spec % "tier: gold")),
        (45.0, lambda: repository.write("specs/support.yaml", spec % "plan: trial")),
        store=store,
    )
    watch.run(interval=10.0, applies=False)

    assert len(watch.results) >= 6
    assert heard.events == ["drift", "drift", "drift over"]
    told = ("Drift in live: 1 fact to update", "Drift in live: 1 fact to add", "No drift in live any more")
    assert heard.texts == [f"{text}{BY}" for text in told]


def test_a_watch_tells_a_failure_once_and_that_it_is_over(
    repository: Repository, heard: Listener, watch_of: Callable[..., Watch]
) -> None:
    watch = watch_of(
        75.0,
        (15.0, lambda: repository.write("specs/support.yaml", SPEC.replace("facts:", "fcts:"))),
        (45.0, lambda: repository.write("specs/support.yaml", SPEC)),
    )
    watch.run(interval=10.0)

    assert watch.story == ["ok", "invalid", "ok"]
    assert heard.events == ["applied", "failed", "failed over"]
    assert heard.texts[1].startswith("Watch failed in live: specs/support.yaml:")
    assert heard.texts[2] == f"Watch of live is in order again{BY}"
    assert {body["exit_code"] for body in heard.bodies} == {None}


def test_a_watch_names_the_commit(heard: Listener, watch_of: Callable[..., Watch], head: str) -> None:
    watch = watch_of(15.0)
    watch.run(interval=10.0)

    assert [(body["event"], body["commit"]) for body in heard.bodies] == [("applied", head)], watch.told


def test_what_did_not_arrive_is_told_again_by_the_next_run(heard: Listener, watch_of: Callable[..., Watch]) -> None:
    heard.status = 500
    watch = watch_of(55.0, (25.0, lambda: setattr(heard, "status", 200)))
    watch.run(interval=10.0, applies=False)

    assert len(watch.results) == 6
    assert heard.events == ["drift"] * 4
    assert watch.told.count("nobody was notified") == 1
    assert TOKEN not in watch.told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{url: https://hooks.example/x}", "put the URL into a variable"),
        (
            "{url_env: https://hooks.example/x}",
            "put the URL itself into a variable and write that variable's name, such as OPS_WEBHOOK",
        ),
        ("{on: [drift]}", "url_env"),
        ("{url_env: A, on: []}", "a list of at least 1 is expected, not an empty one"),
        ("{url_env: A, on: [drifts]}", "one of 'drift', 'refused', 'failed' or 'applied' is expected"),
    ],
)
def test_a_notify_that_cannot_be_is_a_mistake_of_the_file(repository: Repository, written: str, told: str) -> None:
    repository.write("reconciler.yaml", f"version: 1\nenvironments: {{live: {{api: sandbox, notify: {written}}}}}\n")
    called = repository.run("validate")

    assert called.code == 1
    assert told in called.err
    assert "hooks.example" not in called.err


def test_no_spec_reads_the_url(repository: Repository) -> None:
    repository.write("reconciler.yaml", (PROJECT % "").replace("[CARD]", "[CARD, OPS_WEBHOOK]"))
    called = repository.run("validate")

    assert called.code == 1
    assert "remove it from secrets" in called.err


def test_doctor_says_whether_anybody_is_told(
    repository: Repository, heard: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for url in (heard.url, "", TOKEN):
        monkeypatch.setenv("OPS_WEBHOOK", url)
        told.append(next(line for line in repository.run("doctor").out.splitlines() if " notify " in line).split())

    assert [words[0] for words in told] == ["ok", "note", "note"]
    assert TOKEN not in str(told)
    assert heard.paths == []
