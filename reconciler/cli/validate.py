"""`reconciler validate`: checks all specs, offline."""

import click

from reconciler.cli.options import Invocation, invocation_options, pass_invocation


@click.command()
@invocation_options
@pass_invocation
def validate(invocation: Invocation) -> int:
    """Check the specs. Needs no network and no key."""
    from reconciler.cli.screen import count_line, emit
    from reconciler.project import load_project
    from reconciler.specs import load_specs

    project = load_project(invocation.project)
    environment = project.environment(invocation.environment)
    loaded = load_specs(environment.specs, root=project.root)
    desired = loaded.desired
    counts = count_line(
        [
            (len(loaded.files), "file", "files"),
            (len(desired.scopes), "scope", "scopes"),
            (len(desired.contacts), "contact", "contacts"),
            (len(desired.memories), "memory", "memories"),
            (sum(len(memory.facts) for memory in desired.contact_memories), "fact", "facts"),
            (sum(len(memory.users) for memory in desired.memories), "user", "users"),
        ]
    )
    emit(f"The specs of {environment.name} are valid: {counts}.\n")
    return 0
