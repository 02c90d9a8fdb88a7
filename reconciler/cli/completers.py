"""What shells complete: environments and addresses, read from files alone; whatever is wrong there is kept silent."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.project import Project

_Item = TypeVar("_Item")


def complete_environments(context: click.Context, _: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Return the environments of reconciler.yaml that start like this."""
    from click.shell_completion import CompletionItem

    project = _project(context)
    found = project.environments if project else ()

    items = (CompletionItem(one.name, help=one.api) for one in found)
    return [item for item in items if item.value.startswith(incomplete)]


def complete_addresses(context: click.Context, _: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Return the declared addresses that start like this, and one step of a path at a time."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(address) for address in _next_steps(known_addresses(context), incomplete)]


def complete_labels(context: click.Context, _: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Return the declared labels that start like this: their keys, and after `=` or `!=` their values."""
    from click.shell_completion import CompletionItem

    from reconciler.specs.scanning import declared_labels

    key, operator, _value = incomplete.partition("!=" if "!=" in incomplete else "=")
    pairs = [(name, text) for name, text in _declared(context, declared_labels) if not operator or name == key]
    found = [f"{name}{operator}{text}" if operator else f"{name}=" for name, text in pairs]
    return [CompletionItem(text) for text in dict.fromkeys(found) if text.startswith(incomplete)]


def complete_rules(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the declared rules that start like this."""
    from reconciler.specs.scanning import declared_rules

    return [name for name in _declared(context, declared_rules) if name.startswith(incomplete)]


def complete_formats(formats: Sequence[str], _context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete FORMAT=FILE as far as `FORMAT=`; what follows is for the shell."""
    return [f"{name}=" for name in formats if f"{name}=".startswith(incomplete)]


class Address(click.ParamType[str]):
    """A parameter that is the address of something declared, completed from the specs."""

    name = "address"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list["CompletionItem"]:
        """Return the addresses that start like this."""
        return complete_addresses(ctx, param, incomplete)


def _next_steps(addresses: Sequence[str], incomplete: str) -> list[str]:
    """
    Keep what is one step further than what was typed, whatever may stand below it.

    Addresses with quotes are left out: shells would take these for their own.
    """
    depth = incomplete.count(".") + 1
    fitting = (address for address in addresses if address.startswith(incomplete) and '"' not in address)
    found = list(dict.fromkeys(".".join(address.split(".")[:depth]) for address in fitting))
    return _next_steps(addresses, f"{incomplete}.") or found if found == [incomplete] else found


def known_addresses(context: click.Context) -> Sequence[str]:
    """Return the addresses that the specs declare; none where they cannot be read."""
    from reconciler.specs.scanning import declared_addresses

    return _declared(context, declared_addresses)


def _declared(context: click.Context, scan: Callable[..., Sequence[_Item]]) -> Sequence[_Item]:
    """Return what a look into the specs of the environment finds; nothing where they cannot be read."""
    from reconciler.errors import ReconcilerError

    project = _project(context)
    if project is None:
        return ()
    try:
        environment = project.environment(_invocation(context, "environment"))
    except ReconcilerError:
        return ()
    return scan(environment.specs, root=project.root)


def known_environments(context: click.Context) -> set[str]:
    """Return the names of the environments of reconciler.yaml; none where it cannot be read."""
    project = _project(context)
    return {one.name for one in project.environments} if project else set()


def _project(context: click.Context) -> "Project | None":
    from reconciler.errors import ReconcilerError
    from reconciler.project import load_project

    try:
        return load_project(_invocation(context, "project"))
    except (ReconcilerError, OSError):
        return None


def _invocation(context: click.Context, name: str) -> str | None:
    """Return an option that was typed before, which the invocation noted; it may not have come so far."""
    from reconciler.cli.invocation import Invocation

    invocation = context.find_object(Invocation)
    return getattr(invocation, name) if invocation else None
