"""Create API keys with their own limits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.support.deployment.service import Service


@contextmanager
def limited_key(
    service: Service,
    *,
    throttle: Mapping[str, float] | None = None,
    quota: Mapping[str, Any] | None = None,
    methods: Mapping[str, Mapping[str, float]] | None = None,
) -> Iterator[str]:
    """Create an API key with its own usage plan until the context ends, and yield its value.

    Args:
        service: The service.
        throttle: The plan's throttle, in the form of API Gateway's API.
        quota: The plan's quota, in the same form.
        methods: The throttles of single methods, by path and method, such as ``/path/GET``.
    """
    gateway = service.client("apigateway")
    api, stage = service.api_url.split("/")[-2:]
    key = gateway.create_api_key(name="limited", enabled=True)
    limits = {name: value for name, value in (("throttle", throttle), ("quota", quota)) if value}
    plan = gateway.create_usage_plan(
        name="limited",
        apiStages=[{"apiId": api, "stage": stage, "throttle": methods or {}}],
        **limits,
    )["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    try:
        yield key["value"]
    finally:
        gateway.delete_usage_plan(usagePlanId=plan)
        gateway.delete_api_key(apiKey=key["id"])
