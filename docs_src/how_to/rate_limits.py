from fastapi_jwtkit import JWTKit, Settings, TokenPair
from fastapi_jwtkit.accounts.throttle import LimitsThrottle, read_rates
from fastapi_jwtkit.credentials import Credentials
from fastapi_jwtkit.errors import ThrottledError
from fastapi_jwtkit.protocols import UserStore
from fastapi_jwtkit.records import Device
from fastapi_jwtkit.throttling import Attempt, CounterStore


# --8<-- [start:own_counters]
def kit_on(counters: CounterStore, users: UserStore, settings: Settings) -> JWTKit:
    return JWTKit(settings, users=users, throttle=LimitsThrottle(counters, read_rates(settings)))


# --8<-- [end:own_counters]


# --8<-- [start:own_throttle]
class ClosedAtNight:
    def __init__(self) -> None:
        self.is_night = False

    async def ensure(self, attempt: Attempt, /) -> None:
        if self.is_night and attempt.action == "register":
            raise ThrottledError(retry_after=3600, reason="night")

    async def succeed(self, attempt: Attempt, /) -> None: ...

    async def withdraw(self, attempt: Attempt, /) -> None: ...


# --8<-- [end:own_throttle]


# --8<-- [start:without_web]
async def log_in(kit: JWTKit, credentials: Credentials, address: str) -> TokenPair:
    return await kit.login(credentials, device=Device(ip=address))


# --8<-- [end:without_web]
