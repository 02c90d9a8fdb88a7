"""`reconciler lint`: what the specs may say, and will be regretted."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options, output_options, specs_option
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.core.documents.explanation import Advice, LintDocument
    from reconciler.project import Environment, Project
    from reconciler.specs.loading import Specs

LINT_FORMATS = ("text", "json", "sarif")


@command("lint", "lint --strict --format json")
@global_options("project", "environment")
@specs_option
@output_options(*LINT_FORMATS)
@click.option("--all-environments", is_flag=True, help="Look at the specs of every environment of reconciler.yaml.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is anything to look at.")
@pass_invocation
def lint(
    invocation: Invocation,
    *,
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    all_environments: bool,
    strict: bool,
) -> int:
    """Look for what is allowed and unwise. Needs no network, no key and no secret."""
    from reconciler.cli.output import check_files, write_files
    from reconciler.cli.pasteable import pasteable
    from reconciler.cli.terminal import emit
    from reconciler.render.json import render_json
    from reconciler.render.sarif import render_lint_sarif
    from reconciler.render.tables import render_lint_text

    if all_environments and (invocation.environment is not None or invocation.specs):
        raise click.UsageError("--all-environments stands alone, without -e and --specs")
    check_files(writes)
    document = _linted(invocation, all_environments=all_environments)
    renderers = {
        "text": lambda found: pasteable(render_lint_text(found)),
        "json": render_json,
        "sarif": render_lint_sarif,
    }
    write_files(writes, lambda name: renderers[name](document))
    emit(renderers[output_format](document), output_format)
    return 1 if strict and document.advice else 0


def _linted(invocation: Invocation, *, all_environments: bool) -> "LintDocument":
    """Look at the specs of one environment or of all; raises `InputError` and `SpecError`."""
    from reconciler import clock
    from reconciler.core.documents.explanation import LintDocument
    from reconciler.core.documents.plan import FORMAT_VERSION
    from reconciler.linting import lint
    from reconciler.project import load_project
    from reconciler.workflow.session import choose_environment, of_each_environment

    project, today = load_project(invocation.project), clock.utc_now().date()
    chosen = project.environments if all_environments else (choose_environment(project, invocation),)
    specs = {one.name: _specs(project, one) for one in (*project.environments, *chosen)}

    def linted(name: str) -> "tuple[Advice, ...]":
        return lint(specs[name], today, [specs[other] for other in specs if other != name])

    names = [one.name for one in chosen]
    advice = {one for found in of_each_environment(names, linted) for one in found}
    return LintDocument(FORMAT_VERSION, "lint", ", ".join(names), today.isoformat(), tuple(sorted(advice)))


def _specs(project: "Project", environment: "Environment") -> "Specs":
    from reconciler.specs.loading import Specs
    from reconciler.workflow.session import references_of

    references = references_of(environment)
    return Specs(project.root, environment.specs, environment.overlays, references, environment.fact_keys_of)
