"""`reconciler schema`: prints the JSON Schema of a kind of file."""

from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import SCHEMAS, global_options
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.schemas import SchemaName


@command("schema > schemas/specs.json", "schema project > schemas/project.json")
@global_options()
@click.argument("name", type=click.Choice(SCHEMAS), default="specs", metavar=f"[{'|'.join(SCHEMAS)}]")
@pass_invocation
def schema(_invocation: Invocation, *, name: "SchemaName") -> int:
    """
    Print a JSON Schema (draft 2020-12): of spec files by default.

    Editors complete and check spec files with it. The other schemas are for programs that read plans, receipts, lists
    of runs and notifications.
    """
    from reconciler.cli.terminal import emit
    from reconciler.schemas import schema_text

    emit(schema_text(name), "json")
    return 0
