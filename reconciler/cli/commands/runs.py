"""`reconciler runs`: lists the runs that wrote, or were about to."""

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import format_option, global_options
from reconciler.cli.usage import command


@command("runs", "-e production runs --format json")
@global_options("project", "environment", "state")
@format_option("text", "json")
@pass_invocation
def runs(invocation: Invocation, *, output_format: str) -> int:
    """List the runs of this repository, the newest first."""
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.cli.terminal import emit
    from reconciler.render.json import render_json
    from reconciler.render.tables import render_runs_text
    from reconciler.workflow.past_runs import list_runs

    document, place = list_runs(invocation, surroundings_of(invocation))
    text = render_runs_text(document, invocation.environment, place)
    emit(render_json(document) if output_format == "json" else text, output_format)
    return 0
