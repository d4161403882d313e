"""IAM: evaluate conditions and resources as policies for AWS expect."""

import ipaddress
from typing import Any

from ministack import app
from ministack.core import iam_actions

from local.emulator.wrapping import Wrapper, wrap


def count_loopback_as_tls() -> None:
    """Count requests over the loopback interface as secure transport.

    The bucket policies deny requests without TLS. The emulator speaks plain HTTP, but only on the
    loopback interface, where nobody can intercept it.
    """

    @wrap(app, "pin_request_origin")
    def pin_request_origin(native: Wrapper, source_ip: str, secure_transport: bool) -> None:
        native(source_ip, secure_transport or ipaddress.ip_address(source_ip).is_loopback)


def authorize_log_streams() -> None:
    """Authorize calls on a log group against the ARN of its streams.

    The emulator leaves out the end of the ARN, and so denies what a policy for
    ``<log group>:*`` allows.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    """

    @wrap(iam_actions, "extract_resource_arn")
    def extract_resource_arn(native: Wrapper, service: str, *request: Any) -> str:
        arn: str = native(service, *request)
        return f"{arn}:log-stream:" if service == "logs" and ":log-group:" in arn else arn
