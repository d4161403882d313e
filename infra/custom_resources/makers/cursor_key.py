"""Makes the key that signs cursors: the function behind ``Custom::CursorKey``.

An operator invokes the same function to rotate the key (ops/commands/rotate_cursor_key.py).
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
"""From its rotation until a key signs: longer than any environment goes without reading it."""

GRACE_SECONDS = 86_400
"""From then on, how long the cursors of the key before are still good."""


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
    serve(event, context, create)
    return None


def create(properties: Mapping[str, Any]) -> str:
    """Write a new random key to the parameter, unless there is one: its cursors must stay good.

    Returns:
        What happened, for people.
    """
    ssm, name = client("ssm"), properties["ParameterName"]
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
    ssm = client("ssm")
    try:
        keys = [_new_key(signs_from=signs_from)]
        if not revoke:
            stored = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            newest, *older = json.loads(stored)
            keys += [{**newest, "good_until": until}]
            keys += [key for key in older if key["good_until"] > now]
        _put(ssm, name, keys, overwrite=True)
    except Exception as error:  # noqa: BLE001  its message may quote keys, and Lambda would log it
        raise NotRotated(kind(error)) from None
    logger.info("Rotate %s: %s", name, "revoked" if revoke else "rotated")
    return {"signs_from": signs_from, "old_cursors_until": until}


def _put(ssm: Any, name: str, keys: list[dict[str, Any]], *, overwrite: bool) -> None:
    ssm.put_parameter(
        Name=name,
        Description="The keys that sign the cursors of Job Ledger, newest first",
        Type="SecureString",
        Value=json.dumps(keys),
        Overwrite=overwrite,
    )


def _new_key(*, signs_from: int) -> dict[str, Any]:
    """One key, as the functions read it (common/dynamodb/cursors.py); times are epoch seconds."""
    secret = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return {"secret": secret, "signs_from": signs_from, "good_until": None}
