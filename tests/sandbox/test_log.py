from .driver import KEY, SCOPE, driver


def test_a_request_is_logged_with_what_it_asked() -> None:
    sandbox = driver()
    sandbox.post("/v1/memory/contact?x=%2B1", SCOPE)
    (entry,) = sandbox.log
    assert (entry.method, entry.path, dict(entry.query)) == ("POST", "/v1/memory/contact", {"x": "+1"})
    assert (entry.body, entry.status) == (SCOPE, 200)


def test_the_log_never_holds_the_key() -> None:
    sandbox = driver()
    sandbox.get("/v1/me")
    assert KEY["authorization"] not in repr(sandbox.log)


def test_reads_are_told_from_writes() -> None:
    sandbox = driver()
    sandbox.remember()
    sandbox.get("/v1/contacts")
    sandbox.post("/v1/contacts/find", {"email": "a@example.com"})
    assert [entry.mutates for entry in sandbox.log] == [True, False, False]


def test_only_what_was_written_counts_as_committed() -> None:
    sandbox = driver()
    for body in (SCOPE, SCOPE, {}):
        sandbox.post("/v1/memory/contact", body)
    assert [entry.committed for entry in sandbox.log] == [True, False, False]


def test_the_log_keeps_all_unless_told_how_many() -> None:
    sandboxes = [driver(), driver(log_limit=2), driver(log_limit=0)]
    for sandbox in sandboxes:
        for path in ("/v1/me", "/v1/contacts", "/v1/personas"):
            sandbox.get(path)
    assert [len(sandbox.log) for sandbox in sandboxes] == [3, 2, 0]
    assert [entry.path for entry in sandboxes[1].log] == ["/v1/contacts", "/v1/personas"]


def test_an_unknown_route_is_logged_as_well() -> None:
    sandbox = driver()
    sandbox.ask("DELETE", "/v1/contacts/c1")
    (entry,) = sandbox.log
    assert (entry.method, entry.status, entry.mutates, entry.committed) == ("DELETE", 404, False, False)


def test_a_body_that_is_not_json_is_logged_as_text() -> None:
    sandbox = driver()
    sandbox.ask("POST", "/v1/memory/contact", content=b"{", headers={**KEY, "content-type": "application/json"})
    assert sandbox.log[0].body == "{"
