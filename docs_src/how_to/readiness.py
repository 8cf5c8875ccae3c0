from fastapi import FastAPI, Response, status
from fastapi_jwtkit import JWTAuth

app = FastAPI()
auth = JWTAuth.from_env()
auth.install(app)


# --8<-- [start:probe]
@app.get("/health/ready")
async def ready(response: Response) -> dict[str, object]:
    readiness = await auth.kit.readiness()
    if not readiness.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return {"ready": readiness.ready, "revocation_age": readiness.revocation_age}


# --8<-- [end:probe]
