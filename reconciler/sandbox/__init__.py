"""
A stand-in for the memory and contacts API of Bland AI, to rehearse and to test against.

It is an independent witness: written from the API reference, not from the client, of which it imports nothing.
Start with `store.Store`, `app.create_app` and `serve.running`; `settings.Settings` holds the switches, `faults.Faults`
the misbehaviour. State is one SQLite file, or memory. `app.state.log` holds every request, or as many of the newest as
`Settings.log_limit` allows; `sandbox serve` has no log.

Sources, in the order of their weight: S0 to S4 are five pages of the API reference (create contact memory, get contact
memory, add user to memory, update facts, get memory context); D is the rest of the reference of the same time; L is a
later revision of it, where it differs; U1 to U25 are the questions that none of them answers.

What it imitates
----------------
=========================================  ==========  ====================================================
call                                       source      behaviour
=========================================  ==========  ====================================================
POST /v1/memory/contact                    S0          get or create for a contact and a scope; `created`
GET /v1/memory/contact/{id}                S1          the record; `NOT_FOUND` (D)
PATCH /v1/memory/contact/{id}/facts        S3          merge, nothing is deleted; the full record, by default
PATCH /v1/memory/contact/{id}/summary      D           overwrites; with `summary_updated_at`
GET /v1/memory/contact/{id}/messages       D, L        oldest first; an unknown id has none (L)
GET /v1/memory/context                     S4          no id; without a record the empty object (D)
GET /v1/memory/changes                     D           what a call or a conversation changed
POST /v1/memory/{id}/add-user              S2          a number already there is `MEMORY_ADD_USER_ERROR`
GET /v1/memory, GET /v1/memory/{id}        D, L        stores; a memory with its users (L: in pages, and each with
                                                       calls, contact, scope, and metadata as an object)
POST /v1/memory/create                     D, L        a new store (L: 201)
POST /v1/memory/{id}/update                D           a new name for a store
POST /v1/memory/{id}/user, …/user/search   D           read, although they are POSTs
POST /v1/memory/{id}/user/update           D           fields that are not sent stay
GET /v1/contacts, GET /v1/contacts/{id}    D           with identifiers and memories; at most 200 a page
POST /v1/contacts/find                     D           reads, although it is a POST; null where there is none
POST /v1/contacts/resolve                  D, L        find or create; L answers with the full contact, and 201
PATCH /v1/contacts/{id}                    D           metadata is merged
GET /v1/personas, GET /v1/personas/{id}    D           the personas that some memory is scoped to
GET /v1/me                                 D           as much as the official command line needs
=========================================  ==========  ====================================================

The envelope and the raw key in `authorization` are those of S0 to S4; `AUTH_FAILURE` is D. Roles, the limit on
`/v1/memory` and the renamed errors are L. Checks come in the order key, role, limit, input, existence; a refused
request changes nothing. A path that is not listed, or a listed one with another method, is Express's 404 page, before
any check.

What it chooses where nothing is stated ("switch": see `settings`)
------------------------------------------------------------------
- U1, U2: no record, or an unknown contact: the empty context (switch: null, or `NOT_FOUND` for an unknown contact).
- U3: any contact id and any persona id is accepted, and the contact is listed from then on (switch).
- U4: with both a persona and a number, the persona counts and the number is ignored.
- U5: numbers are stored and compared as they are written (switch: in one form, E.164 or another).
- U6, U11, U12: any JSON value and any key is stored as it came. NaN, infinities and lone surrogates are not JSON.
- U7: a nested fact is replaced as a whole (switch: merged).
- U8, U9: null is stored like any value; `{}` is accepted and changes only the time; anything but an object is refused.
- U10: every accepted PATCH moves `updated_at`.
- U13: a PATCH on an unknown memory is `NOT_FOUND`, as the GET is; a summary as well.
- U14: 400 for input, 404 for what is absent, 401, 403, 429, 500; 400 for a refused add-user (switch); 200 for what was
  created (switch). Where L makes an error of a store an `INTERNAL_ERROR`, 500.
- U15: plain text and `Retry-After` in seconds (switches); the window is fixed, and counted by key.
- U16, U17: resolving an existing contact changes nothing in it, and attaches no identifier; of several identifiers the
  phone number decides, then the email address, then the external id.
- U18: an email address or external id takes the place of the primary one of its type; one that another contact has is
  refused.
- U19: an unknown memory and a number that is already there are refused alike: the answer does not show which.
- U20: a user that is not there is `MEMORY_ERROR` under a 404 (switch: null, or an empty object).
- U21, U23, U24: lists are in order of creation, and every answer shows all that was written before. Requests are
  handled one at a time.
- U25: no size is too large.
- An add-user, and the calls that read and change users, accept the id of a contact memory as well as that of a store.
  Read as a store, a contact memory is named after its scope.
- `Bearer KEY` is refused (switch), so that tests notice a client that sends it.
- A body without `Content-Type: application/json` is refused. A page size that is zero or no number counts as not
  given. L states no largest page for the users of a memory: any size is good there.
- In L, metadata that is no JSON object is listed as ``{"text": …}``, and the users of a store that is no contact memory
  come with null for contact and scope.
- The role also guards the writes on contacts, of which L says nothing.
- `external_memory_key` is stored and never checked. Messages of refusals that no page shows are the sandbox's own.
- `/v1/memory/changes` finds the interactions that an inserted `memory_history` names: an entry with a `call_id` or a
  `conversation_id` may hold `initial_memory` and `changes`, which the answer shows.
- Renaming anything but a store is `MEMORY_UPDATE_ERROR` under a 404. An absent persona is `PERSONA_NOT_FOUND`, as for
  the other calls on personas. An empty summary counts as missing.

What can be made to go wrong
----------------------------
- `faults`: single requests, by method, path and turn: another answer, half of one, a late one, none; and
  `faults.Meanwhile`, in which someone else changes the account before or after an answer: `Store.learn_facts`,
  `Store.move_contact`, `Store.load`, or the tables.
- `faults.Mistake`: an answer about another contact, scope or memory than the one that was asked for.
- `settings.Listing`: a listing of contacts that is always wrong: pages smaller than asked for, an offset that is
  ignored, a total or a `has_more` that lies, contacts without `memories`.
- `Store.load` inserts what no request makes: two memories for one contact and scope. Calls by scope then mean the
  first, and lists show both.

A contact that moves between two pages, for instance::

    moves = Meanwhile(lambda store: store.move_contact("c-1", to="back"))
    Faults([Rule(fault=moves, path="/v1/contacts", occurrences=frozenset({1}), when="after")])

What it does not imitate
------------------------
Nothing that removes: no reset, no merge, no delete. No `/v1/memory/enable`, add-call, CRM synchronisation, agents,
entities' schemas, nor writes on personas. The listing of contacts takes no `agent_id` (L). No calls are placed:
messages, open items, entities and `memory_history` are as inserted, and only `Store.learn_facts` plays the agent. One
organisation, whatever the key. No `RateLimit-*` headers. Paths are exact in case and trailing slash.
"""
