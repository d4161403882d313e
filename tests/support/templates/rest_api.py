"""The methods, cache keys and gateway responses of a template's REST API."""

import re
from collections.abc import Mapping

import pytest

from infra.spec.routes import ROUTES, Route
from tests.support.templates.synthesized import Properties, Synthesized

CACHED_ROUTES = [route for route in ROUTES if route.cache_ttl]

each_route, each_cached_route = (
    pytest.mark.parametrize("route", rows, ids=lambda route: f"{route.method} {route.path}")
    for rows in (ROUTES, CACHED_ROUTES)
)


def method(stack: Synthesized, verb: str, path: str) -> Properties:
    """Return the properties of the API's method for an HTTP verb and a path."""
    return stack.at(f"Api/Rest/Default{path}/{verb}").properties


def any_item(path: str) -> str:
    """Return a path with ``*`` for its parameters, as in policies."""
    return re.sub(r"{\w+}", "*", path)


def cache_key(stack: Synthesized, route: Route, request: Mapping[str, str]) -> tuple[object, ...]:
    """Return the key under which API Gateway caches the response to a request.

    The key consists of the resource, the method, and the parameters that are declared both for
    the method and for the cache key:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html

    Args:
        stack: The stack.
        route: The requested route.
        request: The request's parameters and headers, such as ``method.request.path.id``.
    """
    properties = method(stack, route.method, route.path)
    integration = properties["Integration"]
    names = sorted({*integration["CacheKeyParameters"]} & {*properties["RequestParameters"]})
    namespace = integration.get("CacheNamespace", properties["ResourceId"])
    return (namespace, route.method, *((name, request.get(name)) for name in names))


def gateway_responses(stack: Synthesized) -> dict[str, Properties]:
    """Return the API's gateway responses by response type."""
    return {
        r.properties["ResponseType"]: r.properties
        for r in stack.all("AWS::ApiGateway::GatewayResponse")
    }
