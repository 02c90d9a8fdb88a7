"""
The guide's page of commands, made from click: what click does not hold is the groups, the examples and the exit codes.

Rewrite it with `python -m tests.guide.commands_page --rewrite`.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping

import click

from reconciler.cli.main import group
from tests.guide.pages import GUIDE

PAGE = GUIDE / "commands.md"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Start": ("init", "export", "sandbox serve", "sandbox reset", "sandbox show", "doctor"),
    "Write": ("validate", "lint", "fmt", "why", "compare"),
    "Run": ("plan", "apply", "undo", "show", "runs", "snapshot", "watch"),
    "Tools": ("schema", "completion", "help"),
}
EXAMPLES: Mapping[str, tuple[str, str]] = {
    "init": ("init", "init memories --ci github --api-key-env BLAND_API_KEY"),
    "export": ("-e production export", "-e production export --scope persona-12345678 --identify-by phone_number"),
    "sandbox serve": ("sandbox serve", "sandbox serve --rate-limit 100/15m --role viewer"),
    "sandbox reset": ("sandbox reset", "sandbox reset --yes"),
    "sandbox show": ("sandbox show", "--state /var/lib/reconciler sandbox show"),
    "doctor": ("doctor", "-e production doctor"),
    "validate": ("validate", "validate --all-environments --write sarif=problems.sarif"),
    "lint": ("lint", "lint --strict --format json"),
    "fmt": ("fmt", "fmt --check --diff specs/contacts"),
    "why": ("why contacts.sarah-chen", "-e production why contacts.sarah-chen.scopes.support.facts.plan"),
    "compare": ("compare staging production", "compare staging production --live --format markdown"),
    "plan": ("-e production plan", "plan --base main --write html=plan.html --detailed-exitcode"),
    "apply": ("-e production apply --canary 5 --save-undo undo.yaml", "-e production apply plan.json --yes"),
    "undo": ("undo undo.yaml", "-e production undo undo.yaml --dry-run"),
    "show": ("show plan.json --format html > plan.html", "show part-0.json part-1.json"),
    "runs": ("runs", "-e production runs --format json"),
    "snapshot": ("-e production snapshot --out live.json", "snapshot --all-users --out live.json"),
    "watch": ("-e production watch", "-e production watch --apply --interval 5m --listen 0.0.0.0:9377"),
    "schema": ("schema > schemas/specs.json", "schema project > schemas/project.json"),
    "completion": ("completion zsh", "completion bash > ~/.local/share/bash-completion/completions/reconciler"),
    "help": ("help", "help specs"),
}
FORMATS: Mapping[str, str] = {
    "text": "for a terminal or a log",
    "json": "for programs; what `--out`, `--receipt` and `show` save and read",
    "markdown": "a pull-request comment, the riskiest changes first, at most 65,536 characters",
    "summary": "the same for a step summary, at most 1 MiB",
    "github": "workflow annotations on the specs' lines",
    "gitlab": "GitLab's terraform report (plans)",
    "junit": "test cases: a pending change or failed operation is a failure",
    "sarif": "notices for code scanning (plans, `validate`, `lint`)",
    "html": "one file for a browser, at most 10,000 rows (plans)",
}
EXIT_CODES: Mapping[str, str] = {
    "0": "done",
    "1": "an error, bad usage included",
    "2": "changes are pending, only with `--detailed-exitcode`",
    "3": "incomplete: operations failed, were skipped or lost their answer, or a limit was reached",
    "4": "refused: a guard, another account, another apply at work, an outdated plan, or the answer no",
    "70": "a defect of the tool",
    "130, 143, 129": "interrupted by Ctrl-C, SIGTERM or SIGHUP",
}
SHARED: Mapping[str, tuple[str, ...]] = {
    "Everywhere": ("--project", "--environment", "--state", "--debug", "--no-color"),
    "Connection": ("--api-url", "--concurrency"),
    "Select": ("--target", "--shard", "--specs"),
    "Output": ("--format", "--write", "--reveal"),
    "Limits": ("--max-requests", "--max-minutes", "--canary", "--max-failures", "--fail-fast"),
    "Guards": ("--max-changes", "--max-update-share", "--max-new-keys"),
    "Writing": ("--yes", "--dry-run", "--receipt", "--save-undo"),
}
_KNOWN = {name for names in SHARED.values() for name in names}


def command_named(name: str) -> click.Command:
    """Return a command by its words."""
    found: click.Command = group
    for word in name.split():
        assert isinstance(found, click.Group)
        below = found.get_command(click.Context(found), word)
        assert below is not None, name
        found = below
    return found


def commands_page() -> str:
    """Return the page as it should be."""
    lines = [
        "# Commands",
        "",
        "Every command and option, with examples, formats and exit codes.",
        "",
        "```text",
        "reconciler [--project FILE_OR_FOLDER] [-e ENVIRONMENT] COMMAND",
        "```",
        "",
        "`python -m reconciler` is the same. Options stand after the command.",
        "Those under [Everywhere](#shared-options) and Connection may also stand before it.",
        "Standard output carries one document. Progress, warnings and errors go to standard error.",
        "",
        "<!-- made by tests/guide/commands_page.py -->",
    ]
    for title, names in GROUPS.items():
        lines += ["", f"## {title}"]
        for name in names:
            lines += _entry(name)
    lines += ["", "## Shared options", "", *_shared()]
    lines += ["", "## Formats", "", "| format | is |", "| --- | --- |"]
    lines += [f"| `{name}` | {text} |" for name, text in FORMATS.items()]
    lines += ["", "In every format but text on your own terminal, live values are masked: see [privacy](privacy.md)."]
    lines += ["What a value holds, such as Markdown, HTML or control characters, shows as itself and does nothing."]
    lines += ["The HTML report loads nothing. It works by keyboard, on phones, on paper and without JavaScript."]
    lines += ["", "## Exit codes", "", "| code | means |", "| --- | --- |"]
    lines += [f"| {code} | {text} |" for code, text in EXIT_CODES.items()]
    return "\n".join(lines) + "\n"


def _entry(name: str) -> Iterator[str]:
    command = command_named(name)
    yield from ("", f"### {name}", "", " ".join((command.help or "").split("\n\n")[0].split()))
    own = [line for one in command.params if isinstance(one, click.Option) for line in _option(one)]
    if own:
        yield from ("", *own)
    yield from ("", "```sh", *(f"reconciler {example}" for example in EXAMPLES[name]), "```")


def _option(option: click.Option) -> Iterator[str]:
    if option.opts[-1] not in _KNOWN:
        default = f" Default: {option.default}." if option.show_default is True else ""
        yield f"- `{_spelled(option)}`: {option.help}{default}"


def _spelled(option: click.Option) -> str:
    metavar = "N" if option.type.name == "integer range" else option.make_metavar(click.Context(group))
    takes = "" if option.is_flag else f" {option.metavar or metavar}"
    return f"{option.opts[-1]}{takes}"


def _shared() -> Iterator[str]:
    takers: dict[str, list[str]] = defaultdict(list)
    options: dict[str, click.Option] = {}
    for name in (name for names in GROUPS.values() for name in names):
        for one in command_named(name).params:
            if isinstance(one, click.Option) and one.opts[-1] in _KNOWN:
                takers[one.opts[-1]].append(name)
                options.setdefault(one.opts[-1], one)
    for title, names in SHARED.items():
        yield from (f"**{title}**", "")
        for name in names:
            where = "" if title == "Everywhere" else f" ({', '.join(takers[name])})"
            spelled = {"--format": "--format FORMAT", "--environment": "-e, --environment NAME"}.get(name) or _spelled(
                options[name]
            )
            yield f"- `{spelled}`{where}: {options[name].help}"
        if title != "Writing":
            yield ""


if __name__ == "__main__" and sys.argv[1:] == ["--rewrite"]:
    PAGE.write_text(commands_page(), encoding="utf-8")
