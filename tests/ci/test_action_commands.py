"""The commands of the action, with a tool and a GitHub that say what they are told."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.ci.action import VARIABLES, calling, part, ran, settings

pytestmark = pytest.mark.usefixtures("action")

# The one issue, and the one pull request


def items(*numbers: int, kind: str = "drift", login: str = "us", state: str = "open") -> list[dict[str, Any]]:
    body = f"<!-- reconciler:eu%2Fwest:{kind} none -->\nold"
    return [{"number": number, "state": state, "user": {"login": login}, "body": body} for number in numbers]


class OnGitHub:
    """A `Gh` that has a listing of issues and pull requests, and no branch."""

    def __init__(self, *listed: dict[str, Any]) -> None:
        self.listed = listed
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.is_viewer_asked = False

    def viewer(self) -> str:
        self.is_viewer_asked = True
        return "us"

    def all_of(self, path: str) -> list[dict[str, Any]]:
        return [] if path.startswith("git/") else [*self.listed]

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.sent.append((method, path, body))
        return {"sha": path}


def test_of_several_the_newest_by_us_is_the_one() -> None:
    marker = part("marked").Marker("eu/west", "drift")
    ours, theirs, others = items(2, 10, 9), items(11, login="ana"), items(12, kind="pull")
    odd = [{**items(1)[0], "number": "13"}, {"number": 14}]

    assert marker.newest(OnGitHub(), [*ours, *theirs, *others, *odd])["number"] == 10
    assert marker.newest(OnGitHub(), [*theirs, *others]) is None


def test_as_whom_the_token_acts_is_asked_only_where_something_carries_the_marker() -> None:
    for listed, is_asked in ((items(1, login="ana"), True), (items(1, kind="pull"), False), ([], False)):
        there = OnGitHub()
        part("marked").Marker("eu/west", "drift").newest(there, listed)
        assert there.is_viewer_asked is is_asked


@pytest.mark.parametrize(
    ("identifier", "carried"),
    [("none", "none"), (f"sha256:{'0' * 64}", f"sha256:{'0' * 64}"), ("sha256:0", ""), (f"sha256:{'G' * 64}", "")],
)
def test_an_id_is_read_from_its_marker_as_it_was_written(identifier: str, carried: str) -> None:
    marker = part("marked").Marker("eu/west", "drift")
    body = marker.body(identifier, "text")

    assert body == f"<!-- reconciler:eu%2Fwest:drift {identifier} -->\ntext"
    assert marker.id_in({"body": body}) == carried


def test_the_id_of_a_drift_is_the_same_in_any_order() -> None:
    def written(address: str, *keys: str, of: str = "facts") -> dict[str, Any]:
        changes = [{"key": key, "path": [key], "action": "add"} for key in keys]
        return {"type": "write_facts", "address": address, "certain": True, of: changes}

    drift_id = part("issue").drift_id
    one = drift_id({"operations": [written("a", "x", "y"), written("b", of="changes")]})

    unsure = {**written("c", "z"), "certain": False}
    assert one == drift_id({"operations": [written("a", "x", "y"), written("b"), unsure]})
    assert drift_id({"operations": [unsure]}) == "none"
    assert one == drift_id({"operations": [written("b"), written("a", "y", "x", of="changes")]})
    assert one != drift_id({"operations": [written("a", "x"), written("b")]})
    assert one != drift_id({"operations": [written("a", "x", "y")]})


@pytest.mark.parametrize(
    ("state", "identifier", "word", "sent"),
    [
        ("open", "sha256:1", "edited", {"state": "open"}),
        ("closed", "sha256:1", "reopened", {"state": "open"}),
        ("open", "none", "closed", {"state": "closed", "state_reason": "completed"}),
    ],
)
def test_an_issue_is_edited_reopened_or_closed(
    monkeypatch: pytest.MonkeyPatch, state: str, identifier: str, word: str, sent: dict[str, str]
) -> None:
    told = "sha256:" + "0" * 64
    listed = [{**items(3, state=state)[0], "body": f"<!-- reconciler:eu%2Fwest:drift {told} -->\n"}]
    there = OnGitHub(*listed, {**items(4)[0], "pull_request": {}})
    monkeypatch.setattr(part("issue"), "Gh", lambda _: there)

    assert part("issue").keep_issue(settings(), identifier, "new") == word
    body = f"<!-- reconciler:eu%2Fwest:drift {identifier} -->\nnew"
    assert there.sent == [("PATCH", "issues/3", {"body": body, **sent})]


def change(**files: str) -> Any:
    named = {name: ("100644", text) for name, text in files.items()}
    return part("branch").Change("Title", "text", named, "commit-0", "tree-0")


def test_the_id_of_a_change_stays_what_it_is_or_pull_requests_that_were_closed_would_open_again() -> None:
    told = json.dumps([["a", ["100644", "1"]], ["b", ["100644", "2"]]])

    assert change(b="2", a="1").identifier == f"sha256:{sha256(told.encode()).hexdigest()}"


def kept(monkeypatch: pytest.MonkeyPatch, made: Any, *listed: dict[str, Any]) -> tuple[str, OnGitHub]:
    there = OnGitHub(*listed)
    monkeypatch.setattr(part("branch"), "Gh", lambda _: there)
    return part("branch").keep_pull_request(settings(GITHUB_REF_NAME="main"), made), there


def test_a_pull_request_is_one_commit_above_the_one_that_was_checked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = change(b="2", a="1")
    said, there = kept(monkeypatch, made)

    name = "reconciler/drift-eu%2Fwest"
    blobs = [
        {"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in (("a", "1"), ("b", "2"))
    ]
    message = "Title\n\nReconciler-Drift: eu/west git/trees\n"
    body = f"<!-- reconciler:eu%2Fwest:pull {made.identifier} -->\ntext"
    assert said == "opened"
    assert there.sent == [
        ("POST", "git/trees", {"base_tree": "tree-0", "tree": blobs}),
        ("POST", "git/commits", {"message": message, "tree": "git/trees", "parents": ["commit-0"]}),
        ("POST", "git/refs", {"ref": f"refs/heads/{name}", "sha": "git/commits"}),
        ("POST", "pulls", {"title": "Title", "body": body, "head": name, "base": "main"}),
    ]


@pytest.mark.parametrize(
    ("state", "merged_at", "is_same", "said"),
    [
        ("open", None, True, "unchanged"),
        ("open", None, False, "updated"),
        ("closed", None, True, "closed by somebody, and left so"),
        ("closed", None, False, "opened"),
        ("closed", "2026-01-02", True, "opened"),
    ],
)
def test_what_becomes_of_a_pull_request(
    monkeypatch: pytest.MonkeyPatch, state: str, merged_at: str | None, said: str, *, is_same: bool
) -> None:
    made = change(a="1")
    told = made.identifier if is_same else change(a="2").identifier
    body = f"<!-- reconciler:eu%2Fwest:pull {told} -->\n"
    one = {**items(3, state=state)[0], "body": body, "merged_at": merged_at}
    result, there = kept(monkeypatch, made, one)

    assert result == said
    assert bool(there.sent) is (said in {"updated", "opened"})


@pytest.mark.parametrize(("state", "said"), [("open", "closed, since nothing drifts"), ("closed", "none is needed")])
def test_without_files_an_open_pull_request_is_closed(monkeypatch: pytest.MonkeyPatch, state: str, said: str) -> None:
    result, there = kept(monkeypatch, change(), *items(3, kind="pull", state=state))

    assert result == said
    assert there.sent == ([("PATCH", "pulls/3", {"state": "closed"})] if state == "open" else [])
    assert kept(monkeypatch, change())[0] == "none is needed"


# The comment, the summary, and the commands


def comments(monkeypatch: pytest.MonkeyPatch, body: str, *listed: dict[str, Any], is_news: bool = True) -> Any:
    there = OnGitHub(*listed)
    monkeypatch.setattr(part("comment"), "Gh", lambda _: there)
    part("comment").keep_comment(settings(PULL_REQUEST="7"), body, is_news=is_news)
    return there.sent


def test_a_comment_is_made_edited_or_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"id": 9, "user": {"login": "us"}, "body": "<!-- reconciler:eu%2Fwest -->\nold"}

    assert comments(monkeypatch, "new\n\n") == [("POST", "issues/7/comments", {"body": "new"})]
    assert comments(monkeypatch, "new", is_news=False) == []
    assert comments(monkeypatch, "new\n", ours, is_news=False) == [("PATCH", "issues/comments/9", {"body": "new"})]
    assert comments(monkeypatch, f"{ours['body']}\n", ours) == []
    assert comments(monkeypatch, "new", {**ours, "user": {"login": "ana"}})[0][0] == "POST"


def test_as_whom_the_token_acts_is_asked_only_where_a_comment_carries_the_marker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for body, is_asked in (("<!-- reconciler:eu%2Fwest -->\nold", True), ("hello", False)):
        there = OnGitHub({"id": 9, "user": {"login": "ana"}, "body": body})
        monkeypatch.setattr(part("comment"), "Gh", lambda _, there=there: there)
        part("comment").keep_comment(settings(PULL_REQUEST="7"), "new", is_news=False)
        assert there.is_viewer_asked is is_asked


def test_outside_of_a_pull_request_there_is_no_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    called = calling(monkeypatch)
    part("comment").keep_comment(settings(), "new", is_news=True)

    assert called.lines == []


@pytest.mark.parametrize(
    ("code", "is_stopped", "summary"),
    [
        (0, False, ""),
        (1, False, "<p>No for <code>eu/west</code>.</p>\n<pre>why</pre>\n"),
        (1, True, ""),
        (143, True, ""),
    ],
)
def test_a_tool_that_wrote_no_summary_is_quoted_where_it_failed_and_was_not_stopped(
    tmp_path: Path, code: int, summary: str, *, is_stopped: bool
) -> None:
    (tmp_path / "s").write_text("")
    told = settings(GITHUB_STEP_SUMMARY=str(tmp_path / "s"), RUNNER_TEMP=str(tmp_path))
    part("apply")._summarise(told, ran(code, "why", is_stopped=is_stopped), "No")  # noqa: SLF001  one rule of three commands

    assert (tmp_path / "s").read_text() == summary


@pytest.mark.parametrize(("code", "is_followed"), [(0, False), (1, False), (3, True), (4, True)])
def test_an_apply_that_leaves_something_says_that_the_next_run_plans_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, *, is_followed: bool
) -> None:
    lines: list[tuple[str, ...]] = []

    def call(_settings: object, *line: str) -> Any:
        lines.append(line)
        return ran(code, "why")

    monkeypatch.setattr(part("apply"), "call", call)
    told = settings(GITHUB_STEP_SUMMARY=str(tmp_path / "s"), RUNNER_TEMP=str(tmp_path), INPUT_MAX_MINUTES="5")

    assert part("apply").apply(told) == code
    summary = (tmp_path / "s").read_text() if code else ""
    assert ("The next run of this workflow plans what is left." in summary) is is_followed
    assert ("The plan was refused for" in summary) is (code == 4)
    folder = tmp_path / "reconciler-plan-eu%2Fwest"
    assert lines == [
        (
            "apply",
            str(told.approved),
            "--api-url=sandbox",
            "--yes",
            "--format=github",
            "--max-minutes=5",
            f"--receipt={folder}/receipt.json",
            f"--write=summary={folder}/summary.md",
        )
    ]


def test_a_pull_tells_what_is_left_and_what_else_changes() -> None:
    body = part("pull")._body(settings(), ran(3, "error: x\nnot pulled: a <b>\nnote: this changes c\nnote: d\n"))  # noqa: SLF001
    head, rest = body.split("Look at each before it stands in the repository.</p>\n")

    assert "<code>eu/west</code> holds other values" in head
    assert rest == (
        "<p>Not in here, and to be decided by hand:</p>\n<pre>not pulled: a &#60;b&#62;</pre>\n"
        "<pre>note: this changes c</pre>\n"
        '<p><a href="https://github.example/acme/agents/actions/runs/42">Run</a></p>\n'
    )
    assert "by hand" not in part("pull")._body(settings(), ran(0))  # noqa: SLF001
    assert "<pre>" not in part("pull")._body(settings(), ran(0, "note: d\n"))  # noqa: SLF001


def test_what_git_refuses_is_told_with_its_command_and_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    calling(monkeypatch, code=128, said="fatal: \udcff is no repository\n")
    with pytest.raises(part("gh").GhError, match=r"^git rev-parse failed: fatal: \ufffd is no repository\Z"):
        part("pull").pull(settings())


def test_a_signal_between_two_calls_ends_the_action_as_one_within_a_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_: object) -> int:
        raise KeyboardInterrupt

    for name, value in {**VARIABLES, "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "o")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(part("main"), "_COMMANDS", {"plan": stopped})

    assert part("main").main() == 130
    monkeypatch.delenv("GITHUB_RUN_ID")
    assert part("main").main() == 1
    assert "::the variable GITHUB_RUN_ID is not set" in capsys.readouterr().out


# Commands, with a tool and a GitHub that say what they are told


class Said:
    """The tool and GitHub's side of one command: what each call gives, and what was sent and told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, **inputs: str) -> None:
        paths = {"RUNNER_TEMP": folder, "GITHUB_OUTPUT": folder / "o", "GITHUB_STEP_SUMMARY": folder / "s"}
        self.settings = settings(**{key: str(path) for key, path in paths.items()}, PULL_REQUEST="7", **inputs)
        self.codes: dict[str, Any] = {}
        self.lines: list[tuple[str, ...]] = []
        self.comments: list[tuple[str, bool]] = []
        self.settings.folder.mkdir()
        module = part(name)
        for attribute, value in (("call", self.call), ("plan", self.plan), ("keep_comment", self.comment)):
            if hasattr(module, attribute):
                monkeypatch.setattr(module, attribute, value)

    def call(self, _settings: object, *line: str) -> Any:
        self.lines.append(line)
        return self.codes.get(line[0], ran(0))

    def plan(self, told: Any, *line: str) -> Any:
        for name in ("summary.md", "plan.md"):
            (told.folder / name).write_text(f"<!-- {name} -->\nplanned\n")
        return self.call(told, "plan", *line)

    def comment(self, _settings: object, body: str, *, is_news: bool) -> None:
        self.comments.append((body, is_news))

    @property
    def summary(self) -> str:
        return self.settings.summary.read_text() if self.settings.summary.exists() else ""

    @property
    def outputs(self) -> list[str]:
        return self.settings.outputs.read_text().splitlines() if self.settings.outputs.exists() else []


RUN = '<p><a href="https://github.example/acme/agents/actions/runs/42">Run'


@pytest.mark.parametrize(("code", "changes"), [(0, "false"), (2, "true")])
def test_a_preview_keeps_the_plan_as_a_comment_that_is_news_where_something_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, changes: str
) -> None:
    said = Said(monkeypatch, tmp_path, "preview", INPUT_BASE="b")
    said.codes["plan"] = ran(code)

    assert part("preview").preview(said.settings) == 0
    foot = f"{RUN} with plan and report as artifacts</a></p>\n" if code else ""
    assert said.comments == [(f"<!-- plan.md -->\nplanned\n{foot}", bool(code))]
    assert said.summary == "<!-- summary.md -->\nplanned\n"
    assert said.outputs == [f"changes={changes}"]
    folder = said.settings.folder
    assert said.lines == [("validate", f"--write=sarif={folder / 'validate.sarif'}"), ("plan", "--base=b")]


@pytest.mark.parametrize(
    ("failing", "words", "restricted"),
    [
        ("validate", "The specs are not valid, so there is no plan", "false"),
        ("validate", "The specs are not valid, so there is no plan", "true"),
        ("plan", "The plan could not be made", "false"),
    ],
)
def test_a_preview_that_fails_says_so_where_the_plan_would_stand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failing: str, words: str, restricted: str
) -> None:
    said = Said(monkeypatch, tmp_path, "preview", INPUT_RESTRICTED=restricted)
    said.codes[failing] = ran(1, "why")
    told = f"<p>{words} for <code>eu/west</code>.</p>\n<pre>why</pre>\n"

    assert part("preview").preview(said.settings) == 1
    assert said.summary == told
    comment = (f"<!-- reconciler:eu%2Fwest -->\n{told}{RUN}</a></p>\n", True)
    assert said.comments == ([] if restricted == "true" else [comment])
    assert said.outputs == []


@pytest.mark.parametrize(("code", "given"), [(0, 130), (143, 143)])
@pytest.mark.parametrize("command", ["validate", "diff"])
def test_a_preview_that_is_stopped_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, code: int, given: int
) -> None:
    said = Said(monkeypatch, tmp_path, "preview", INPUT_RESTRICTED="true" if command == "diff" else "")
    said.codes[command] = ran(code, "why", is_stopped=True)

    assert part("preview").preview(said.settings) == given
    assert (said.comments, said.summary, said.outputs) == ([], "", [])


@pytest.mark.parametrize(("base", "ref"), [("", "HEAD"), ("b", "b")])
def test_a_preview_without_secrets_compares_with_the_base_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, base: str, ref: str
) -> None:
    said = Said(monkeypatch, tmp_path, "preview", INPUT_RESTRICTED="true", INPUT_BASE=base, INPUT_TARGET="a")
    summary = said.settings.folder / "summary.md"
    summary.write_text("compared\n")

    assert part("preview").preview(said.settings) == 0
    assert said.lines[1] == ("diff", ref, "--format=github", "--target=a", f"--write=summary={summary}")
    secrets = "<p>This run has no secrets, so the account of <code>eu/west</code> was not read.</p>"
    assert said.summary == f"{secrets}\n\ncompared\n"
    assert (said.comments, said.outputs) == ([], [])


def test_specs_that_nothing_can_be_compared_with_are_valid_still(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = Said(monkeypatch, tmp_path, "preview", INPUT_RESTRICTED="true", INPUT_ENVIRONMENT="a<b")
    said.codes["diff"] = ran(1, "why")

    assert part("preview").preview(said.settings) == 0
    valid = "<p>The specs of <code>a&#60;b</code> are valid. There is nothing to compare them with:</p>"
    assert said.summary == f"{valid}\n<pre>why</pre>\n"


@pytest.mark.parametrize(
    ("code", "operations", "outputs"),
    [
        (0, [], ["changes=false", "pending=false"]),
        (0, [{}], ["changes=false", "pending=true"]),
        (2, [{}], ["changes=true", "pending=true"]),
        (1, [{}], []),
        (4, [{}], []),
    ],
)
def test_a_plan_to_approve_tells_what_is_pending_unless_it_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, operations: list[Any], outputs: list[str]
) -> None:
    said = Said(monkeypatch, tmp_path, "apply")
    said.codes["plan"] = ran(code)
    (said.settings.folder / "plan.json").write_text(json.dumps({"operations": operations}))

    assert part("apply").plan_to_approve(said.settings) == (0 if code == 2 else code)
    assert said.outputs == outputs
    assert said.summary == "<!-- summary.md -->\nplanned\n"


@pytest.mark.parametrize(("certain", "changes"), [(True, "true"), (False, "false")])
def test_a_drift_check_tells_of_the_drift_in_its_issue(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: str, *, certain: bool
) -> None:
    kept: list[tuple[str, str]] = []
    said = Said(monkeypatch, tmp_path, "drift")
    monkeypatch.setattr(part("drift"), "keep_issue", lambda _, identifier, body: kept.append((identifier, body)))
    operation = {"type": "create_memory", "address": "a", "certain": certain}
    (said.settings.folder / "plan.json").write_text(json.dumps({"operations": [operation]}))
    said.codes["plan"] = ran(2 if certain else 0)

    assert part("drift").drift(said.settings) == 0
    [(identifier, body)] = kept
    assert said.lines == [("plan", "--refresh")]
    assert said.outputs == [f"changes={changes}", f"drift-id={identifier}"]
    assert said.summary == "<!-- summary.md -->\nplanned\n"
    held = "<p>The account is not as the specs say. Apply them, or change them to what it holds.</p>\n\nplanned\n"
    same = "<p><code>eu/west</code> is as its specs say.</p>\n"
    assert body == f"{held if certain else same}{RUN}</a></p>\n"
    said.codes["plan"] = ran(4)
    assert part("drift").drift(said.settings) == 4
    assert len(kept) == 1
