"""
No command shows others a secret, a sensitive value or a live one: in a pipe, in CI, in files, in what goes wrong.

Every value holds a core of letters and digits that no encoding changes, so it is enough to search for that.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli.main import group, main
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule, envelope_error
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.watched import FakeTime, Watch

CORE = re.compile(r"(HUSH|SENS|HELD)x[0-9]+x")
SHAPES = {
    "plain": "{}",
    "quotes and braces": "\"'`{}'\"}}, {{]",
    "lines": "one\n{}\n::error::two\nthree",
    "long": "{}" + " and so on" * 200,
    "odd": "a\u202e\x9b31m {} \u2028\ufeffé😀 <b>&amp;](http://x)",
    "reference": "${{ {} }} $${{x}} ${{",
    "number-like": "0{}",
}
PLACES = ("a pipe", "CI", "GitHub")
WHERE = [*(("plain", place) for place in PLACES), *zip(list(SHAPES)[1:], PLACES * 2, strict=True)]
PROJECT = """\
version: 1
default_environment: live
environments:
  live: {api: "http://127.0.0.1:1", api_key_env: TEST_KEY, specs: [specs]}
  away: {api: "https://api.example.invalid", api_key_env: TEST_KEY, specs: [specs]}
  copies: {api: sandbox, specs: [copies]}
  mine: {api: sandbox, specs: [mine]}
secrets: [FACT, NAME, NOTE]
"""
BROKEN_LIVE = {
    "twice": "contacts: {c: {external_id: e, scopes: {s: {users: [{phone_number: N}, {phone_number: N}]}}}}",
    "open": 'contacts: {c: {external_id: e, facts: {plan: "${V"}}}',
    "type": "contacts: {c: {external_id: e, email: V, name: [V], phone_number: V}}",
    "alias": "contacts: {c: {external_id: e, facts: {plan: *W , b: !W x, c: &W}}}",
    "no yaml": "contacts: {c: {external_id: e, facts: {plan: [V",
}
BROKEN_SENSITIVE = {
    "type": "contacts: {c: {external_id: e, facts: {pin: [V]}}}",
    "length": "contacts: {c: {external_id: e, seed_facts: {pin: V, plan: 7}}}",
    "open": 'contacts: {c: {external_id: e, facts: {pin: "${V"}}}',
    "alias": "contacts: {c: {external_id: e, facts: {pin: *W }}}",
    "no yaml": "contacts: {c: {external_id: e, facts: {pin: *W , b: [",
}


class Values:
    """Gives values of one shape, each with a core of its own."""

    def __init__(self, shape: str) -> None:
        self._shape = shape
        self._made = 0

    def __call__(self, kind: str) -> str:
        self._made += 1
        return self._shape.format(f"{kind}x{self._made:02}x")

    def word(self, kind: str) -> str:
        """Return one that can stand where only a word can."""
        self._made += 1
        return f"{kind}x{self._made:02}x"


def yaml_text(value: str) -> str:
    """Return a value as a spec writes it."""
    text = json.dumps(value.replace("${", "$${"), ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def broken(text: str, values: Values, kind: str) -> str:
    """Return a broken spec with values in the place of V, words in that of W, and a phone number in that of N."""
    text = text.replace('"${V"', json.dumps(f"${{{values.word(kind)}"))
    for sign in "*!&":
        text = text.replace(f"{sign}W", f"{sign}{values.word(kind)}")
    number = f'"+1415{values.word(kind)}"'
    return text.replace("V", json.dumps(values(kind))).replace(": N}", f": {number}}}") + "\n"


def specs(values: Values) -> str:
    return f"""\
fact_keys: {{plan: {{type: string}}, pin: {{type: string, max_length: 9999, sensitive: true}}, token: {{}}, zip: {{}}}}
scopes: {{support: {{persona_id: persona-1}}}}
contacts:
  sarah:
    external_id: crm-sarah
    name: ${{env:NAME}}
    scopes:
      support:
        facts: {{plan: premium, zip: 02139, pin: {yaml_text(values("SENS"))}, token: "a ${{env:FACT}} b"}}
        users: [{{phone_number: "+14155550192", metadata: "${{env:NOTE}}"}}]
  new:
    external_id: crm-new
    scopes: {{support: {{facts: {{pin: {yaml_text(values("SENS"))}, token: "${{env:FACT}}"}}}}}}
"""


def copies(values: Values) -> str:
    return f"""\
live_values: true
scopes: {{support: {{persona_id: persona-1}}}}
contacts:
  bob:
    external_id: crm-bob
    name: {yaml_text(values("HELD"))}
    metadata: {{k: {yaml_text(values("HELD"))}}}
    scopes:
      support:
        facts: {{plan: {yaml_text(values("HELD"))}, zip: 02139, deep: {{a: [{yaml_text(values("HELD"))}]}}}}
        users: [{{phone_number: "+14155550777", summary: {yaml_text(values("HELD"))}}}]
"""


def world(values: Values) -> dict[str, Any]:
    """Return what the account holds: former values, and what no spec names, keys included."""
    facts = {
        "plan": values("HELD"),
        "pin": values("HELD"),
        "token": values("HELD"),
        values("HELD"): values("HELD"),
        "learned": {values("HELD"): [values("HELD")]},
    }
    sarah = {
        "id": "c-1",
        "name": values("HELD"),
        "metadata": {values("HELD"): values("HELD")},
        "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-sarah"}],
    }
    user = {"phone_number": "+14155550192", "metadata": values("HELD"), "summary": values("HELD")}
    return {
        "contacts": [sarah],
        "contact_memories": [
            {"id": "m-1", "contact_id": "c-1", "persona_id": "persona-1", "facts": facts, "users": [user]}
        ],
    }


@dataclass
class Thrown:
    """A repository and an account full of what others must not see; `told` is all that was printed so far."""

    root: Path
    values: Values
    capture: pytest.CaptureFixture[str]
    url: str
    inputs: frozenset[Path] = frozenset()
    told: str = ""

    def run(self, *arguments: str) -> int:
        code = main(arguments)
        captured = self.capture.readouterr()
        self.hear(" ".join(arguments), captured.out, captured.err)
        assert code != 70, captured.err[-300:]
        return code

    def hear(self, what: str, *texts: str) -> None:
        """Search what was printed; a runner is told secrets to mask them."""
        lines = [line for text in texts for line in text.split("\n") if not line.startswith("::add-mask::")]
        shown = [line for line in lines if CORE.search(line)]
        assert shown == [], what
        self.told += "\n".join(lines)

    def search_files(self) -> None:
        """Search what was written; files that exist to hold live values may hold them, and no secret."""
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and path not in self.inputs and "sandbox.sqlite3" not in path.name:
                found = {match[1] for match in CORE.finditer(path.read_bytes().decode(errors="replace"))}
                may_hold = {"HELD"} if path.is_relative_to(self.root / "out/live") else set()
                assert found <= may_hold, path


def command_names() -> Iterator[str]:
    """Return all commands there are, those of groups included."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from (f"{name} {below}" for below in command.list_commands(click.Context(command)))
        else:
            yield name


def calls(url: str, key: str) -> Mapping[str, Sequence[Sequence[str]]]:
    """Return how each command is called; files are written below `out`."""
    live = ("-e", "live", "--api-url", url)
    plan_files = [
        f"--write={name}=out/plan.{name}" for name in ("json", "markdown", "html", "sarif", "junit", "github")
    ]
    formats = ("text", "json", "markdown", "summary", "github", "gitlab", "junit", "sarif", "html")
    return {
        "validate": [
            ("validate", "--all-environments", "--write=sarif=out/v.sarif"),
            *(("validate", "--specs", f"broken/{name}.yaml", "--format", "sarif") for name in broken_names()),
            *(("-e", "live", "validate", "--specs", f"broken/{name}.yaml") for name in broken_names()),
        ],
        "lint": [
            (*("-e", name), "lint", "--format", style) for name in ("live", "copies") for style in ("text", "json")
        ],
        "fmt": [
            ("fmt", "--diff"),
            ("fmt", "--check"),
            *(("fmt", "--diff", f"broken/{one}.yaml") for one in broken_names()),
        ],
        "why": [
            ("-e", "live", "why", "contacts.sarah"),
            ("-e", "copies", "why", "contacts.bob", "--format", "json"),
            ("-e", "copies", "why", key),
        ],
        "compare": [
            ("compare", "copies", "live"),
            ("compare", "live", "copies", "--format", "json"),
            ("--debug", *live[2:], "compare", "live", "live", "--live"),
        ],
        "diff": [
            *(("-e", name, "diff", "--format", style) for name in ("live", "copies") for style in formats),
            ("-e", "live", "diff", key),
        ],
        "plan": [
            *(("--debug", *live, "plan", "--show-unmanaged", "--format", name) for name in formats),
            (*live, "plan", "--out", "out/saved.json", *plan_files),
            (*live, "plan", "--target", key),
            ("-e", "copies", "plan"),
            ("-e", "copies", "plan", "--format", "json"),
            ("-e", "live", "--api-url", f"http://127.0.0.1:1/{key}", "plan"),
            ("-e", "live", "--api-url", f"http://127.0.0.1:1?key={key}", "plan"),
            ("--debug", "-e", "away", "plan", "--max-minutes", "0.0001"),
        ],
        "snapshot": [(*live, "snapshot", "--out", "out/snapshot.json"), (*live, "snapshot", "--all-users")],
        "export": [(*live, "export", "--out", "out/live/exported", "--with-summaries")],
        "watch": [],
        "apply": [
            (*live, "apply", "--dry-run"),
            (*live, "apply", "--dry-run", "--format", "json"),
            ("--debug", *live, "apply", "--yes", "--save-undo", "out/live/undo.yaml", "--receipt", "out/receipt.json"),
            (*live, "apply", "out/saved.json", "--yes", "--format", "json"),
            ("-e", "copies", "apply", "--yes", "--format", "markdown"),
            ("-e", "mine", "apply", "--yes"),
        ],
        "undo": [(*live, "undo", "out/live/undo.yaml", "--yes", "--format", "json"), (*live, "undo", "specs/a.yaml")],
        "pull": [(*live, "pull", how, "--dry-run") for how in ("--take", "--seed")] + [(*live, "pull", key)],
        "runs": [("runs",), ("runs", "--format", "json")],
        "show": [
            *(("show", "out/saved.json", "--format", name) for name in formats),
            ("show", "out/receipt.json"),
            ("show", "specs/a.yaml"),
            ("show", f"{key}.json"),
        ],
        "init": [("init", "out/new", "--no-input", "--ci", "none", "--api", f"https://{key}@h"), ("init", key)],
        "schema": [("schema", "plan")],
        "completion": [("completion", "bash")],
        "help": [("help",), ("help", "specs"), ("help", key)],
        "doctor": [(*live, "doctor"), ("--debug", "-e", "copies", "doctor"), ("-e", key, "doctor")],
        "sandbox serve": [("sandbox", "serve", "--key-env", "TEST_KEY", "--host", key)],
        "sandbox show": [("-e", "mine", "sandbox", "show", "--format", name) for name in ("text", "json")],
        "sandbox reset": [("-e", "mine", "sandbox", "reset", "--yes")],
    }


def broken_names() -> list[str]:
    return [*(f"live-{name}" for name in BROKEN_LIVE), *(f"sensitive-{name}" for name in BROKEN_SENSITIVE)]


def test_every_command_is_among_those_that_are_searched() -> None:
    assert sorted(command_names()) == sorted(calls("", ""))


@pytest.fixture
def thrown(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Thrown]:
    values = Values(SHAPES[request.param])
    files = {"reconciler.yaml": PROJECT, "specs/a.yaml": specs(values), "copies/a.yaml": copies(values)}
    files["mine/a.yaml"] = (
        'scopes: {s: {persona_id: p}}\ncontacts: {m: {external_id: m, scopes: {s: {facts: {t: "${env:FACT}"}}}}}\n'
    )
    marked = {f"live-{name}": f"live_values: true\n{text}" for name, text in BROKEN_LIVE.items()}
    marked |= {f"sensitive-{name}": text for name, text in BROKEN_SENSITIVE.items()}
    for name, text in marked.items():
        kind = "HELD" if name.startswith("live") else "SENS"
        files[f"broken/{name}.yaml"] = broken(text, values, kind)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for arguments in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "nothing")):
        git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments)
        subprocess.run(git, cwd=tmp_path, check=True)  # noqa: S603  arguments of the test
    for name in ("FACT", "NAME", "NOTE"):
        monkeypatch.setenv(name, values("HUSH"))
    monkeypatch.setenv("TEST_KEY", f"sk-{values.word('HUSH')}")
    login = f"{values.word('HUSH')}:{values.word('HUSH')}"
    monkeypatch.setenv("HTTPS_PROXY", f"http://{login}@127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out/live").mkdir(parents=True)
    store = Store()
    store.load(world(values))
    echo = Rule(
        fault=envelope_error(400, values.word("HELD"), values("HELD")), method="PATCH", occurrences=frozenset((1,))
    )
    with running(create_app(store, faults=Faults([echo]))) as url:
        inputs = frozenset(tmp_path / name for name in files)
        yield Thrown(tmp_path, values, capsys, url, inputs)


@pytest.mark.usefixtures("short_waits")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of aiohttp, about a login for a proxy
@pytest.mark.parametrize(("thrown", "place"), WHERE, indirect=["thrown"])
def test_no_command_shows_others_what_only_the_operator_may_see(
    thrown: Thrown, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    if place != "a pipe":
        monkeypatch.setenv("CI", "true")
    if place == "GitHub":
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
    key = "sk-HUSHx99x"
    monkeypatch.setenv("BLAND_API_KEY", key)

    for command in calls(thrown.url, key).values():
        for arguments in command:
            thrown.run(*arguments)
    thrown.search_files()
    assert "live text, " in thrown.told
    assert "secret text, " in thrown.told
    assert "sensitive text, " in thrown.told


@pytest.mark.parametrize(("thrown", "style"), [("lines", "text"), ("odd", "json")], indirect=["thrown"])
def test_the_log_of_a_watch_shows_none_either(thrown: Thrown, style: str) -> None:
    watch = Watch(thrown.capture, FakeTime(ends=3.0))
    watch.run_as_is(interval=1.0, output_format=style, environment="live", api_url=thrown.url, debug=True)

    thrown.hear("watch", watch.told)
    assert watch.told
