"""The examples about passwords run: hashes from elsewhere log in, words of the service do not."""

from __future__ import annotations

import asyncio

import bcrypt
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from fastapi.testclient import TestClient

import doc_examples as examples
from fastapi_jwtkit.records import NewUser

PASSWORD = "correct horse battery staple"


pytestmark = pytest.mark.usefixtures("development")


def test_hashes_of_bcrypt_and_django_log_in_and_become_argon2id() -> None:
    """With the very hasher of the page."""
    example = examples.load("how_to/old_hashes")
    users = example.auth.kit.users
    made = {
        "bob": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
        "dan": PBKDF2PasswordHasher().encode(PASSWORD, "abcdefghijklmnop", 1_000),
    }
    client = TestClient(example.app)
    for login, stored in made.items():
        asyncio.run(users.add(NewUser(login=login, password_hash=stored)))
        body = {"username": login, "password": PASSWORD}
        assert client.post("/auth/login", json=body).status_code == 200
        user = asyncio.run(users.find_by_login(login))
        assert user.password_hash.startswith("$argon2id$")


def test_a_password_made_of_the_name_of_the_service_is_refused() -> None:
    """And one that has nothing to do with it is not."""
    client = TestClient(examples.load("how_to/password_rules").app)
    refused = client.post("/auth/register", json={"username": "ann", "password": "acmetodo" * 2})
    assert refused.status_code == 422
    assert "name of this service" in refused.json()["detail"]
    taken = client.post("/auth/register", json={"username": "ann", "password": PASSWORD})
    assert taken.status_code == 201
