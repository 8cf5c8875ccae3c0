"""ETags over HTTP: what is not sent again, and what is not overwritten."""

from __future__ import annotations

import asyncio

import pytest

from examples.todo.tests.people import TASK_VERBS, Person


@pytest.mark.spec("T-16", "T-19")
async def test_an_etag_changes_with_each_change(ada: Person) -> None:
    """And a change leaves what it does not name."""
    task = await ada.make(tags=["home"], due_at="2030-01-31T09:00:00Z")
    path = f"/tasks/{task['id']}"
    seen = ['"1"']
    bodies: list[dict[str, object]] = [{"title": "New"}, {"due_at": None}, {"tags": []}]
    for body in bodies:
        response = await ada.send("PATCH", path, body=body, if_match=seen[-1])
        assert response.status_code == 200
        seen.append(response.headers["ETag"])
    assert seen == ['"1"', '"2"', '"3"', '"4"']
    final = (await ada.send("GET", path)).json()
    assert (final["title"], final["due_at"], final["tags"]) == ("New", None, [])


@pytest.mark.spec("T-17")
@pytest.mark.parametrize("condition", ['"1"', 'W/"1"', "*", '"7", "1"'])
async def test_a_version_that_is_held_is_not_sent_again(ada: Person, condition: str) -> None:
    """304, with the ETag and without a body."""
    path = f"/tasks/{(await ada.make())['id']}"
    held = await ada.send("GET", path, if_none_match=condition)
    assert (held.status_code, held.content, held.headers["ETag"]) == (304, b"", '"1"')
    await ada.send("PATCH", path, body={"title": "New"})
    if condition != "*":
        assert (await ada.send("GET", path, if_none_match=condition)).status_code == 200


@pytest.mark.spec("T-23", "T-25")
@pytest.mark.parametrize("condition", ['"2"', 'W/"1"', "", "1", '"01"', '"1', f'"{10**30}"', '"*"'])
async def test_a_condition_that_does_not_match_changes_nothing(ada: Person, condition: str) -> None:
    """Another version, a weak tag, or something that is no tag at all."""
    task = await ada.make()
    for method, end, body in TASK_VERBS[1:]:
        response = await ada.send(
            method, f"/tasks/{task['id']}{end}", body=body, if_match=condition
        )
        assert (response.status_code, response.json()["error_code"]) == (
            412,
            "precondition_failed",
        )
    assert (await ada.send("GET", f"/tasks/{task['id']}")).json() == task


@pytest.mark.spec("T-25")
@pytest.mark.parametrize("condition", ['"1"', "*", '"7", "1"', 'W/"1","1"'])
async def test_a_condition_that_matches_lets_the_write_through(ada: Person, condition: str) -> None:
    """The version, any of a list, or whatever there is."""
    path = f"/tasks/{(await ada.make())['id']}"
    response = await ada.send("PUT", path, body={"title": "New"}, if_match=condition)
    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')


@pytest.mark.spec("T-24")
async def test_only_a_replacement_must_say_what_it_replaces(ada: Person) -> None:
    """428 for PUT; the others touch what they name and nothing else."""
    path = f"/tasks/{(await ada.make())['id']}"
    blind = await ada.send("PUT", path, body={"title": "New"})
    assert (blind.status_code, blind.json()["error_code"]) == (428, "precondition_required")
    for method, end, body in TASK_VERBS[2:3] + TASK_VERBS[4:] + TASK_VERBS[3:4]:
        assert (await ada.send(method, path + end, body=body)).is_success


@pytest.mark.spec("T-26")
async def test_of_twenty_patches_with_one_etag_one_wins(ada: Person) -> None:
    """One 200, nineteen 412, over HTTP as below it."""
    path = f"/tasks/{(await ada.make())['id']}"
    answers = await asyncio.gather(
        *(
            ada.send("PATCH", path, body={"title": f"by {number}"}, if_match='"1"')
            for number in range(20)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + 19 * [412]
    (winner,) = [answer.json() for answer in answers if answer.is_success]
    assert (await ada.send("GET", path)).json() == winner
