"""What `init` says when it is done: what was written, and what to do next."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from reconciler.core.text import visible
from reconciler.render.words import counted
from reconciler.starting import SANDBOX, Answers

_ABOUT = {
    "reconciler.yaml": "the environments: which account, which specs",
    "specs/": "what the agents should know: an example, to be replaced",
    ".github/workflows/": "preview on pull requests, apply on main, drift each day",
    ".github/actions/": "the action that these workflows run",
    ".gitlab-ci.yml": "plan on merge requests, apply by hand, drift on schedules",
    "schemas/": "what editors check files against",
    ".vscode/": "the same, for VS Code",
    ".gitignore": "keeps the tool's own state out of git",
}


def written_files(root: Path, names: Sequence[str]) -> list[str]:
    """Give the lines that tell what was written, folder by folder."""
    lines = [f"Wrote {counted(len(names), 'file')} to {visible(str(root))}:"]
    for part, about in _ABOUT.items():
        if here := [name for name in names if name.startswith(part)]:
            shown = here[0] if len(here) == 1 else f"{part} ({len(here)})"
            lines.append(f"  {shown:<24} {about}")
    return lines


def next_steps(root: Path, answers: Answers) -> list[str]:
    """Give the lines that tell what to do now: in the sandbox, with the account, in CI."""
    lines = ["", "Try it, in the sandbox and without an account:"]
    lines += [] if root == Path() else [f"  cd {shlex.quote(visible(str(root)))}"]
    lines += ["  reconciler validate", "  reconciler apply", "  reconciler plan                # nothing is left to do"]
    if answers.api != SANDBOX:
        lines += ["", "Then the account, once specs/ holds your own scopes and people in place of the example:"]
        lines += [f"  export {answers.api_key_env}=…", f"  reconciler -e {answers.environment} plan   # only reads"]
    match answers.ci:
        case "github":
            lines += ["", "Before you push this to GitHub:", *_in_ci(answers, "apply.yml applies what is on main")]
        case "gitlab":
            lines += ["", "Before you push this to GitLab:", *_in_ci(answers, "a click in the pipeline applies")]
        case "none":
            pass
    return lines


def _in_ci(answers: Answers, applies: str) -> list[str]:
    lines = [] if answers.install else _to_install(answers)
    if answers.api == SANDBOX:
        return [*lines, "- The workflows are for the sandbox: no key is needed."]
    name, environment = answers.api_key_env, answers.environment
    what = "secret" if answers.ci == "github" else "CI/CD variable"
    return [
        f"- Replace the example in specs/: {applies},",
        "  and nothing can be deleted from an account again.",
        f"- Give CI the key, as the {what} {name}: for all jobs one that only reads,",
        f"  and in the environment {environment} the one that writes.",
        *lines,
    ]


def _to_install(answers: Answers) -> list[str]:
    where = "`install` in .github/workflows/*.yml" if answers.ci == "github" else "RECONCILER in .gitlab-ci.yml"
    return [
        f"- Say in {where} what pip installs, as",
        '  "reconciler @ git+https://…@COMMIT": this installation does not tell where it came from.',
    ]
