"""The configuration."""

import pytest

from common.aws.clients import client
from common.crud import configuration
from common.crud.configuration import Configuration, retention
from infra.spec.service import SERVICE_NAME


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 2_000,
        "[]",
        "5",
        "null",
        '"retention_days"',
        '{"retention_days": 0}',
        '{"retention_days": "7"}',
        '{"retention_days": true}',
        '{"retention_days": 3000000}',
        '{"page_size_max": 1001}',
        '{"page_size_default": 200, "page_size_max": 100}',
    ],
)
def test_an_invalid_configuration_is_not_used(text: str) -> None:
    client("ssm").put_parameter(
        Name=f"/{SERVICE_NAME}/test/config", Value=text or " ", Type="String", Overwrite=True
    )

    assert configuration.current() == Configuration()


def test_without_retention_days_items_are_kept_for_ever() -> None:
    client("ssm").put_parameter(
        Name=f"/{SERVICE_NAME}/test/config",
        Value='{"retention_days": null}',
        Type="String",
        Overwrite=True,
    )

    assert retention() is None
