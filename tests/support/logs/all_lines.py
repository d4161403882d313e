"""Every log line of the service, wherever it is stored."""

from collections.abc import Iterator

from infra.spec.log_archive import PREFIX
from tests.support.deployment.service import Service
from tests.support.logs.log_archive import LogArchive
from tests.support.logs.log_groups import log_group_messages


def all_lines(service: Service) -> Iterator[str]:
    """Yield every line in the service's log groups and in the archive."""
    for page in service.client("logs").get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            yield from log_group_messages(service, group["logGroupName"])
    archive = LogArchive(service)
    for key in archive.keys_below(PREFIX):
        yield from archive.lines(key)
