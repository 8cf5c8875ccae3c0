# --8<-- [start:realms]
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_jwtkit import JWTAuth, JWTKit, Principal, Settings
from fastapi_jwtkit.stores.memory.users import MemoryUserStore

customers = JWTAuth(
    JWTKit(
        Settings(env="dev", issuer="https://shop.example"),
        users=MemoryUserStore(),
    )
)
staff = JWTAuth(
    JWTKit(
        Settings(env="dev", issuer="https://staff.shop.example"),
        users=MemoryUserStore(),
    ),
    prefix="/staff/auth",
)

app = FastAPI()
customers.install(app)
staff.install(app)
# --8<-- [end:realms]


# --8<-- [start:guards]
Customer = Annotated[Principal, Depends(customers.current_principal)]
Clerk = Annotated[Principal, Depends(staff.current_principal)]


@app.get("/orders")
async def my_orders(customer: Customer) -> str:
    return f"orders of {customer.subject}"


@app.get("/staff/orders")
async def all_orders(clerk: Clerk) -> str:
    return f"all orders, for {clerk.subject}"


# --8<-- [end:guards]
