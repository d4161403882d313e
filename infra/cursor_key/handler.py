"""Makes the key that signs cursors: the function behind ``Custom::CursorKey``.

CloudFormation cannot create a SecureString. This function draws the value inside Lambda and
writes it to Parameter Store; the value is in no template, event, answer or log line. An operator
invokes the same function to rotate the key (ops/rotate_cursor_key.py).

The protocol is CloudFormation's for custom resources:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import base64
import json
import logging
import secrets
import time
from typing import Any, Protocol
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

KEY_BYTES = 32
ANSWER_TIMEOUT_SECONDS = 10

SIGNS_AFTER_SECONDS = 600
"""From its rotation until a key signs: longer than any environment goes without reading it."""

GRACE_SECONDS = 86_400
"""From then on, how long the cursors of the key before are still good."""

logger = logging.getLogger()
logger.setLevel(logging.INFO)


class Context(Protocol):
    """What this function reads of Lambda's context object."""

    @property
    def log_stream_name(self) -> str: ...


class NotRotated(Exception):
    """The key is the one that it was; the message says why."""


def handler(event: dict[str, Any], context: Context) -> dict[str, Any] | None:
    """Bring the parameter to the state that ``event`` asks for, and tell who asked.

    Args:
        event: A custom resource request with the property ``ParameterName``, or an operator's
            ``{"RequestType": "Rotate", "ParameterName": ..., "Revoke": false}``.
        context: Lambda's context.

    Returns:
        To an operator, what :func:`rotate` does.

    Raises:
        NotRotated: To an operator.
        OSError: The answer did not reach CloudFormation; Lambda tries the function again.
    """
    if event["RequestType"] == "Rotate":
        return rotate(event["ParameterName"], revoke=event.get("Revoke", False))
    serve(event, context)
    return None


def serve(event: dict[str, Any], context: Context) -> None:
    """Do what CloudFormation asks for.

    An answer is sent whatever happens; without one, a stack waits for its timeout.

    Raises:
        OSError: The answer did not reach CloudFormation.
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
    ssm = _ssm()
    try:
        _put(ssm, name, [_new_key(signs_from=0)], overwrite=False)
    except ssm.exceptions.ParameterAlreadyExists:
        return "kept"
    return "created"


def rotate(name: str, *, revoke: bool) -> dict[str, Any]:
    """Write a new random key under ``name``, in front of those whose cursors are still good.

    It signs only when every execution environment knows it, so at no time does one give out a
    cursor that another refuses.

    Args:
        name: The parameter.
        revoke: The old keys are in wrong hands. Keep none: the new one signs at once, and for
            some minutes environments refuse each other's cursors.

    Returns:
        ``signs_from`` and ``old_cursors_until``, in epoch seconds.

    Raises:
        NotRotated: Parameter Store did not do its part.
    """
    now = int(time.time())
    signs_from = now if revoke else now + SIGNS_AFTER_SECONDS
    until = now if revoke else signs_from + GRACE_SECONDS
    ssm = _ssm()
    try:
        keys = [_new_key(signs_from=signs_from)]
        if not revoke:
            stored = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            newest, *older = json.loads(stored)
            keys += [{**newest, "good_until": until}]
            keys += [key for key in older if key["good_until"] > now]
        _put(ssm, name, keys, overwrite=True)
    except Exception as error:  # noqa: BLE001  its message may quote keys, and Lambda would log it
        raise NotRotated(_kind(error)) from None
    logger.info("Rotate %s: %s", name, "revoked" if revoke else "rotated")
    return {"signs_from": signs_from, "old_cursors_until": until}


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


def _put(ssm: Any, name: str, keys: list[dict[str, Any]], *, overwrite: bool) -> None:
    ssm.put_parameter(
        Name=name,
        Description="The keys that sign the cursors of Job Ledger, newest first",
        Type="SecureString",
        Value=json.dumps(keys),
        Overwrite=overwrite,
    )


def _new_key(*, signs_from: int) -> dict[str, Any]:
    """One key, as the functions read it (common/cursor.py); times are epoch seconds."""
    secret = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return {"secret": secret, "signs_from": signs_from, "good_until": None}


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
