# --8<-- [start:kit]
from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.passwords.bcrypt_hashes import BcryptHashes
from fastapi_jwtkit.passwords.django_hashes import DjangoHashes
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher

hasher = PasslibHasher(old=[BcryptHashes(rounds=12), DjangoHashes(iterations=1_000_000)])

app = FastAPI()
auth = JWTAuth.from_env(hasher=hasher)
auth.install(app)
# --8<-- [end:kit]
