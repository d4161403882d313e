"""Send a request to any route, and check whether the API accepts or refuses it."""

from http import HTTPStatus

import pytest

from common.contract import PROBLEM
from common.crud.entity import Entity
from common.crud.examples import examples_of
from infra.spec.routes import ROUTES, Route
from tests.support.entities import first_change, replacement_of
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)


def required_access(route: Route) -> str:
    """Return the access that a route should require, independently of the table of routes."""
    return "read" if route.method == "GET" else "write"


def required_scope(route: Route) -> str:
    """Return the OAuth scope that a route should require."""
    return f"{route.path.split('/')[1]}/{required_access(route)}"


def call_route(route: Route, caller: Caller, item_id: str) -> HttpResponse:
    """Call a route, and return the response; routes without an item ignore ``item_id``."""
    return caller(route.method, _path(route, item_id), _body(route))


def succeeds(route: Route, caller: Caller, item_id: str) -> bool:
    """Return whether the route responds to ``caller`` with its success status.

    Args:
        route: The route.
        caller: The caller.
        item_id: The id of an item that :func:`new_item_id` returned.
    """
    deletable = route.entity.statuses[0] in route.entity.deletable
    statuses = {
        "POST": HTTPStatus.CREATED,
        "DELETE": HTTPStatus.NO_CONTENT if deletable else HTTPStatus.CONFLICT,
    }
    return call_route(route, caller, item_id).status == statuses.get(route.method, HTTPStatus.OK)


def refusal_status(route: Route, caller: Caller, item_id: str) -> int:
    """Return the status of a refusal, and check the problem document.

    Raises:
        AssertionError: The response is not a problem that a page of any origin can read.
    """
    response = call_route(route, caller, item_id)
    assert response.headers["Content-Type"] == PROBLEM
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Request-Id" in response.headers["Access-Control-Expose-Headers"]
    assert response.headers["Cache-Control"] == "no-store"
    body = response.body
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert body["instance"].endswith(_path(route, item_id))
    assert body["status"] == response.status
    return response.status


def new_item_id(caller: Caller, entity: Entity) -> str:
    """Create an item, and return its id."""
    item_id: str = caller("POST", entity.path, examples_of(entity).least).body[entity.id_field]
    return item_id


def _path(route: Route, item_id: str) -> str:
    return route.path.format(**{route.entity.id_field: item_id})


def _body(route: Route) -> object:
    match route.method:
        case "POST":
            return examples_of(route.entity).least
        case "PATCH":
            return first_change(route.entity).body
        case "PUT":
            return replacement_of(first_change(route.entity), route.entity)
    return None
