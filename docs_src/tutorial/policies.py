# --8<-- [start:rule]
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi_jwtkit import CurrentPrincipal, JWTAuth, Principal, require_policy
from fastapi_jwtkit.policies import has_roles, has_scopes, logged_in_within, policy

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)


@dataclass
class Note:
    owner_id: str
    text: str


notes: dict[int, Note] = {}


@policy
def is_owner(principal: Principal, note: Note) -> bool:
    return note.owner_id == principal.subject


# --8<-- [end:rule]
# --8<-- [start:compose]
may_read = is_owner | has_roles("editor")
may_change = is_owner & ~has_roles("guest")
# --8<-- [end:compose]


@app.post("/notes")
async def add_note(text: str, principal: CurrentPrincipal) -> int:
    notes[len(notes)] = Note(principal.subject, text)
    return len(notes) - 1


# --8<-- [start:enforce]
@app.get("/notes/{number}")
async def read_note(number: int, principal: CurrentPrincipal) -> str:
    gone = HTTPException(404, "There is no such note.")
    note = notes.get(number)
    if note is None:
        raise gone
    may_read.enforce(principal, note, or_raise=gone)
    return note.text


@app.put("/notes/{number}")
async def change_note(number: int, text: str, principal: CurrentPrincipal) -> None:
    may_change.enforce(principal, notes[number])
    notes[number].text = text


# --8<-- [end:enforce]
# --8<-- [start:guard]
Editor = has_scopes("tasks:write") & (has_roles("editor") | has_roles("admin"))


@app.delete("/notes", dependencies=[Depends(require_policy(Editor & logged_in_within(600)))])
async def clear() -> None:
    notes.clear()


@app.get("/count")
async def count(
    principal: Annotated[Principal, Depends(require_policy(~has_roles("guest")))],
) -> dict[str, int]:
    return {principal.subject: len(notes)}


# --8<-- [end:guard]
