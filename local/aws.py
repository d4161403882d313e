"""How to talk to the embedded AWS: its address, and the credentials that it trusts."""

from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from infra.spec.stages import REGION

ACCOUNT = "000000000000"


class Credentials(NamedTuple):
    """AWS credentials; those of a role come with a session token."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


ROOT = Credentials("test", "test")
"""The emulator's fixed root credentials. They open nothing but an emulator on this machine."""


def client(service: str, endpoint_url: str, credentials: Credentials = ROOT) -> Any:
    """A boto3 client for the emulator.

    Args:
        service: The service, as boto3 names it.
        endpoint_url: Where the emulator listens.
        credentials: Who calls.
    """
    # The type stubs take the services' names only as literals.
    make: Callable[..., Any] = boto3.client
    return make(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        # Nothing resolves <bucket>.127.0.0.1.
        config=Config(s3={"addressing_style": "path"}),
    )


def environment(endpoint_url: str) -> dict[str, str]:
    """The environment variables that point every AWS SDK and tool at the emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT.access_key_id,
        "AWS_SECRET_ACCESS_KEY": ROOT.secret_access_key,
    }
