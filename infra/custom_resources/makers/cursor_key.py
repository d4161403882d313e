"""``Custom::CursorKey``: creates and rotates the key that signs cursors.

The command ``ops rotate-cursor-key`` invokes the same function.
"""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from .protocol import Context, client, kind, logger, serve

KEY_BYTES = 32

SIGNS_AFTER_SECONDS = 600
"""The time from a rotation until the new key signs; every environment has read it by then."""

GRACE_SECONDS = 86_400
"""The time after that in which cursors of the previous key stay valid."""


class NotRotated(Exception):
    """The key has not changed; the message gives the reason."""


def handler(event: dict[str, Any], context: Context) -> dict[str, Any] | None:
    """Create, delete or rotate the key, and report the result.

    Args:
        event: A custom resource request with the property ``ParameterName``, or an operator's
            ``{"RequestType": "Rotate", "ParameterName": ..., "Revoke": false}``.
        context: Lambda's context.

    Returns:
        The result of :func:`rotate` for an operator, None for CloudFormation.

    Raises:
        NotRotated: The rotation failed.
        OSError: The response did not reach CloudFormation; Lambda retries the function.
    """
    if event["RequestType"] == "Rotate":
        return rotate(event["ParameterName"], revoke=event.get("Revoke", False))
    serve(event, context, create)
    return None


def create(properties: Mapping[str, Any]) -> str:
    """Write a new random key to the parameter; an existing key stays, with its cursors.

    Returns:
        The outcome, for people.
    """
    ssm, name = client("ssm"), properties["ParameterName"]
    try:
        _put(ssm, name, [_new_key(signs_from=0)], overwrite=False)
    except ssm.exceptions.ParameterAlreadyExists:
        return "kept"
    return "created"


def rotate(name: str, *, revoke: bool) -> dict[str, Any]:
    """Write a new random key before the keys whose cursors are still valid.

    The new key signs only once every execution environment has read it, so no environment issues a
    cursor that another one refuses.

    Args:
        name: The parameter.
        revoke: True if the old keys have leaked. They are removed, and the new key signs at once:
            for some minutes, environments refuse each other's cursors.

    Returns:
        ``signs_from`` and ``old_cursors_until``, in epoch seconds.

    Raises:
        NotRotated: Parameter Store failed.
    """
    now = int(time.time())
    signs_from = now if revoke else now + SIGNS_AFTER_SECONDS
    until = now if revoke else signs_from + GRACE_SECONDS
    ssm = client("ssm")
    try:
        keys = [_new_key(signs_from=signs_from)]
        if not revoke:
            stored = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            newest, *older = json.loads(stored)
            keys += [{**newest, "good_until": until}]
            keys += [key for key in older if key["good_until"] > now]
        _put(ssm, name, keys, overwrite=True)
    except Exception as error:  # noqa: BLE001  Lambda would log its message, which may quote keys
        raise NotRotated(kind(error)) from None
    logger.info("Rotate %s: %s", name, "revoked" if revoke else "rotated")
    return {"signs_from": signs_from, "old_cursors_until": until}


def _put(ssm: Any, name: str, keys: list[dict[str, Any]], *, overwrite: bool) -> None:
    ssm.put_parameter(
        Name=name,
        Description="The keys that sign the cursors of the service, newest first",
        Type="SecureString",
        Value=json.dumps(keys),
        Overwrite=overwrite,
    )


def _new_key(*, signs_from: int) -> dict[str, Any]:
    """Create a key in the form that common/dynamodb/cursors.py reads; times are epoch seconds."""
    secret = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return {"secret": secret, "signs_from": signs_from, "good_until": None}
