"""The calls that most programs make, by a client that openapi-python-client made of the API's document.

    main_calls.py FOLDER URL TOKEN ROTATION PERSON

The folder has the generated package `generated`.
"""

import sys
from datetime import date, datetime, timezone
from http import HTTPStatus
from uuid import UUID

folder, url, token, rotation, person = sys.argv[1:]
sys.path.insert(0, folder)

from generated import AuthenticatedClient  # noqa: E402
from generated.api.duties import get_on_duty, list_shifts  # noqa: E402
from generated.api.overrides import create_override  # noqa: E402
from generated.api.rotations import list_rotations  # noqa: E402
from generated.api.time_off import create_time_off  # noqa: E402
from generated.models import NewOverride, NewTimeOff  # noqa: E402


def at(day, hour=0):
    return datetime(2026, 3, day, hour, tzinfo=timezone.utc)


rotation, person = UUID(rotation), UUID(person)
with AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True) as client:
    rotations = list_rotations.sync(client=client, limit=10)
    assert any(one.id == rotation and one.kind == "ordered" for one in rotations.items), rotations

    duty = get_on_duty.sync(rotation, client=client, at=at(4, 12))
    assert duty.person.id == person and duty.source == "rotation", duty

    shifts = list_shifts.sync(rotation, client=client, from_=at(2), until=at(16))
    assert len(shifts.items) > 1, shifts

    override = NewOverride(start=at(6, 8), end=at(6, 18), person_id=None)
    first, again = (
        create_override.sync_detailed(rotation, client=client, body=override, idempotency_key="python-1")
        for _ in range(2)
    )
    assert first.status_code == HTTPStatus.CREATED, first
    assert again.headers["idempotency-replayed"] == "true", again
    assert first.parsed.id == again.parsed.id

    absence = NewTimeOff(first_day=date(2026, 4, 8), last_day=date(2026, 4, 9), reason="Written in Python")
    entered = create_time_off.sync(person, client=client, body=absence)
    assert entered.first_day == date(2026, 4, 8), entered

    refused = create_override.sync(rotation, client=client, body=NewOverride(end=at(1), start=at(2), person_id=None))
    assert [one.pointer for one in refused.errors] == ["/end"], refused
