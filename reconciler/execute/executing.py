"""The order of execution: contacts first, then memories; independent ones at once, what depends on another after it."""

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import Struct

from reconciler.concurrency import NOT_REACHED, Stop, for_each
from reconciler.core.model.desired import ContactMemory, id_key, memory_key
from reconciler.core.plan.operations import ContactWork, MemoryWork, Operation, Plan, Work
from reconciler.core.plan.receipt import Outcome
from reconciler.core.plan.remembered import LearnedUsers, SeenUser
from reconciler.core.remote import UnitWriter, Writer
from reconciler.errors import ApiRejectedError, ApiUnavailableError, OtherRecordError, ReconcilerError, cause_of
from reconciler.execute.attempt import SubjectRun, attempt
from reconciler.execute.contacts import ContactRun, same_contact
from reconciler.execute.memories import MemoryRun
from reconciler.execute.observer import Canary, Observer, report
from reconciler.user_lookup import UserReader

_MOST_UNREACHED = 20
_MOST_REFUSED = 10
KEY_REFUSED = f"not reached: the API refused the key for {_MOST_REFUSED} writes in a row"
GIVEN_UP = f"not tried: the API could not be reached {_MOST_UNREACHED} times in a row"


class Execution(Struct, frozen=True):
    """
    The result of a plan: an outcome for each operation.

    `memory_ids` are those that were learned, by `memory_key`.
    """

    outcomes: tuple[Outcome, ...]
    memory_ids: Mapping[str, str]
    users: LearnedUsers


async def execute(  # noqa: PLR0913  one parameter a part of the machine
    plan: Plan,
    writer: Writer,
    *,
    concurrency: int,
    stop: Stop,
    observer: Observer,
    canary: Canary | None = None,
) -> Execution:
    """
    Do every operation of the plan.

    A failure is an outcome and stops only what depends on it. Once a stop is requested, or the observer forbids an
    operation, operations under way are finished and the others skipped. The observer sees every outcome, once. A canary
    is executed and read back first; the other operations are skipped where it is not as declared.
    """
    run = _ExecutionState(writer, stop=stop, observer=observer)
    run.note_owners(plan.work)
    first, rest = canary.parts(plan.work) if canary else ((), plan.work)
    await run.do(first, concurrency=concurrency)
    if canary and first and rest:
        await run.judge(canary, first)
    await run.do(rest, concurrency=concurrency)
    outcomes = tuple(outcome for work in plan.work for outcome in run.outcomes[work.address])
    users = LearnedUsers(tuple(run.users_seen), frozenset(run.memories_gone))
    return Execution(outcomes, run.memory_ids, users)


class _ExecutionState:
    """One execution: the outcomes so far, and the ids learned."""

    def __init__(self, writer: Writer, *, stop: Stop, observer: Observer) -> None:
        self._writer = writer
        self._users = UserReader(writer)
        self._stop = stop
        self._observer = observer
        self._unreached = 0
        self._refused = 0
        self._may_write = False
        self._halted = ""
        self._contacts: dict[str, ContactRun] = {}
        self._owners: dict[str, str] = {}
        self._clashes: dict[str, str] = {}
        self.outcomes: dict[str, list[Outcome]] = {}
        self.memory_ids: dict[str, str] = {}
        self.users_seen: list[SeenUser] = []
        self.memories_gone: set[str] = set()

    def note_owners(self, work: tuple[Work, ...]) -> None:
        """
        Note which declared contact each live one is, and whose each memory is, as far as the plan knew.

        Nothing is done to a live contact or memory that belongs to two declared ones, except for the first.
        """
        for item in work:
            memory = item.memory if isinstance(item, MemoryWork) else None
            contact = item.contact if isinstance(item, ContactWork) else getattr(memory, "contact", None)
            if contact is None or item.contact_id is None:
                continue
            first = self._owners.setdefault(id_key(item.contact_id), contact.address)
            if first != contact.address:
                self._clashes[item.address] = same_contact(contact.address, first)
            elif isinstance(item, MemoryWork) and isinstance(memory, ContactMemory) and item.memory_id:
                try:
                    self._writer.expect_memory(item.memory_id, item.contact_id, memory.scope_key)
                except OtherRecordError as error:
                    self._clashes[item.address] = f"not tried: {error}"

    async def do(self, work: tuple[Work, ...], *, concurrency: int) -> None:
        """Do the operations on contacts, and then those on memories."""
        contacts = [item for item in work if isinstance(item, ContactWork)]
        memories = [item for item in work if isinstance(item, MemoryWork)]
        await for_each(contacts, self._do_contact, concurrency=concurrency)
        await for_each(memories, self._do_memory, concurrency=concurrency)

    async def judge(self, canary: Canary, work: tuple[Work, ...]) -> None:
        """Forbid the rest where the canary is not as declared."""
        if not (self._stop.requested or self._halted):
            outcomes = [outcome for item in work for outcome in self.outcomes[item.address]]
            self._halted = await self._stop.guard(canary.objection(work, outcomes, dict(self.memory_ids)))

    async def _do_contact(self, work: ContactWork) -> None:
        """Do the operations on one contact."""
        async with self._writer.unit() as writer:
            contact = self._contacts[work.contact.name] = ContactRun(writer, work, self._owners)
            contact.obstacle = contact.obstacle or self._clashes.get(work.address, "")
            await self._do_operations(work, contact, writer)

    async def _do_memory(self, work: MemoryWork) -> None:
        """Do the operations on one memory in their order, with its contact's id."""
        contact = self._contacts.get(work.memory.contact.name) if isinstance(work.memory, ContactMemory) else None
        async with self._writer.unit() as writer:
            memory = MemoryRun(writer, self._users.through(writer), work, contact)
            memory.obstacle = memory.obstacle or self._clashes.get(work.address, "")
            await self._do_operations(work, memory, writer)
        self.users_seen += memory.users_seen
        self.memories_gone |= {memory.memory_id} if memory.is_gone and memory.memory_id else set()
        if isinstance(work.memory, ContactMemory) and memory.contact_id and memory.memory_id:
            self.memory_ids[memory_key(memory.contact_id, work.memory.scope_key)] = memory.memory_id

    async def _do_operations(self, work: Work, run: SubjectRun, writer: UnitWriter) -> None:
        outcomes = self.outcomes.setdefault(work.address, [])
        for operation in work.operations:
            outcomes.append(await self._do_operation(run, operation, writer))

    async def _do_operation(self, run: SubjectRun, operation: Operation, writer: UnitWriter) -> Outcome:
        if self._reason_not_to(run) or not await self._may_begin(operation):
            outcome = Outcome(operation, "skipped", self._reason_not_to(run))
        else:
            outcome, error = await self._stop.guard(attempt(run, operation, writer))
            if outcome.result == "skipped" and not outcome.changed_since_plan:
                self._halted = outcome.detail  # this run sends nothing more
            self._note(outcome, error)
        report(self._observer, outcome)
        return outcome

    def _note(self, outcome: Outcome, error: Exception | None) -> None:
        """Count what failed in a row because the API could not be reached, or refused the key."""
        is_unreached = isinstance(error, ApiUnavailableError) and not error.answered
        self._unreached = self._unreached + 1 if is_unreached else 0
        self._may_write = self._may_write or outcome.result == "done"
        status = error.status if isinstance(error, ApiRejectedError) and outcome.result == "failed" else None
        is_refused = status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and not self._may_write)
        self._refused = self._refused + 1 if is_refused else 0

    async def _may_begin(self, operation: Operation) -> bool:
        """Announce an operation; return False where the observer forbids it, or a stop was requested meanwhile."""
        try:
            await self._observer.intent(operation)
        except ReconcilerError as error:
            self._halted = f"not tried: {error}"
        except Exception as error:  # noqa: BLE001  operations under way must not be cut off, and the receipt reports this
            self._halted = f"not tried: {cause_of(error)}"
        return not (self._halted or self._stop.requested)

    def _reason_not_to(self, run: SubjectRun) -> str:
        """Return why nothing is to be tried; empty where something is."""
        return NOT_REACHED if self._stop.requested else self._halted or self._given_up or run.obstacle

    @property
    def _given_up(self) -> str:
        """Return why nothing more is tried, once the API could not be reached, or refused the key, often in a row."""
        if self._refused >= _MOST_REFUSED:
            return KEY_REFUSED
        return GIVEN_UP if self._unreached >= _MOST_UNREACHED else ""
