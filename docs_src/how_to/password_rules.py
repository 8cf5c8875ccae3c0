# --8<-- [start:rules]
from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.passwords.rules import PasswordRules

rules = PasswordRules.preset("nist", context={"todo", "acme"})

app = FastAPI()
auth = JWTAuth.from_env(password_rules=rules)
auth.install(app)
# --8<-- [end:rules]
