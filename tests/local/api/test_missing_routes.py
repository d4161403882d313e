"""Requests for which there is no route."""

from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller
from tests.support.http.missing_routes import ORIGIN, assert_answered


def test_a_missing_route_is_404_or_405_with_any_authorization_header_and_media_type(
    service: Service,
) -> None:
    assert_answered(service.api_url)


def test_a_preflight_of_any_path_succeeds(call: Caller) -> None:
    for path in ("/", ENTITY.path, "/nowhere"):
        response = call("OPTIONS", path, headers={"Origin": ORIGIN})
        assert response.status == 204
        assert "Access-Control-Allow-Methods" in response.headers
