# --8<-- [start:client]
import httpx


class Api:
    """An app's way to the API: one refresh at a time, and its answer kept before it is used."""

    def __init__(self, client: httpx.Client, tokens: dict[str, str]) -> None:
        self.client = client
        self.tokens = tokens  # from and to the keychain of the device

    def get(self, path: str) -> httpx.Response:
        answer = self.client.get(path, headers=self._headers())
        if answer.status_code == 401 and self._refresh():
            answer = self.client.get(path, headers=self._headers())
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def _refresh(self) -> bool:
        spent = {"refresh_token": self.tokens["refresh_token"]}
        answer = self.client.post("/auth/refresh", json=spent)
        if answer.status_code == 400:  # and only then: log in again
            self.tokens.clear()
        if answer.status_code == 200:
            self.tokens.update(answer.json())
        return answer.status_code == 200


# --8<-- [end:client]
