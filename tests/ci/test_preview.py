import json
import re

import pytest

from reconciler.render.markup import marker
from tests.ci.runner import ACTION, MARKER, RUN_URL, SPEC, US, Runner


def test_the_first_preview_makes_the_comment_and_the_next_one_edits_it(runner: Runner) -> None:
    assert runner.run("preview").code == 0
    assert runner.writes() == ["POST issues/7/comments"]

    runner.write("specs/support.yaml", SPEC.replace("premium", "trial"))
    assert runner.run("preview").code == 0
    assert runner.writes() == ["PATCH issues/comments/100"]
    [comment] = runner.github()["comments"]
    assert comment["body"].startswith(f"{MARKER}\n<h3>Plan for")
    assert '<code>"trial"</code>' in comment["body"]
    assert comment["body"].endswith(f'<p><a href="{RUN_URL}">Run with plan and report as artifacts</a></p>')


def test_the_comment_shrinks_to_one_line_when_nothing_changes_any_more(runner: Runner) -> None:
    runner.run("preview")
    runner.reconciler("apply", "--yes")
    ran = runner.run("preview")

    assert (ran.code, ran.outputs["changes"]) == (0, "false")
    [comment] = runner.github()["comments"]
    assert comment["body"] == f"{MARKER}\n<p>No changes for <code>sandbox</code>: 1 memory unchanged.</p>"


def test_a_comment_that_says_the_same_already_is_not_edited(runner: Runner) -> None:
    runner.run("preview")
    runner.reconciler("apply", "--yes")
    runner.run("preview")
    runner.writes()
    runner.run("preview")

    assert runner.writes() == []


def test_without_changes_and_without_a_comment_none_is_made(runner: Runner) -> None:
    runner.reconciler("apply", "--yes")
    ran = runner.run("preview")

    assert ran.code == 0
    assert "No changes for" in ran.summary
    assert runner.writes() == []


def test_comments_of_others_are_left_alone_whatever_marker_they_carry(runner: Runner) -> None:
    others = [
        {"id": 1, "user": {"login": "ana"}, "body": "When does this land?"},
        {"id": 2, "user": {"login": "mallory"}, "body": f"{MARKER}\nNo changes, merge at once."},
        {"id": 3, "user": None, "body": f"{MARKER}\nof a login that is gone"},
        {"id": 4, "user": {"login": US}, "body": "<!-- reconciler:production -->\nof another environment"},
    ]
    runner.on_github(comments=others)
    runner.run("preview")
    runner.run("preview")

    comments = runner.github()["comments"]
    assert comments[:4] == others
    assert [comment["user"]["login"] for comment in comments[4:]] == [US]


def test_the_comment_is_found_on_later_pages(runner: Runner) -> None:
    chatter = [{"id": number, "user": {"login": "ana"}, "body": "hm"} for number in range(5)]
    runner.on_github(comments=[*chatter, {"id": 77, "user": {"login": US}, "body": f"{MARKER}\nold"}])
    runner.run("preview")

    assert runner.writes() == ["PATCH issues/comments/77"]


def test_the_plan_is_kept_as_documents_and_told_as_annotations_and_summary(runner: Runner) -> None:
    ran = runner.run("preview")

    folder = runner.documents / "reconciler-preview-sandbox"
    assert ran.outputs == {"folder": str(folder), "changes": "true"}
    assert json.loads((folder / "plan.json").read_text())["kind"] == "plan"
    assert json.loads((folder / "validate.sarif").read_text())["version"] == "2.1.0"
    assert (folder / "plan.html").read_text().startswith("<!doctype html>")
    assert ran.summary == (folder / "summary.md").read_text()
    assert "::notice file=specs/support.yaml,line=8," in ran.out


def test_targets_choose_a_part_of_the_specs(runner: Runner) -> None:
    ran = runner.run("preview", target="contacts.nobody\n\n  contacts.sarah  \n")

    assert ran.code == 1
    assert "contacts.nobody" in ran.err


def test_specs_that_are_not_valid_take_the_place_of_an_older_plan(runner: Runner) -> None:
    runner.run("preview")
    runner.write("specs/support.yaml", SPEC.replace("contacts:", "contcts@everyone:"))
    ran = runner.run("preview")

    assert ran.code == 1
    [comment] = runner.github()["comments"]
    assert comment["body"].startswith(f"{MARKER}\n<p>The specs are not valid, so there is no plan for")
    assert 'specs/support.yaml:3:1 &#91;"contcts&#64;everyone"&#93;: unknown key' in comment["body"]
    assert "The specs are not valid" in ran.summary


def test_mistakes_in_specs_become_annotations_by_the_problem_matcher(runner: Runner) -> None:
    runner.write("specs/support.yaml", SPEC.replace("contacts:", "contcts:"))
    ran = runner.run("preview")

    assert f"::add-matcher::{ACTION / 'problems.json'}\n" in ran.out
    [matcher] = json.loads((ACTION / "problems.json").read_text())["problemMatcher"]
    [pattern] = matcher["pattern"]
    found = [re.match(pattern["regexp"], line) for line in ran.err.splitlines()]
    places = [(match[pattern["file"]], match[pattern["line"]], match[pattern["column"]]) for match in found if match]
    assert places == [("specs/support.yaml", "3", "1")]


def test_mistakes_of_a_project_in_a_folder_are_placed_from_the_top_of_the_repository(runner: Runner) -> None:
    for name in ("reconciler.yaml", "specs/support.yaml"):
        runner.write(f"team/{name}", (runner.repository / name).read_text(encoding="utf-8"))
    runner.write(".git/HEAD", "ref: refs/heads/main")
    runner.write("team/specs/support.yaml", "- no spec\n")
    ran = runner.run("preview", project="team")

    [matcher] = json.loads((ACTION / "problems.json").read_text())["problemMatcher"]
    found = [re.match(matcher["pattern"][0]["regexp"], line) for line in ran.err.splitlines()]
    assert [match[1] for match in found if match] == ["team/specs/support.yaml"]


def test_a_plan_that_cannot_be_made_says_so_in_the_comment(runner: Runner) -> None:
    runner.secrets.clear()
    ran = runner.run("preview", environment="live")

    assert ran.code == 1
    [comment] = runner.github()["comments"]
    assert comment["body"].startswith("<!-- reconciler:live -->\n<p>The plan could not be made for")
    assert "TEST_KEY" in comment["body"]


def test_a_long_list_of_mistakes_is_cut_to_what_a_comment_can_hold(runner: Runner) -> None:
    keys = "".join(f"<{'@' * 60}{number}>: 1\n" for number in range(2_000))
    runner.write("specs/support.yaml", keys)
    runner.run("preview")

    [comment] = runner.github()["comments"]
    assert len(comment["body"].encode()) < 65_536
    assert "more characters in the log)</pre>" in comment["body"]


def test_on_a_fork_mistakes_in_specs_fail_the_run_and_stand_in_the_summary(runner: Runner) -> None:
    runner.write("specs/support.yaml", "contcts: {}\n")
    ran = runner.run("preview", restricted="true")

    assert ran.code == 1
    assert "contcts: unknown key" in ran.summary
    assert runner.github()["calls"] == []


def committed(runner: Runner, text: str) -> None:
    runner.write("specs/support.yaml", text)
    if not (runner.repository / ".git").is_dir():
        runner.git("init", "--quiet")
    runner.git("add", "reconciler.yaml", "specs")
    runner.git("commit", "--quiet", "--message", "one more")


def test_on_a_fork_the_summary_says_what_is_declared_differently_and_nothing_is_written(runner: Runner) -> None:
    committed(runner, SPEC)
    committed(runner, SPEC.replace("premium", "trial"))
    runner.secrets.clear()
    ran = runner.run("preview", restricted="true", base="HEAD^1", environment="live")

    assert (ran.code, "changes" in ran.outputs) == (0, False)
    assert ran.summary.startswith("<p>This run has no secrets, so the account of <code>live</code> was not read.</p>\n")
    assert '~ <code>plan</code>: <code>"premium"</code> → <code>"trial"</code>' in ran.summary
    assert "::warning file=specs/support.yaml,line=8," in ran.out
    assert runner.github()["calls"] == []


def test_on_a_fork_specs_that_declare_the_same_say_so(runner: Runner) -> None:
    committed(runner, SPEC)
    committed(runner, f"{SPEC}# a comment\n")
    ran = runner.run("preview", restricted="true", base="HEAD^1")

    assert ran.code == 0
    assert "No differences in <code>sandbox</code> since <code>HEAD^1</code>" in ran.summary


def test_on_a_fork_no_command_for_a_key_is_run(runner: Runner) -> None:
    live = "live: {api: https://api.example, api_key_command: [touch, ran.txt]}"
    runner.write("reconciler.yaml", f"version: 1\nenvironments:\n  sandbox: {{api: sandbox}}\n  {live}\n")
    committed(runner, SPEC)
    ran = runner.run("preview", restricted="true", environment="live")

    assert ran.code == 0
    assert "No differences in <code>live</code> since <code>HEAD</code>" in ran.summary
    assert not (runner.repository / "ran.txt").exists()


def test_on_a_fork_mistakes_of_the_specs_before_are_no_fault_of_those_after(runner: Runner) -> None:
    committed(runner, "contcts: {}\n")
    committed(runner, SPEC)
    ran = runner.run("preview", restricted="true", base="HEAD^1")

    assert ran.code == 0
    assert "The specs of <code>sandbox</code> are valid. There is nothing to compare them with:" in ran.summary
    assert "the specs at HEAD^1 cannot be used" in ran.summary


def test_the_plan_says_who_changed_what_since_the_base(runner: Runner) -> None:
    runner.reconciler("apply", "--yes")
    committed(runner, SPEC)
    committed(runner, SPEC.replace("premium", "trial"))
    ran = runner.run("preview", base="HEAD^1")

    assert ran.code == 0
    [comment] = runner.github()["comments"]
    assert "changed in the specs" in comment["body"]


@pytest.mark.parametrize("command", ["preview", "plan"])
def test_a_plan_can_be_of_what_is_declared_differently_alone(runner: Runner, command: str) -> None:
    ben = "  ben: {external_id: crm-ben, scopes: {support: {facts: {name: Ben}}}}\n"
    runner.write("specs/support.yaml", f"{SPEC}{ben}")
    runner.reconciler("apply", "--yes")
    committed(runner, f"{SPEC}{ben.replace('Ben', 'Benjamin')}")
    committed(runner, f"{SPEC.replace('premium', 'trial')}{ben.replace('Ben', 'Benjamin')}")
    whole = runner.run(command, **{"only-changed": "true"})
    narrowed = runner.run(command, **{"base": "HEAD^1", "only-changed": "true"})

    assert "<strong>2 facts to update</strong>" in whole.summary
    assert "<strong>1 fact to update</strong>" in narrowed.summary
    assert "not read" in narrowed.summary


def test_a_comment_that_github_refuses_fails_the_run_and_names_the_permission(runner: Runner) -> None:
    runner.on_github(refuse={"POST issues/7/comments": 403})
    ran = runner.run("preview")

    assert ran.code == 1
    assert (
        "::error title=reconciler::the comment could not be kept (the job needs pull-requests: write): gh: " in ran.out
    )
    assert "(HTTP 403)" in ran.out
    assert "Traceback" not in ran.err
    assert "Plan for" in ran.summary


@pytest.mark.parametrize("environment", ["sandbox", "eu--west", "ünï code", "a/b"])
def test_the_markers_of_the_action_are_those_of_the_tool(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ACTION))
    import comment  # noqa: PLC0415  the action's folder is on the path only here

    assert comment.marker(environment) == marker(environment)


def test_comments_that_lack_what_comments_have_are_passed_over(runner: Runner) -> None:
    whole = {"id": 9, "user": {"login": US}, "body": f"{MARKER}\nold"}
    broken = [
        {"id": 1, "user": {"login": US}, "body": None},
        {"id": 2, "user": {"login": US}},
        {"id": 3, "body": f"{MARKER}\nby nobody"},
        {"id": 4, "user": {}, "body": f"{MARKER}\nby nobody"},
        {"user": {"login": US}, "body": f"{MARKER}\nwithout an id"},
        {"id": 5, "user": "ana", "body": 7},
        None,
    ]
    runner.on_github(comments=[*broken, whole])
    ran = runner.run("preview")

    assert ran.code == 0, ran.err
    assert "Traceback" not in ran.err
    assert runner.writes() == ["PATCH issues/comments/9"]


def test_what_gh_says_is_told_in_one_line_without_its_token(runner: Runner) -> None:
    runner.secrets.update([("GH_TOKEN", "writes-comments")])
    said = "no: {token}\n::add-path::/evil\n\x1b[31m \u202e ghp_0123456789abcdefghij https://me:pw@host/x ##[group]x"
    runner.on_github(refuse={"POST issues/7/comments": 403}, says=said)
    ran = runner.run("preview")

    assert ran.code == 1
    [line] = [line for line in ran.out.splitlines() if line.startswith("::error title=reconciler::")]
    assert line.endswith("gh: no: *** ::add-path::/evil [31m *** https://***@host/x ##[group]x (HTTP 403)")


TELLING_VARIABLES = """
import os, sys
print(sorted(os.environ), file=sys.stderr)
sys.exit(1)
"""


def test_a_change_of_the_specs_does_not_decide_where_the_key_goes(runner: Runner) -> None:
    settings = (runner.repository / "reconciler.yaml").read_text(encoding="utf-8")
    runner.write("reconciler.yaml", settings.replace("http://127.0.0.1:1", "https://evil.example"))

    for named in ("https://api.bland.ai", "sandbox"):
        ran = runner.run("preview", **{"environment": "live", "api-url": named})

        assert ran.code == 4
        told = f"--api-url is {named}, but the api of live in reconciler.yaml is https://evil.example"
        assert told in ran.err
        assert "make them agree" in runner.github()["comments"][0]["body"]


@pytest.mark.parametrize("command", ["preview", "plan", "apply", "drift"])
def test_a_workflow_that_names_no_api_is_told_to(runner: Runner, command: str) -> None:
    ran = runner.run(command, **{"api-url": " "})

    assert ran.code == 1
    assert 'the input "api-url" is empty; write in the workflow which API the key may be sent to' in ran.out


def test_the_tool_gets_no_token_of_the_runner(runner: Runner) -> None:
    runner.replace_reconciler(TELLING_VARIABLES)
    ran = runner.run("preview")

    assert "'TEST_KEY'" in ran.err
    assert "TOKEN" not in ran.err
