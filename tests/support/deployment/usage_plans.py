"""API keys with limits of their own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.support.deployment.service import Service


@contextmanager
def key_with(
    service: Service,
    *,
    throttle: Mapping[str, float] | None = None,
    quota: Mapping[str, Any] | None = None,
    methods: Mapping[str, Mapping[str, float]] | None = None,
) -> Iterator[str]:
    """The value of an API key in a usage plan of its own, as long as the context is entered.

    Args:
        service: The service that it is a key of.
        throttle: The plan's throttle, as API Gateway's API has it.
        quota: The plan's quota.
        methods: Throttles of single methods, such as ``/jobs/GET``.
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
