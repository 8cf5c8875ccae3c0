"""What happens to a session from its login to its end is told, in order."""

from __future__ import annotations

import pytest

from fastapi_jwtkit.errors import InvalidCredentialsError, InvalidGrantError
from fastapi_jwtkit.events import EventName
from kits import House, credentials, refused


@pytest.mark.std(24)
async def test_logins_failures_refreshes_reuse_and_logouts_are_events() -> None:
    """ASVS 16.3: success and failure, with the session and the user they are about."""
    house = House()
    user = await house.register()
    with pytest.raises(InvalidCredentialsError):
        await house.kit.login(credentials("ann", "not the password at all"))
    stolen, kept = await house.log_in(), await house.log_in()
    await house.kit.rotate(stolen.refresh_token)
    house.clock.step(120)
    with pytest.raises(InvalidGrantError):
        await house.kit.rotate(stolen.refresh_token)
    assert await refused(house, stolen.access_token) == "session_revoked"
    await house.kit.close(await house.kit.prove_access(kept.access_token))
    told = {name: house.heard.of(name) for name in EventName}
    expected = {
        EventName.LOGIN_FAILED: (False, None),
        EventName.REFRESH_SUCCEEDED: (True, stolen.session.sid),
        EventName.TOKEN_REUSED: (False, stolen.session.sid),
        EventName.TOKEN_REVOKED_USED: (False, stolen.session.sid),
    }
    for name, (outcome, sid) in expected.items():
        (event,) = told[name]
        assert (event.outcome, event.session_id) == (outcome, sid), name
    logins = told[EventName.LOGIN_SUCCEEDED]
    assert [event.session_id for event in logins] == [stolen.session.sid, kept.session.sid]
    assert {event.subject for event in logins} == {user.id}
    ends = {event.session_id: event.reason for event in told[EventName.SESSION_ENDED]}
    assert ends.keys() == {stolen.session.sid, kept.session.sid}
    assert ends[kept.session.sid] == "logout"
    assert all(event.time <= house.clock.now() for event in house.heard.events)
