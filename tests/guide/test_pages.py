"""What the guide and the README say is so. After a wanted change: `pytest tests/guide --rewrite-goldens`."""

import json
import re
import sys
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml
from pydantic import BaseModel

from reconciler.cli.commands.help import TOPICS
from reconciler.cli.main import group, main
from reconciler.project.file import ProjectFile
from reconciler.specs.row_cells import CELL_KEYS, CONSTANT
from reconciler.specs.row_schema import ContactsFrom, RowContact
from reconciler.specs.schema import ContactSpec, FactKeySpec, RuleSpec, SpecDocument
from tests.cli.conftest import CI_JOB, Repository, repository
from tests.guide.pages import README, ROOT, anchors_of, blocks_of, commands_in, is_walked, prose_of, topics, walk

__all__ = ["repository"]

GUIDE_PAGES = [*topics().values()]
PAGES = [README, *GUIDE_PAGES]
WALKED = [path for path in PAGES if is_walked(path)]
LARGE = "reconciler/guide/large.md"
LONGEST_PAGE = 12_000
LONGEST_README = 9_000
LONGEST_SENTENCE = 30
GENERATED = {"errors"}
"""Pages whose words are those of the tool."""
PROGRAMS = ("git ", "pip ", "pipx ", "pytest ", "uv ")
"""Other programs, with options of their own."""
FOREIGN_COMMAND = re.compile(r"run(?: in its folder)?: (?:gunzip|jq|libreoffice|pdftotext) .*")
"""A command of another program in a message."""


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_page_is_a_topic_and_every_topic_a_page() -> None:
    assert {*topics()} == {*TOPICS}


@pytest.mark.parametrize("path", WALKED, ids=lambda path: path.stem)
def test_every_transcript_is_what_the_tool_prints(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    for variable in ("BLAND_API_KEY", "BLAND_BASE_URL", "CI", "GITHUB_ACTIONS", *CI_JOB):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("GITHUB_ACTOR", "ana-ruiz")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)  # the reader's terminal, where live values are shown
    monkeypatch.setattr(click, "echo_via_pager", click.echo)

    def run(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    told = read(path)
    walked = walk(told, run, tmp_path)
    if request.config.getoption("--rewrite-goldens"):
        path.write_text(walked, encoding="utf-8")
    else:
        assert walked == told


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_block_is_run_written_or_read(path: Path) -> None:
    for block in blocks_of(read(path)):
        assert block.language in {"console", "sh", "text"} or block.file, block.text
        if block.language == "yaml":
            assert [*yaml.safe_load_all(block.text)]


def options_of(command: click.Command) -> set[str]:
    return {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"-h", "--help"}


def command_of(words: list[str]) -> tuple[list[click.Command], list[str]]:
    """Return the commands on the way, and the words that are none."""
    on_the_way: list[click.Command] = [group]
    rest: list[str] = []
    takes_value = False
    for word in words:
        last = on_the_way[-1]
        options = {opt: one for one in last.params for opt in one.opts if isinstance(one, click.Option)}
        if takes_value:
            takes_value = False
            continue
        if word.startswith("-"):
            rest.append(word)
            option = options.get(word)
            takes_value = option is not None and not option.is_flag
        elif isinstance(last, click.Group):
            found = last.get_command(click.Context(last), word)
            if found is None:
                assert word.isupper() or word in {"…", "..."}, f"{word} is no command"
                break
            on_the_way.append(found)
    return on_the_way, rest


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_command_and_its_options_exist(path: Path) -> None:
    for words in commands_in(read(path)):
        on_the_way, rest = command_of(words)
        known = set().union(*map(options_of, on_the_way))
        assert [word for word in rest if word.partition("=")[0] not in known] == [], words


def all_options(command: click.Command) -> set[str]:
    below = (
        (command.get_command(click.Context(command), name) for name in command.list_commands(click.Context(command)))
        if isinstance(command, click.Group)
        else ()
    )
    return options_of(command).union(*(all_options(one) for one in below if one is not None))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_option_exists(path: Path) -> None:
    known = all_options(group)
    codes = [code for code in re.findall(r"`([^`\n]+)`", prose_of(read(path))) if not code.startswith(PROGRAMS)]
    ours = [FOREIGN_COMMAND.sub("", code) for code in codes]
    named = {option for code in ours for option in re.findall(r"(?<![\w-])--[a-z][\w-]+", code)}

    assert sorted(named - known) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_link_leads_to_a_file_and_a_title(path: Path) -> None:
    for link in re.findall(r"(?:\]\(|(?:srcset|src|href)=\")([^)\"\s]+)", prose_of(read(path))):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors_of(read(target)), link


def keys_of(model: type[BaseModel]) -> set[str]:
    """Return the keys of a file, those of nested mappings included."""
    found = {field.alias or name for name, field in model.model_fields.items()}
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            found |= keys_of(inner)
    return found


def models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return set().union(*(models_in(one) for one in get_args(annotation)))


ELSEWHERE = (keys_of(ContactsFrom) | keys_of(RuleSpec)) - keys_of(FactKeySpec) - keys_of(ContactSpec)
"""The keys of spec files that have pages of their own."""


@pytest.mark.parametrize(
    ("page", "known", "elsewhere"),
    [
        ("specs", keys_of(SpecDocument), ELSEWHERE),
        ("environments", keys_of(ProjectFile), set()),
        ("rules", keys_of(RuleSpec), set()),
        ("tables", keys_of(ContactsFrom) | {CONSTANT, *CELL_KEYS}, keys_of(RowContact) - {"where"}),
    ],
)
def test_a_page_has_every_key_of_its_file_and_no_other(page: str, known: set[str], elsewhere: set[str]) -> None:
    tables = re.findall(r"^\| key \|.*?(?=\n\n|\Z)", read(topics()[page]), re.MULTILINE | re.DOTALL)
    rows = [line.split("|") for table in tables for line in table.splitlines()[2:]]
    first = {key for row in rows for key in re.findall(r"`(\w+)`", row[1])}
    inside = {key for row in rows for key in re.findall(r"`(\w+)`", row[2])}

    assert sorted(first - known) == []
    assert sorted(known - elsewhere - first - inside) == []


def sentences_of(text: str) -> list[str]:
    plain = re.sub(r"`+[^`\n]+`+", "code", prose_of(text))
    plain = re.sub(r"\]\([^)]*\)", "]", plain)
    parts = re.split(r"\n\s*\n|\n\s*(?:[-*]|\d+\.) |\||^#+ .*$|<[^>]+>|(?<=[.!?:;])\s+", plain, flags=re.MULTILINE)
    return [part for part in parts if part.strip()]


@pytest.mark.parametrize("path", [path for path in PAGES if path.stem not in GENERATED], ids=lambda path: path.stem)
def test_every_sentence_can_be_read_at_once(path: Path) -> None:
    assert [one for one in sentences_of(read(path)) if len(one.split()) > LONGEST_SENTENCE] == []


@pytest.mark.parametrize(
    "path", [path for path in GUIDE_PAGES if path.stem not in GENERATED], ids=lambda path: path.stem
)
def test_every_page_is_short_and_says_first_what_it_is_for(path: Path) -> None:
    text = read(path)
    title, empty, purpose, end, *_ = text.splitlines()

    assert len(text.encode()) <= LONGEST_PAGE
    assert title == f"# {path.stem.capitalize() if path.stem not in {'ci', 'faq'} else path.stem.upper()}"
    assert (empty, end) == ("", "")
    assert purpose.endswith(".")
    assert len(purpose) <= 100


def test_the_readme_is_short_and_lists_every_page() -> None:
    text = read(README)

    assert len(text.encode()) <= LONGEST_README
    assert [topic for topic in TOPICS if f"](reconciler/guide/{topic}.md)" not in text] == []


def test_what_a_load_costs_is_what_the_tool_foresees(repository: Repository) -> None:
    """Costs grow evenly, so those of 600 contacts less those of 300 tell the others."""

    def cost(contacts: int, users: str = "") -> dict[str, int]:
        lines = "".join(
            f"  c{n}: {{external_id: e{n}, name: N, scopes: {{s: {{{users}}}}}}}\n" for n in range(contacts)
        )
        repository.write("specs/support.yaml", f"scopes: {{s: {{persona_id: p, facts: {{a: 1}}}}}}\ncontacts:\n{lines}")
        found: dict[str, int] = json.loads(repository.run("plan", "--format", "json").out)["cost"]
        return found

    repository.write("reconciler.yaml", "version: 1\nenvironments: {sandbox: {api: sandbox, rate_limit: 100/15m}}\n")
    few, many = cost(300), cost(600)
    user = 'users: [{phone_number: "+14155550192"}]'
    with_users = [cost(contacts, user)["seconds_at_rate_limit"] for contacts in (330, 660)]
    rows = re.findall(
        r"^\| ([\d,]+0) \| ([\d,]+) \| ([\d.,]+) \| ([\d.,]+) \| ([\d,]+)/15m", read(ROOT / LARGE), re.MULTILINE
    )

    assert len(rows) == 4
    for row in rows:
        contacts, writes, days, days_with_users, rate = (float(text.replace(",", "")) for text in row)
        seconds = contacts * (many["seconds_at_rate_limit"] - few["seconds_at_rate_limit"]) / 300
        assert writes == contacts * (many["requests_to_write"] - few["requests_to_write"]) / 300
        assert days == pytest.approx(seconds / 86_400, rel=0.02)
        assert days_with_users == pytest.approx(contacts * (with_users[1] - with_users[0]) / 330 / 86_400, rel=0.02)
        assert rate == pytest.approx(100 * seconds / 86_400, rel=0.01)
