"""`reconciler lint`: what the specs may say, and will be regretted."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options, output_options, specs_option
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.core.documents.explanation import LintDocument

LINT_FORMATS = ("text", "json", "sarif")


@command("lint", "lint --strict --format json")
@global_options("project", "environment")
@specs_option
@output_options(*LINT_FORMATS)
@click.option("--strict", is_flag=True, help="Exit with 1 when there is anything to look at.")
@pass_invocation
def lint(invocation: Invocation, *, output_format: str, writes: tuple[tuple[str, Path], ...], strict: bool) -> int:
    """Look for what is allowed and unwise. Needs no network, no key and no secret."""
    from reconciler.cli.output import check_files, write_files
    from reconciler.cli.terminal import emit
    from reconciler.render.json import render_json
    from reconciler.render.sarif import render_lint_sarif
    from reconciler.render.tables import render_lint_text

    check_files(writes)
    document = _linted(invocation)
    renderers = {"text": render_lint_text, "json": render_json, "sarif": render_lint_sarif}
    write_files(writes, lambda name: renderers[name](document))
    emit(renderers[output_format](document), output_format)
    return 1 if strict and document.advice else 0


def _linted(invocation: Invocation) -> "LintDocument":
    """Look at the specs of one environment; raises `InputError` and `SpecError`."""
    from reconciler import clock
    from reconciler.core.documents.explanation import LintDocument
    from reconciler.core.documents.plan import FORMAT_VERSION
    from reconciler.linting import lint
    from reconciler.project import load_project
    from reconciler.specs.loading import Specs
    from reconciler.workflow.session import choose_environment, references_of

    project = load_project(invocation.project)
    environment = choose_environment(project, invocation)
    specs, *others = (
        Specs(project.root, one.specs, one.overlays, references_of(one), one.fact_keys_of)
        for one in (environment, *(one for one in project.environments if one.name != environment.name))
    )
    today = clock.utc_now().date()
    return LintDocument(FORMAT_VERSION, "lint", environment.name, today.isoformat(), lint(specs, today, others))
