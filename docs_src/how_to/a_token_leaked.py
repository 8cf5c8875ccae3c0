# --8<-- [start:session]
from fastapi_jwtkit import JWTKit


async def end_the_session(kit: JWTKit, token: str) -> str | None:
    """End the session of a token that was found, and say whose it was."""
    is_refresh = token.startswith("jkr_")
    proof = await (kit.prove_refresh(token) if is_refresh else kit.prove_access(token))
    await kit.close(proof)
    return proof.subject


# --8<-- [end:session]


# --8<-- [start:user]
async def end_all_sessions(kit: JWTKit, user_id: str) -> int:
    return await kit.close_all(user_id)


# --8<-- [end:user]


# --8<-- [start:shut]
async def shut_out(kit: JWTKit, user_id: str) -> None:
    await kit.accounts.disable(user_id)


async def let_in_again(kit: JWTKit, user_id: str, email: str) -> None:
    await kit.accounts.enable(user_id)
    await kit.accounts.request_reset(email)


# --8<-- [end:shut]
