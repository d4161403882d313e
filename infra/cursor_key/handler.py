"""Makes the key that signs cursors: the function behind ``Custom::CursorKey``.

CloudFormation cannot create a SecureString. This function draws the value inside Lambda and
writes it to Parameter Store; the value is in no template, event, answer or log line.

The protocol is CloudFormation's for custom resources:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import base64
import json
import logging
import secrets
from typing import Any, Protocol
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

KEY_BYTES = 32
ANSWER_TIMEOUT_SECONDS = 10

logger = logging.getLogger()
logger.setLevel(logging.INFO)


class Context(Protocol):
    """What this function reads of Lambda's context object."""

    @property
    def log_stream_name(self) -> str: ...


def handler(event: dict[str, Any], context: Context) -> None:
    """Bring the parameter to the state that ``event`` asks for, and tell CloudFormation.

    An answer is sent whatever happens; without one, a stack waits for its timeout.

    Args:
        event: A custom resource request with the property ``ParameterName``.
        context: Lambda's context.

    Raises:
        OSError: The answer did not reach CloudFormation; Lambda tries the function again.
    """
    request, name = event["RequestType"], event["ResourceProperties"].get("ParameterName", "")
    # The id that CloudFormation holds is the parameter that a deletion is about: an update
    # that renames the parameter is followed by the deletion of the old id.
    resource = event["PhysicalResourceId"] if request == "Delete" else name
    try:
        outcome = delete(resource) if request == "Delete" else create(resource)
    except Exception as error:  # noqa: BLE001  CloudFormation must hear of every failure
        status, reason = "FAILED", f"{_kind(error)}; see log stream {context.log_stream_name}"
    else:
        status, reason = "SUCCESS", outcome
    logger.log(
        logging.ERROR if status == "FAILED" else logging.INFO,
        "%s %s: %s",
        request,
        resource,
        reason,
    )
    answer(event, status=status, reason=reason, resource=resource or "none")


def create(name: str) -> str:
    """Write a new random key under ``name``, unless there is one: its cursors must stay good.

    Returns:
        What happened, for people.
    """
    value = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    ssm = _ssm()
    try:
        ssm.put_parameter(
            Name=name,
            Description="Signs the cursors of Job Ledger; made by CloudFormation",
            Type="SecureString",
            Value=value,
            Overwrite=False,
        )
    except ssm.exceptions.ParameterAlreadyExists:
        return "kept"
    return "created"


def delete(name: str) -> str:
    """Delete the parameter ``name``, if there is one.

    Returns:
        What happened, for people.
    """
    ssm = _ssm()
    try:
        ssm.delete_parameter(Name=name)
    except ssm.exceptions.ParameterNotFound:
        return "was not there"
    return "deleted"


def answer(event: dict[str, Any], *, status: str, reason: str, resource: str) -> None:
    """Put the outcome where CloudFormation waits for it.

    Raises:
        OSError: It could not be put there.
    """
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": resource,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    # The URL is signed for an empty content type.
    request = Request(  # noqa: S310  the URL is CloudFormation's
        event["ResponseURL"],
        data=json.dumps(body).encode(),
        headers={"Content-Type": ""},
        method="PUT",
    )
    with urlopen(request, timeout=ANSWER_TIMEOUT_SECONDS):  # noqa: S310  the same URL
        pass


def _ssm() -> Any:
    # All attempts together end well before the function's timeout, so the answer is still sent.
    return boto3.client(
        "ssm",
        config=Config(
            connect_timeout=3,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )


def _kind(error: Exception) -> str:
    """What went wrong, without the message: that may quote what was sent."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response['Error']['Code']}"
    return type(error).__name__
