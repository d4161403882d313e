"""The end of a cold start, and what a start from a snapshot (SnapStart) needs besides.

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import gc
import os
import random

from common.aws.clients import SERVICES, client


def finish() -> None:
    """End the start of an execution environment: all that any request needs is loaded.

    Lambda gives a start more CPU than the requests that follow.
    """
    client("dynamodb")
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        _register_hooks()


def before_snapshot() -> None:
    """Load what an environment would otherwise load later, and let go of what it cannot keep."""
    for service in SERVICES:
        # Whoever is at the other end of a connection does not wait for the snapshot.
        client(service).close()


def after_restore() -> None:
    """Make this environment differ from all others that come from the same snapshot.

    Ids are drawn from the operating system, which does so by itself. Pauses before retries and
    refreshes come from this generator, whose state is part of the snapshot.
    """
    random.seed()


def _register_hooks() -> None:
    # Lambda's runtime has it; nothing else needs it.
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    register_before_snapshot(before_snapshot)
    register_after_restore(after_restore)
