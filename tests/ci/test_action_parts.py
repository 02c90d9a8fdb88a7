"""The parts of the action, each by itself: what goes to the tool and to GitHub, and what is made of their answers."""

from pathlib import Path
from typing import Any

import pytest

from tests.ci.action import VARIABLES, calling, github, part, settings, without

pytestmark = pytest.mark.usefixtures("action")

# texts


@pytest.mark.parametrize(("length", "shown"), [(7_999, 7_999), (8_000, 8_000), (8_001, 8_000), (9_001, 8_000)])
def test_eight_thousand_characters_of_errors_are_shown_and_the_rest_is_counted(length: int, shown: int) -> None:
    rest = f"\n({length - shown:,} more characters in the log)" if length > shown else ""

    assert part("texts").errors_html("y" * length) == f"<pre>{'y' * shown}{rest}</pre>\n"


def test_errors_are_shown_as_html_without_the_space_around_them() -> None:
    assert part("texts").errors_html("\n a <b>\n") == "<pre>a &#60;b&#62;</pre>\n"
    assert part("texts").failure_html("No", "a&b", "c") == "<p>No for <code>a&#38;b</code>.</p>\n<pre>c</pre>\n"


@pytest.mark.parametrize("character", "&<>@#`$[]")
def test_no_character_that_means_something_to_a_page_stands_as_itself(character: str) -> None:
    assert part("texts").escaped(f"a{character}b") == f"a&#{ord(character)};b"


@pytest.mark.parametrize(("length", "shown"), [(999, 999), (1_000, 1_000), (1_001, 1_000)])
def test_what_another_program_said_is_cut_at_a_thousand_characters(length: int, shown: int) -> None:
    assert part("texts").fit_for_others("y" * length, set()) == "y" * shown


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("a  b\tc\x1b d\n", "a b c d"),
        ("ghp_0123456789", "***"),
        ("ghp_012345678", "ghp_012345678"),
        ("github_pat_0123456789", "***"),
        ("xghp_0123456789", "xghp_0123456789"),
        ("https://me:pw@host/x", "https://***@host/x"),
        ("hush", "***"),
    ],
)
def test_what_another_program_said_is_one_line_without_tokens(said: str, told: str) -> None:
    assert part("texts").fit_for_others(said, {"hush"}) == told


def test_the_longest_secret_is_replaced_first_whatever_it_begins_with() -> None:
    secrets = {"b", "bc", "abcd", "abc", "cd"}

    assert part("texts").scrubbed("abcd b", secrets) == "*** ***"
    assert part("texts").scrubbed("all", set()) == "all"


@pytest.mark.parametrize(
    ("line", "secret"), [("::add-mask::a%250A%0D%0Ab\n", "a%0A\r\nb"), ("::warning::a", ""), ("a", "")]
)
def test_only_a_mask_holds_a_secret(line: str, secret: str) -> None:
    assert part("texts").secret_in(f"  {line}") == secret


@pytest.mark.parametrize(("line", "holds"), [("  ::x", True), ("a ##[b", True), ("a ::b", False), ("a", False)])
def test_a_runner_takes_lines_that_begin_as_a_command_does_or_hold_the_older_form(line: str, *, holds: bool) -> None:
    assert part("texts").is_for_runner(line) is holds


def test_an_error_is_one_line_for_the_runner(capsys: pytest.CaptureFixture[str]) -> None:
    part("texts").announce_error("50%\r\n::b")

    assert capsys.readouterr().out == "::error title=reconciler::50%25%0D%0A::b\n"


def test_no_environment_can_end_a_marker() -> None:
    assert part("texts").marker_name("a-->/b") == "a-%2D%3E%2Fb"


# settings


def test_what_is_not_told_has_a_default() -> None:
    told = settings()

    assert (told.command, told.environment, told.api_url, told.project) == ("plan", "eu/west", "sandbox", ".")
    assert (told.targets, told.base, told.max_minutes, told.branch) == ((), "", "", "")
    assert (told.only_changed, told.restricted, told.pull_request) == (False, False, None)
    assert told.run_url == "https://github.example/acme/agents/actions/runs/42"
    assert told.folder == Path("/temp/reconciler-plan-eu%2Fwest")
    assert told.approved == Path("/temp/reconciler-approved/plan.json")


def test_what_is_told_is_read() -> None:
    told = settings(
        INPUT_PROJECT="voice",
        INPUT_TARGET="a\n\n \n  b \n",
        INPUT_ONLY_CHANGED="true",
        INPUT_RESTRICTED="true",
        INPUT_BASE="HEAD^1",
        INPUT_MAX_MINUTES="5",
        PULL_REQUEST="7",
        GITHUB_REF_NAME="main",
    )

    assert (told.project, told.targets, told.base, told.max_minutes) == ("voice", ("a", "b"), "HEAD^1", "5")
    assert (told.only_changed, told.restricted, told.pull_request, told.branch) == (True, True, 7, "main")


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_a_variable_that_the_runner_has_to_set_is_named_where_it_lacks(name: str) -> None:
    said = "api-url" if name == "INPUT_API_URL" else f"the variable {name} is not set"

    with pytest.raises(part("settings").UsageError, match=said):
        part("settings").read_settings(without(name))


def test_outputs_and_summary_are_added_to(tmp_path: Path) -> None:
    told = settings(GITHUB_OUTPUT=str(tmp_path / "o"), GITHUB_STEP_SUMMARY=str(tmp_path / "s"))
    told.tell("a", "b")
    told.tell_whether("c", holds=True)
    told.tell_whether("d", holds=False)
    told.summarise("one")
    told.summarise("two")

    assert (tmp_path / "o").read_text() == "a=b\nc=true\nd=false\n"
    assert (tmp_path / "s").read_text() == "onetwo"


# gh


def test_a_listing_is_asked_for_a_hundred_a_page_and_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    called = calling(monkeypatch, ' [{"id": 1}, null]\n[{"id": 2}]\n', "[]")

    assert github().all_of("pulls?state=all") == [{"id": 1}, {"id": 2}]
    assert github().all_of("issues") == []
    assert called.lines == [
        ["gh", "api", "--paginate", "repos/acme/agents/pulls?state=all&per_page=100"],
        ["gh", "api", "--paginate", "repos/acme/agents/issues?per_page=100"],
    ]


def test_a_body_is_sent_as_json_and_the_answer_is_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    called = calling(monkeypatch, '{"id": 1}', '{"id": 2}')

    assert github().send("POST", "issues", {"title": "é"}) == {"id": 1}
    assert github().one("git/commits/1") == {"id": 2}
    assert called.lines[0] == ["gh", "api", "--method", "POST", "repos/acme/agents/issues", "--input", "-"]
    assert called.lines[1] == ["gh", "api", "repos/acme/agents/git/commits/1"]
    assert called.bodies == [{"title": "é"}, None]


@pytest.mark.parametrize(
    ("answer", "said"),
    [("[1", "what is not JSON"), ('{"a": 1}', "what is no listing"), ("[][", "what is not JSON")],
)
def test_a_listing_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, answer: str, said: str) -> None:
    calling(monkeypatch, answer)

    with pytest.raises(part("gh").GhError, match=said):
        github().all_of("issues")


@pytest.mark.parametrize(("answer", "said"), [("", "what is not JSON"), ("[]", "what is no item")])
def test_an_item_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, answer: str, said: str) -> None:
    calling(monkeypatch, answer)

    with pytest.raises(part("gh").GhError, match=said):
        github().one("issues/1")


@pytest.mark.parametrize("answer", ["[]", "{}", '{"data": null}', '{"data": {"viewer": {"login": 7}}}'])
def test_an_answer_that_names_no_login_is_told(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    calling(monkeypatch, answer)

    with pytest.raises(part("gh").GhError, match="as whom the token acts"):
        github().viewer()


def test_the_login_is_that_of_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    called = calling(monkeypatch, '{"data": {"viewer": {"login": "ana"}}}')

    assert github().viewer() == "ana"
    assert called.lines == [["gh", "api", "graphql", "-f", "query={viewer{login}}"]]


@pytest.mark.parametrize("name", ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"])
def test_a_refusal_is_told_without_any_of_the_tokens(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "a-token")
    calling(monkeypatch, code=1, said=" no: a-token\n")

    with pytest.raises(part("gh").GhError, match=r"^no: \*\*\*$"):
        github().one("issues/1")


def test_what_is_said_need_not_be_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    calling(monkeypatch, code=1, said="caf\udce9")

    with pytest.raises(part("gh").GhError, match=r"^caf\ufffd$"):
        github().one("issues/1")


def test_a_refusal_without_words_tells_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    calling(monkeypatch, code=4)

    with pytest.raises(part("gh").GhError, match=r"^gh ended with 4$"):
        github().one("issues/1")


@pytest.mark.parametrize("item", [{}, {"object": None}, {"object": {"sha": 7}}, {"object": []}, {"sha": "a"}])
def test_an_answer_without_a_sha_is_told(item: dict[str, Any]) -> None:
    assert part("gh").sha_of({"object": {"sha": "b"}}, "object") == "b"
    assert part("gh").sha_of({"sha": "a"}) == "a"
    with pytest.raises(part("gh").GhError, match="has no sha"):
        part("gh").sha_of(item, "object")


def test_what_has_no_author_is_by_nobody() -> None:
    is_by, text_of = part("gh").is_by, part("gh").text_of

    assert is_by({"user": {"login": "ana"}}, "ana")
    assert not is_by({"user": {"login": "ana"}}, "ben")
    assert not is_by({"user": {"login": ""}}, "")
    assert not any(is_by(item, "ana") for item in ({}, {"user": None}, {"user": "ana"}))
    assert (text_of({"a": "b"}, "a"), text_of({}, "a"), text_of({"a": 7}, "a")) == ("b", "", "")


# tool


@pytest.mark.parametrize(("code", "given"), [(0, 0), (2, 2), (-1, 129), (-9, 137)])
def test_a_signal_gives_the_exit_code_that_a_shell_gives(code: int, given: int) -> None:
    assert part("tool")._exit_code(code) == given  # noqa: SLF001  no program ends with every signal


@pytest.mark.parametrize(
    ("base", "only_changed", "options"),
    [
        ("", "false", []),
        ("", "true", []),
        ("a", "false", ["--base=a"]),
        ("a", "true", ["--base=a", "--changed-since=a"]),
    ],
)
def test_a_plan_is_narrowed_only_where_there_is_a_base(base: str, only_changed: str, options: list[str]) -> None:
    assert part("tool").since_base(settings(INPUT_BASE=base, INPUT_ONLY_CHANGED=only_changed)) == options


def test_a_plan_is_kept_in_four_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, ...]] = []
    tool = part("tool")
    monkeypatch.setattr(tool, "call", lambda _settings, *line: lines.append(line))
    tool.plan(settings(INPUT_TARGET="a\nb"), "--refresh")

    folder = "/temp/reconciler-plan-eu%2Fwest"
    assert lines == [
        (
            "plan",
            "--api-url=sandbox",
            "--detailed-exitcode",
            "--format=github",
            "--target=a",
            "--target=b",
            f"--write=json={folder}/plan.json",
            f"--write=markdown={folder}/plan.md",
            f"--write=summary={folder}/summary.md",
            f"--write=html={folder}/plan.html",
            "--refresh",
        )
    ]


@pytest.mark.parametrize(
    "name",
    [
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "GITHUB_ENTERPRISE_TOKEN",
    ],
)
def test_the_tool_gets_all_variables_of_the_step_but_tokens_of_the_runner(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")
    monkeypatch.setenv("TEST_KEY", "y")
    own = part("tool")._own_variables()  # noqa: SLF001  each of them without a process

    assert name not in own
    assert own["TEST_KEY"] == "y"
