"""Clients and credentials for the embedded AWS."""

from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from infra.spec.service import REGION

ACCOUNT = "000000000000"


class Credentials(NamedTuple):
    """AWS credentials."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    """None for the credentials of a user; a role always has one."""


ROOT = Credentials("test", "test")
"""The emulator's fixed root credentials. They are worthless anywhere else."""


def client(service: str, endpoint_url: str, credentials: Credentials = ROOT) -> Any:
    """Create a boto3 client for the emulator.

    Args:
        service: The service's name in boto3.
        endpoint_url: The emulator's URL.
        credentials: The caller's credentials.
    """
    # The type stubs accept service names only as literals.
    create_client: Callable[..., Any] = boto3.client
    return create_client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        # No DNS resolves <bucket>.127.0.0.1.
        config=Config(s3={"addressing_style": "path"}),
    )


def environment(endpoint_url: str) -> dict[str, str]:
    """Return the environment variables that point AWS SDKs and tools to the emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT.access_key_id,
        "AWS_SECRET_ACCESS_KEY": ROOT.secret_access_key,
    }
