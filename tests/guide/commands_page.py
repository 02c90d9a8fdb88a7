"""
The guide's pages of commands and of options, made from click: what click does not hold is the formats and exit codes.

Rewrite them with `python -m tests.guide.commands_page --rewrite`.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import click

from reconciler.cli.main import group
from reconciler.cli.usage import GLOBAL_OPTIONS, OPTION_GROUPS, examples_of
from tests.guide.pages import GUIDE

FORMATS: Mapping[str, str] = {
    "text": "for a terminal or a log",
    "json": "for programs; what `--out`, `--receipt` and `show` save and read",
    "markdown": "a pull-request comment, the riskiest changes first, at most 65,536 characters",
    "summary": "the same for a step summary, at most 1 MiB",
    "github": "workflow annotations on the specs' lines",
    "gitlab": "GitLab's terraform report (plans)",
    "junit": "test cases: a pending change or failed operation is a failure",
    "sarif": "notices for code scanning (plans, `validate`, `lint`)",
    "csv": "problems as a table, one a row (`validate`)",
    "html": "one file for a browser, at most 10,000 rows (plans)",
}
EXIT_CODES: Mapping[str, str] = {
    "0": "done",
    "1": "an error, bad usage included",
    "2": "changes are pending, only with `--detailed-exitcode`",
    "3": "incomplete: operations failed, were skipped or lost their answer, a limit was reached, or `pull` left a fact",
    "4": "refused: a guard, another account, another apply at work, an outdated plan, or the answer no",
    "70": "a defect of the tool",
    "130, 143, 129": "interrupted by Ctrl-C, SIGTERM or SIGHUP",
}
OWN_LINES = frozenset(
    (
        *("--out", "--show-unmanaged", "--detailed-exitcode"),
        *("--all-environments", "--contact", "--scope", "--name", "--all-users"),
    )
)
"""Options of one command, or with a meaning of its own at each."""

SHARED: Mapping[str, tuple[str, ...]] = {
    "Global": GLOBAL_OPTIONS,
    **{title: tuple(name for name in names if name not in OWN_LINES) for title, names in OPTION_GROUPS.items()},
    "Writing": ("--yes", "--dry-run"),
}
_MOST_TAKERS = 10
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


def groups() -> Iterator[tuple[str, list[str]]]:
    """Yield each group of commands with the words of its commands."""
    for title, names in group.groups.items():
        yield title, [words for name in names for words in _below(name)]


def _below(name: str) -> list[str]:
    command = command_named(name)
    return [f"{name} {below}" for below in command.commands] if isinstance(command, click.Group) else [name]


def commands_page() -> str:
    """Return the page of commands as it should be."""
    lines = [
        "# Commands",
        "",
        "Every command, with the options that are its own, and examples.",
        "",
        "```text",
        "reconciler [--project FILE_OR_FOLDER] [-e ENVIRONMENT] COMMAND",
        "```",
        "",
        "Options that commands share are in [options](options.md).",
        "A command takes only those that change something for it.",
        "",
        "<!-- made by tests/guide/commands_page.py -->",
    ]
    for title, names in groups():
        lines += ["", f"## {title}"]
        for name in names:
            lines += _entry(name)
    return "\n".join(lines) + "\n"


def options_page() -> str:
    """Return the page of options as it should be."""
    lines = [
        "# Options",
        "",
        "The options that commands share, the formats and the exit codes.",
        "",
        "Options stand after the command.",
        "Those under Global and Connection may also stand before it.",
        "",
        "Every option can be given as a variable: `RECONCILER_MAX_CHANGES=5` is `--max-changes 5`.",
        "The command line wins. Values of a repeatable option are separated by spaces, and a flag is `1` or `0`.",
        "",
        "Standard output carries one document. Progress, warnings and errors go to standard error.",
        "On a terminal, a long one opens in the pager that `PAGER` names, or in `less`. `PAGER=cat` turns that off.",
        "",
        "<!-- made by tests/guide/commands_page.py -->",
        "",
        "## Shared options",
        "",
        *_shared(),
    ]
    lines += ["", "## Formats", "", "| format | is |", "| --- | --- |"]
    lines += [f"| `{name}` | {text} |" for name, text in FORMATS.items()]
    lines += ["", "In every format but text on your own terminal, live values are masked: see [privacy](privacy.md)."]
    lines += ["What a value holds, such as Markdown, HTML or control characters, shows as itself and does nothing."]
    lines += ["The HTML report loads nothing, and works by keyboard, on phones, on paper and without JavaScript."]
    lines += ["", "## Exit codes", "", "| code | means |", "| --- | --- |"]
    lines += [f"| {code} | {text} |" for code, text in EXIT_CODES.items()]
    return "\n".join(lines) + "\n"


def _entry(name: str) -> Iterator[str]:
    command = command_named(name)
    yield from ("", f"### {name}", "", " ".join((command.help or "").split("\n\n")[0].split()))
    own = [line for one in command.params if isinstance(one, click.Option) for line in _option(one)]
    if own:
        yield from ("", *own)
    yield from ("", "```sh", *examples_of(command), "```")


def _option(option: click.Option) -> Iterator[str]:
    if not _is_shared(option):
        default = f" Default: {option.default}." if option.show_default is True else ""
        yield f"- `{_spelled(option)}`: {option.help}{default}"


def _spelled(option: click.Option) -> str:
    metavar = "N" if option.type.name == "integer range" else option.make_metavar(click.Context(group))
    takes = "" if option.is_flag else f" {option.metavar or metavar}"
    return f"{option.opts[-1]}{takes}"


def _shown() -> Iterator[tuple[str, click.Option]]:
    """Yield the words of each command with each of its options that a page may show."""
    for name in (name for _, names in groups() for name in names):
        for one in command_named(name).params:
            if isinstance(one, click.Option) and not one.hidden:
                yield name, one


@cache
def _shared_options() -> Mapping[str, click.Option]:
    """Return the options that the page of options has, each as most of the commands that take it say it."""
    known = [one for _, one in reversed([*_shown()]) if one.opts[-1] in _KNOWN]
    said = Counter((one.opts[-1], one.help) for one in known)
    return {one.opts[-1]: one for one in sorted(known, key=lambda one: said[one.opts[-1], one.help])}


def _is_shared(option: click.Option) -> bool:
    """Return whether the page of options says what this option of a command does."""
    shared = _shared_options().get(option.opts[-1])
    return shared is not None and (option.hidden or option.help == shared.help)


def _shared() -> Iterator[str]:
    options = _shared_options()
    takers: dict[str, list[str]] = defaultdict(list)
    for name, one in _shown():
        if _is_shared(one):
            takers[one.opts[-1]].append(name)
    for title, names in SHARED.items():
        taken = {", ".join(takers[name]) for name in names if name in options}
        alike = taken.pop() if len(taken) == 1 else ""  # who takes all of them stands in the heading, once
        yield from (f"**{title}** ({alike})" if alike else f"**{title}**", "")
        for name in (name for name in names if name in options):
            by = ", ".join(takers[name]) if len(takers[name]) < _MOST_TAKERS else "most commands"
            where = "" if alike or title == "Global" else f" ({by})"
            spelled = {"--format": "--format FORMAT", "--environment": "-e, --environment NAME"}.get(name) or _spelled(
                options[name]
            )
            yield f"- `{spelled}`{where}: {options[name].help}"
        if title != "Writing":
            yield ""


PAGES: Mapping[str, Callable[[], str]] = {"commands": commands_page, "options": options_page}

if __name__ == "__main__" and sys.argv[1:] == ["--rewrite"]:
    for page, text in PAGES.items():
        (GUIDE / f"{page}.md").write_text(text(), encoding="utf-8")
