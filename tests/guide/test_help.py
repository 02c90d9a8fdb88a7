import sys

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler.cli.commands.help import TOPICS
from reconciler.cli.main import group, main
from tests.guide.pages import GUIDE


def helped(capsys: pytest.CaptureFixture[str], *names: str) -> str:
    assert main(["help", *names]) == 0
    return capsys.readouterr().out


def test_help_lists_the_topics_each_with_its_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    lines = helped(capsys).splitlines()

    for topic in TOPICS:
        purpose = (GUIDE / f"{topic}.md").read_text(encoding="utf-8").splitlines()[2]
        assert f"  {topic:14}{purpose}" in lines


@pytest.mark.parametrize("topic", TOPICS)
def test_help_prints_a_page_as_it_is(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert helped(capsys, topic) == (GUIDE / f"{topic}.md").read_text(encoding="utf-8")


def test_on_a_terminal_help_opens_the_pager(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paged: list[str] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PAGER", sys.executable)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(click, "echo_via_pager", paged.append)

    assert helped(capsys, "start") == ""
    assert paged == [(GUIDE / "start.md").read_text(encoding="utf-8").removesuffix("\n")]


@pytest.mark.parametrize("names", [("plan",), ("sandbox",), ("sandbox", "serve")])
def test_help_of_a_command_is_what_the_command_says(names: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    main([*names, "--help"])
    said = capsys.readouterr().out

    assert helped(capsys, *names) == said


@pytest.mark.parametrize(
    ("names", "cure"),
    [
        (("spec",), 'did you mean "specs"?'),
        (("pln",), 'did you mean "plan"?'),
        (("sandbox", "serv"), 'did you mean "serve"?'),
        (("plan", "out"), "`reconciler help` lists the topics"),
        (("xyzzyx",), "`reconciler help` lists the topics"),
    ],
)
def test_an_unknown_topic_gets_the_nearest(
    names: tuple[str, ...], cure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", *names]) == 1

    assert f"There is no topic or command '{names[-1]}'; {cure}" in capsys.readouterr().err


def test_shells_complete_topics_and_commands() -> None:
    shell = ShellComplete(group, {}, "reconciler", "_RECONCILER_COMPLETE")

    assert [item.value for item in shell.get_completions(["help"], "s")] == [
        *(topic for topic in TOPICS if topic.startswith("s")),
        *(name for name in group.list_commands(click.Context(group)) if name.startswith("s")),
    ]


def test_topics_and_commands_share_no_name() -> None:
    assert {*TOPICS}.isdisjoint(group.list_commands(click.Context(group)))
