"""All rules over the files of an environment."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from reconciler.core.documents.explanation import Advice
from reconciler.core.model.catalogue import Catalogue, sensitive_keys
from reconciler.core.model.desired import Desired
from reconciler.core.model.references import Variable
from reconciler.linting.fact_keys import fact_key_advice, near_duplicate_advice, twin_advice
from reconciler.linting.look_alikes import look_alike_advice, numeral_variable_advice
from reconciler.linting.mentions import Mentions, mentions_of
from reconciler.linting.saying import advice
from reconciler.linting.variables import unused_variable_advice
from reconciler.reading import Node, SpecFile, find_files, read_file
from reconciler.specs.idle import ADD_SCOPES, NO_SCOPE
from reconciler.specs.loading import find_overlays
from reconciler.specs.provenance import Specs


def lint(specs: Specs, today: date, others: Iterable[Specs] = ()) -> tuple[Advice, ...]:
    """
    Give all advice about an environment's specs, sorted by place; raises `SpecError` where they are not sound.

    Variables may be for the specs of the `others`, the project's other environments.
    """
    loaded = specs.load()
    declaring = find_files(specs.entries, root=specs.root).files
    patching = find_overlays(specs.overlays, root=specs.root).files
    mentions = mentions_of(_documents(declaring), _documents(patching))
    catalogue = loaded.desired.catalogue
    found = {
        *_advice(mentions, catalogue, today, {file.name for file in declaring}),
        *_look_alikes((*declaring, *patching), loaded.desired, specs.references.variables.values()),
        *unused_variable_advice(specs, others),
    }
    return tuple(sorted(found))


def _documents(files: Iterable[SpecFile]) -> list[Node]:
    return [node for file in files for node in read_file(file.path, name=file.name).documents]


def _advice(mentions: Mentions, catalogue: Catalogue, today: date, files: Collection[str]) -> Iterator[Advice]:
    if catalogue:
        own = {name: key for name, key in catalogue.items() if key.source.file in files}
        yield from fact_key_advice(own, mentions, today)
        yield from twin_advice(own)
    else:
        yield from near_duplicate_advice(mentions)
    for name, source in mentions.scopes.items():
        if name not in mentions.scopes_in_use:
            message, cure = "no contact is in this scope", "remove it, or name it in a contact's scopes"
            yield advice("unused_scope", source, f"scopes.{name}", message, cure)
    for address, source in mentions.idle.items():
        yield advice("idle_facts", source, address, NO_SCOPE, ADD_SCOPES)


def _look_alikes(files: tuple[SpecFile, ...], desired: Desired, variables: Iterable[Variable]) -> Iterator[Advice]:
    hidden = None if desired.live_values else sensitive_keys(desired.catalogue)
    numbers = frozenset(key.name for key in desired.catalogue.values() if key.holds_numbers)
    for file in files:
        yield from look_alike_advice(file, hidden, numbers)
    yield from numeral_variable_advice(variables)
