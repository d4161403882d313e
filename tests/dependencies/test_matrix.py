"""Every kind of fault of DynamoDB at every route, once, twice and for ever.

A caller gets a success or 503 in time, and 500 only for a bug of this service. No item of the
table is said to be missing, no write is applied twice, and a success tells the truth.
"""

import itertools
import random
import time
from collections.abc import Callable, Mapping
from math import inf
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from common.aws.outcomes import ENVIRONMENT
from tests.dependencies.conftest import SHORT, Patience
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    INITIAL,
    REACHABLE,
    new_body,
    path_of,
    replacement,
)
from tests.support.faults.kinds import AFTER, KINDS
from tests.support.faults.server import HostileAws
from tests.support.http.function_api import Api
from tests.support.http.response import HttpResponse

Item = Mapping[str, Any]

TIMES = {"once": 1, "twice": 2, "for ever": inf}
_SHARE, _SHARE_OF_WAITING = 3, 1
"""The cases of each kind in `make test`."""
FUZZES = settings.get_current_profile_name() == "fuzz"
CHANGE = EXAMPLES.changes[0]


class Route(NamedTuple):
    """A route."""

    status: str
    """The status of the item before."""

    send: Callable[[Api, Item], HttpResponse]

    success: int

    writes: int = 1
    """The writes of a success."""


ROUTES = {
    "POST": Route(INITIAL, lambda api, _: api("POST", ENTITY.path, new_body()), 201),
    "PUT": Route(
        CHANGE.source,
        lambda api, item: api("PUT", path_of(item), replacement(item, CHANGE)),
        200,
    ),
    "PATCH": Route(CHANGE.source, lambda api, item: api("PATCH", path_of(item), CHANGE.body), 200),
    "GET one": Route(INITIAL, lambda api, item: api("GET", path_of(item)), 200, writes=0),
    "GET list": Route(
        INITIAL, lambda api, _: api("GET", ENTITY.path, query={"limit": "5"}), 200, writes=0
    ),
    "DELETE": Route(
        next((status for status in REACHABLE if status in ENTITY.deletable), INITIAL),
        lambda api, item: api("DELETE", path_of(item)),
        204,
    ),
}


def _cases() -> list[tuple[str, str, str]]:
    """Return kinds, routes and times: all in `make fuzz`, and otherwise a share of each kind, which
    is the same in every run."""
    routes = [route for route in ROUTES if route != "DELETE" or ENTITY.deletable]
    dice = random.Random(20)
    cases = []
    for kind, fault in KINDS.items():
        every = list(itertools.product([kind], routes, TIMES))
        share = len(every) if FUZZES else _SHARE_OF_WAITING if fault.waits else _SHARE
        cases += dice.sample(every, share)
    return cases


@pytest.mark.parametrize(("kind", "route", "times"), _cases())
def test_a_fault_of_dynamodb_costs_at_most_a_503_and_no_answer_is_wrong(
    kind: str,
    route: str,
    times: str,
    aws: HostileAws,
    api: Api,
    patient: Patience,
) -> None:
    fault, called = KINDS[kind], ROUTES[route]
    item = patient.create_with(called.status)
    aws.inject("dynamodb", fault.fault, TIMES[times])

    began = time.monotonic()
    response = called.send(api, item)
    seconds = time.monotonic() - began

    writes = aws.writes.total()
    aws.clear()
    _assert_in_time(seconds)
    _assert_status(response, called.success, kind)
    if fault.is_retried and not fault.waits and seconds < SHORT.read:
        # For ever, a fault after the commit shows up as a success of the second attempt or not.
        recovers = times != "for ever"
        assert not recovers or response.status == called.success
        assert recovers or kind in AFTER or response.status == 503
    assert writes <= 1, "a write was applied twice"
    if response.status == called.success:
        assert writes == called.writes
        _assert_true(response, route, item, patient)
    elif route not in {"POST", "GET one", "GET list"}:
        # On a busy machine, an attempt may time out and be applied, even after the answer.
        late = seconds >= SHORT.read and (kind in AFTER or times != "for ever")
        assert writes == 0 or kind in AFTER or late
        _assert_untouched_or_changed_once(patient, item, route, {writes, 1} if late else {writes})
    assert ENVIRONMENT.is_usable is not fault.refuses_credentials


def _assert_in_time(seconds: float) -> None:
    # A busy machine takes longer, but not as long as a single answer that drips.
    assert seconds < SHORT.attempts * SHORT.attempt + 3


def _assert_status(response: HttpResponse, success: int, kind: str) -> None:
    if KINDS[kind].is_bug:
        assert response.status == 500
        return
    assert response.status in {success, 503}, response.text
    if response.status == 503:
        assert int(response.headers["Retry-After"]) > 0


def _assert_true(response: HttpResponse, route: str, item: Item, patient: Patience) -> None:
    """Compare a success with the table."""
    if route == "GET list":
        assert item in [patient.get(each).body for each in response.body["items"]]
        return
    if route == "DELETE":
        assert patient.get(item).status == 404
        return
    stored = patient.get(response.body)
    assert (response.body, response.headers["ETag"]) == (stored.body, stored.headers["ETag"])
    if route != "POST":
        changes = 0 if route == "GET one" else 1
        assert response.body["version"] == item["version"] + changes


def _assert_untouched_or_changed_once(
    patient: Patience, item: Item, route: str, writes: set[int]
) -> None:
    stored = patient.get(item)
    if route == "DELETE":
        assert stored.status in {404 if count else 200 for count in writes}
    else:
        assert stored.body["version"] - item["version"] in writes
