"""Variables that nothing refers to."""

from collections.abc import Iterable, Iterator

from reconciler.core.documents.explanation import Advice
from reconciler.core.model.references import Variable, referenced
from reconciler.linting.saying import advice
from reconciler.reading import find_files, read_file
from reconciler.specs.loading import find_overlays
from reconciler.specs.provenance import Specs


def unused_variable_advice(specs: Specs, others: Iterable[Specs]) -> Iterator[Advice]:
    """Look for references to the variables of an environment, in the others too for what these share with it."""
    unused = {variable.source: variable for variable in specs.references.variables.values()}
    for one in (specs, *others):
        if unused:
            for variable in _used(one):
                unused.pop(variable.source, None)
    for variable in unused.values():
        message, cure = "no spec refers to this variable", "remove it, or write ${name} where it is meant"
        yield advice("unused_variable", variable.source, f"variables.{variable.name}", message, cure)


def _used(specs: Specs) -> list[Variable]:
    known = specs.references.variables
    files = (*find_files(specs.entries, root=specs.root).files, *find_overlays(specs.overlays, root=specs.root).files)
    nodes = (node for file in files for node in read_file(file.path, name=file.name).documents)
    names = {one.name for node in nodes for one in referenced(node.value) if not one.from_environment}
    return [known[name] for name in names if name in known]
