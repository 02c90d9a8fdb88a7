"""Questions: asked on a terminal, answered by options before, and by defaults where nobody can be asked."""

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from reconciler.core.model.text import visible
from reconciler.render.words import counted

if TYPE_CHECKING:
    from reconciler.scaffold import Answers

_ABOUT = {
    "reconciler.yaml": "the environments: which account, which specs",
    "specs/": "what the agents should know: an example, to be replaced",
    ".github/workflows/": "preview on pull requests, apply on main, drift each day",
    ".github/actions/": "the action that these workflows run",
    ".gitlab-ci.yml": "plan on merge requests, apply by hand, drift on schedules",
    "schemas/": "what editors check files against",
    ".vscode/": "the same, for VS Code",
    ".gitignore": "keeps state, saved plans, receipts and undo files out of git",
}


def written_files(root: Path, names: Sequence[str]) -> list[str]:
    """Return the lines that list the written files, folder by folder."""
    lines = [f"Wrote {counted(len(names), 'file')} to {visible(str(root))}:"]
    for part, about in _ABOUT.items():
        if here := [name for name in names if name.startswith(part)]:
            shown = here[0] if len(here) == 1 else f"{part} ({len(here)})"
            lines.append(f"  {shown:<24} {about}")
    return lines


def next_steps(root: Path, answers: "Answers") -> list[str]:
    """Return the lines that tell what to do now: in the sandbox, with the account, in CI."""
    lines = ["", "Try it, in the sandbox and without an account:"]
    lines += [] if root == Path() else [f"  cd {shlex.quote(visible(str(root)))}"]
    lines += ["  reconciler validate", "  reconciler apply", "  reconciler plan                # nothing is left to do"]
    if answers.has_account:
        lines += ["", "Then, when specs/ holds your own scopes and people, plan for the account:"]
        lines += [f"  export {answers.api_key_env}=…", f"  reconciler -e {answers.environment} plan   # only reads"]
    match answers.ci:
        case "github":
            lines += ["", "Before you push this to GitHub:", *_in_ci(answers, "apply.yml applies what is on main")]
        case "gitlab":
            lines += ["", "Before you push this to GitLab:", *_in_ci(answers, "a click in the pipeline applies")]
        case "none":
            pass
    return lines


def _in_ci(answers: "Answers", applies: str) -> list[str]:
    lines = [*_of_secrets(answers), *_of_action(answers)]
    if not answers.has_account:
        return [*lines, "- The workflows are for the sandbox: no key is needed."]
    name, environment = answers.api_key_env, answers.environment
    what = "secret" if answers.ci == "github" else "CI/CD variable"
    return [
        f"- Replace the example in specs/: {applies},",
        "  and nothing can be deleted from an account again.",
        f"- Create the {what} {name} twice: for all jobs, with a key that only reads,",
        f"  and in the environment {environment}, with the key that writes.",
        "- Protect that environment, so that somebody approves each plan before it is applied.",
        f"- Create the {what} RECONCILER_DIGEST_KEY for all jobs, with 20 random characters or more:",
        "  by it an apply knows that its plan is the one that was approved.",
        *lines,
    ]


def _of_secrets(answers: "Answers") -> list[str]:
    if not answers.secrets:
        return []
    what = "secrets of the repository" if answers.ci == "github" else "CI/CD variables, masked"
    return [f"- Create these {what}: {', '.join(answers.secrets)}. Specs read them as ${{env:NAME}}."]


def _of_action(answers: "Answers") -> list[str]:
    from reconciler.scaffold import is_pinned

    if not answers.action:
        return [] if answers.install else _to_install(answers)
    if is_pinned(answers.action):
        return []
    ref = answers.action.partition("@")[2]
    return [f"- Name the action by a commit in place of {ref}, which can move: it gets your key."]


def _to_install(answers: "Answers") -> list[str]:
    where = "`install` in .github/workflows/*.yml" if answers.ci == "github" else "RECONCILER in .gitlab-ci.yml"
    return [
        f"- Say in {where} what pip installs, as",
        '  "reconciler @ git+https://…@COMMIT": this installation does not record where it came from.',
    ]


_BARE_NUMBER = re.compile(r"[\d\s().-]*\d[\d\s().-]*")


def can_ask() -> bool:
    """Return whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


class Wizard(Struct, frozen=True):
    """
    Ask for the answers that the options do not give; `given` are those that they do.

    An answer that cannot stand in a file is refused when it is an option, and asked for again otherwise.
    """

    given: Mapping[str, str | None]
    asks: bool

    def text(self, key: str, question: str, *, default: str) -> str:
        """Return a text that can stand at a key."""
        given = self.given.get(key)
        if given is not None:
            return _checked(key, given)
        return self._ask(key, question, default)

    def given_text(self, key: str) -> str:
        """Return the text that an option gives; empty where there is none, and nothing is asked."""
        given = self.given.get(key)
        return "" if given is None else _checked(key, given)

    def action(self, ci: str) -> str:
        """Return the action that workflows use, as OWNER/REPO@REF; empty for a copy of it."""
        from reconciler.scaffold import action_of

        given = self.given.get("action")
        if given is None:
            return ""
        if ci != "github":
            raise click.UsageError("--action is for GitHub: use it with --ci github")
        return _checked("action", action_of(given))

    def secret(self, name: str, key_variable: str) -> str:
        """Return the name of a variable that specs may read."""
        if name.upper() == key_variable.upper():
            raise click.UsageError(
                f"{name} holds the key, which CI gets in any case and specs may not read; leave it out"
            )
        return _checked("secret", name)

    def scope(self, question: str, *, default: str) -> tuple[str, str]:
        """Return the key and the value of who remembers: a persona, or an agent by its number."""
        keys = [key for key in ("persona_id", "agent_number") if self.given.get(key) is not None]
        if len(keys) > 1:
            raise click.UsageError("--persona-id or --agent-number, not both: a scope is one of the two")
        if keys:
            return keys[0], self.text(keys[0], question, default=default)
        value = self._ask("scope", question, default)
        return _scope_key(value), value

    def choice(self, key: str, question: str, choices: Sequence[str]) -> str:
        """Return one of some choices; the first is the default."""
        given = self.given.get(key)
        if given is not None or not self.asks:
            return given or choices[0]
        answer: str = click.prompt(question, default=choices[0], type=click.Choice(choices), err=True)
        return answer

    def _ask(self, key: str, question: str, default: str) -> str:
        if not self.asks:
            return default
        answer: str = click.prompt(question, default=default, value_proc=lambda text: _checked(key, text), err=True)
        return answer


def _scope_key(value: str) -> str:
    return "agent_number" if value.startswith("+") else "persona_id"


def _checked(key: str, text: str) -> str:
    from reconciler.scaffold import problem_with

    if key == "scope" and _BARE_NUMBER.fullmatch(text):
        raise click.UsageError('a number alone may be either; write an agent\'s number as "+14155550100"')
    problem = problem_with(_scope_key(text) if key == "scope" else key, text)
    if problem:
        raise click.UsageError(problem)
    return text
