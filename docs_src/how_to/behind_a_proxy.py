from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth

app = FastAPI()
auth = JWTAuth.from_env()
# --8<-- [start:headers]
auth.install(app, security_headers="app")
# --8<-- [end:headers]
