# --8<-- [start:app]
from fastapi import Depends, FastAPI, Request, Response
from fastapi_jwtkit import CurrentPrincipal, JWTAuth

app = FastAPI()
auth = JWTAuth.from_env(transports=("bearer", "cookie"))
auth.install(app)


@app.post("/notes")
async def write_note(principal: CurrentPrincipal) -> str:
    return f"noted for {principal.subject}"


# --8<-- [end:app]
# --8<-- [start:login]
@app.post("/guest", dependencies=[Depends(auth.same_origin)])
async def enter_as_guest(request: Request, response: Response) -> None:
    users = auth.kit.users
    guest = await users.find_by_login("guest") if users else None
    if guest is not None:
        pair = await auth.kit.open_session(guest, amr=("user",), transport="cookie")
        auth.write_cookies(request, response, pair)


# --8<-- [end:login]
