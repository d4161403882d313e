"""The end of a cold start, and the hooks of a start from a snapshot (SnapStart).

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import gc
import os
import random

from botocore.utils import is_valid_ipv6_endpoint_url
from urllib3.util import parse_url

from common import late_patterns
from common.aws.clients import SERVICES, client


def finish() -> None:
    """End the start of an execution environment: everything that any request needs is loaded.

    Lambda gives a start more CPU than it gives the requests that follow.
    """
    url = client("dynamodb").meta.endpoint_url
    # Each compiles the large patterns that a request parses the URL with.
    parse_url(url)
    is_valid_ipv6_endpoint_url(url)
    late_patterns.end()
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        _register_hooks()


def before_snapshot() -> None:
    """Create every client, and close its connections: the other end does not wait for them."""
    for service in SERVICES:
        client(service).close()


def after_restore() -> None:
    """Make this environment differ from all others that start from the same snapshot.

    Ids come from the operating system, whose generator differs already. The pauses before
    retries and refreshes come from this generator, whose state is part of the snapshot.
    """
    random.seed()


def _register_hooks() -> None:
    # Only Lambda's runtime has this package.
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    register_before_snapshot(before_snapshot)
    register_after_restore(after_restore)
