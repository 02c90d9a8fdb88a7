from .driver import driver, error


def test_the_account_answers_what_the_official_command_line_needs() -> None:
    me = driver().get("/v1/me").json()
    assert me == {"status": "active", "billing": {"current_balance": 0, "refill_to": None}, "total_calls": 0}


def test_personas_are_those_of_the_memories() -> None:
    sandbox = driver()
    for contact, persona in (("c1", "p2"), ("c2", "p1"), ("c3", "p2")):
        sandbox.remember(contact_id=contact, persona_id=persona)
    sandbox.remember(contact_id="c1", agent_number="+14155550100")
    assert [persona["id"] for persona in sandbox.get("/v1/personas").json()["data"]] == ["p1", "p2"]


def test_personas_come_in_pages() -> None:
    sandbox = driver()
    for number in range(5):
        sandbox.remember(contact_id="c1", persona_id=f"p{number}")
    page = sandbox.get("/v1/personas", params={"page": 2, "limit": 2}).json()["data"]
    assert [persona["id"] for persona in page] == ["p2", "p3"]


def test_a_persona_is_shown_as_it_is_listed() -> None:
    sandbox = driver()
    sandbox.remember(contact_id="c1", persona_id="p1")
    (listed,) = sandbox.get("/v1/personas").json()["data"]
    assert sandbox.get("/v1/personas/p1").json() == {"data": listed, "errors": None}


def test_a_persona_of_no_memory_is_not_found() -> None:
    assert error(driver().get("/v1/personas/p1")) == (404, "PERSONA_NOT_FOUND", "Persona not found or access denied")
