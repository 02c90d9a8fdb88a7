"""Executes a plan: operations and a remote that writes in, an outcome for each operation out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.core.desired import ContactMemory, ExistingMemory
from reconciler.core.diff import FactWrite
from reconciler.core.plan import AddUser, CreateMemory, MemoryWork, Operation, Plan, WriteFacts
from reconciler.core.receipt import Outcome, Result
from reconciler.core.remote import Writer
from reconciler.core.text import quoted
from reconciler.core.value import Json, same
from reconciler.errors import AddUserRefusedError, ApiError, ApiUnavailableError
from reconciler.workers import for_each

NOT_REACHED = "not reached: the apply was stopped"
_ADD_USER_REFUSED = (
    "the API refused with the error that it documents for a number already in the memory; "
    "users cannot be listed here, so it was not checked"
)


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of a plan: an outcome for each operation, and the memory ids learned, by `ContactMemory.identity`."""

    outcomes: tuple[Outcome, ...]
    memory_ids: Mapping[str, str]


async def execute(
    plan: Plan,
    writer: Writer,
    *,
    concurrency: int,
    should_stop: Callable[[], bool],
    on_outcome: Callable[[int, int], None],
) -> Execution:
    """
    Do every operation of the plan, memories concurrently and the operations of one memory in order.

    A failure is an outcome and stops only what depends on it. Once `should_stop` says so, what is in flight is
    finished and the rest skipped. `on_outcome` is told how many operations are settled, and of how many.
    """
    run = _Run(writer, should_stop=should_stop, on_outcome=on_outcome, operations=len(plan.operations))
    await for_each(plan.work, run.settle, concurrency=concurrency)
    outcomes = tuple(outcome for work in plan.work for outcome in run.outcomes[work.memory.address])
    return Execution(outcomes, run.memory_ids)


class _Run:
    """One execution: what is settled so far."""

    def __init__(
        self,
        writer: Writer,
        *,
        should_stop: Callable[[], bool],
        on_outcome: Callable[[int, int], None],
        operations: int,
    ) -> None:
        self._writer = writer
        self._should_stop = should_stop
        self._on_outcome = on_outcome
        self._operations = operations
        self._settled = 0
        self.outcomes: dict[str, list[Outcome]] = {}
        self.memory_ids: dict[str, str] = {}

    async def settle(self, work: MemoryWork) -> None:
        """Do the operations on one memory in their order."""
        memory = _MemoryRun(self._writer, work)
        outcomes = self.outcomes.setdefault(work.memory.address, [])
        for operation in work.operations:
            outcomes.append(await self._settle_one(memory, operation))
            self._settled += 1
            self._on_outcome(self._settled, self._operations)
        if isinstance(work.memory, ContactMemory) and memory.memory_id:
            self.memory_ids[work.memory.identity] = memory.memory_id

    async def _settle_one(self, memory: "_MemoryRun", operation: Operation) -> Outcome:
        if self._should_stop():
            return Outcome(operation, "skipped", NOT_REACHED)
        if memory.obstacle:
            return Outcome(operation, "skipped", memory.obstacle)
        return await memory.attempt(operation)


class _MemoryRun:
    """The operations on one memory: its id once known, and what stands in the way of those that need it."""

    def __init__(self, writer: Writer, work: MemoryWork) -> None:
        self._writer = writer
        self._memory = work.memory
        self.memory_id = work.memory_id
        self.obstacle = ""

    async def attempt(self, operation: Operation) -> Outcome:
        try:
            result, detail = await self._do(operation)
        except AddUserRefusedError:
            return Outcome(operation, "already", _ADD_USER_REFUSED)
        except ApiUnavailableError as error:
            return self._failed(operation, "unknown" if error.may_have_happened else "failed", error)
        except ApiError as error:
            return self._failed(operation, "failed", error)
        return Outcome(operation, result, detail)

    def _failed(self, operation: Operation, result: Result, error: ApiError) -> Outcome:
        if self.memory_id is None:
            self.obstacle = f"not tried: the memory's id could not be had ({error})"
        return Outcome(operation, result, str(error))

    async def _do(self, operation: Operation) -> tuple[Result, str]:
        match operation:
            case CreateMemory():
                return await self._create_memory()
            case WriteFacts():
                return await self._write_facts(operation)
            case AddUser(user=user):
                await self._writer.add_user(await self._known_id(), user)
                return "done", ""

    async def _create_memory(self) -> tuple[Result, str]:
        created = await self._get_or_create()
        return ("done", "") if created else ("already", "the memory exists")

    async def _write_facts(self, operation: WriteFacts) -> tuple[Result, str]:
        """Write facts and compare what came back with what was sent."""
        memory_id = await self._known_id()
        held = await self._writer.write_facts(memory_id, operation.facts)
        if held is None:
            record = await self._writer.read_memory(memory_id)
            held = record.facts if record else {}
        missed = [quoted(fact.key) for fact in operation.facts if not _is_held(fact, held)]
        return ("failed", f"the API did not keep {', '.join(missed)} as sent") if missed else ("done", "")

    async def _known_id(self) -> str:
        if self.memory_id is None:
            await self._get_or_create()
        assert self.memory_id is not None  # noqa: S101  the call gives the id or raises
        return self.memory_id

    async def _get_or_create(self) -> bool:
        memory = self._memory
        assert not isinstance(memory, ExistingMemory)  # noqa: S101  such a memory is declared by its id
        record, created = await self._writer.create_memory(memory.contact.contact_id, memory.scope_key)
        self.memory_id = record.memory_id
        return created


def _is_held(fact: FactWrite, held: Mapping[str, Json]) -> bool:
    return fact.key in held and same(held[fact.key], fact.value)
