# --8<-- [start:file]
from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.json_lines import JSONLinesSink

audit = JSONLinesSink("audit.jsonl")  # or sys.stdout, in a container
app = FastAPI()
auth = JWTAuth.from_env(events=[audit])
auth.install(app)
# --8<-- [end:file]


# --8<-- [start:erase]
async def forget(user_id: str) -> int:
    await auth.kit.accounts.delete(user_id)  # the user, and the rows of their sessions
    return await auth.kit.erase(user_id)  # whenever you like: it ends and deletes what is left


# --8<-- [end:erase]
