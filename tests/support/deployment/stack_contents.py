"""Everything that a deployment leaves in readable form, to search it for secrets."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from infra.spec.log_archive import PREFIX
from local.deploy import STACK
from tests.support.deployment.service import Service


def stack_contents(service: Service) -> Iterator[tuple[str, bytes]]:
    """Yield the template, stack events, outputs, assets, logs and archive: name and content."""
    cloudformation = service.client("cloudformation")
    template = cloudformation.get_template(StackName=STACK)["TemplateBody"]
    yield "template", _json(template)
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK)
    yield "events", b"".join(_json(page["StackEvents"]) for page in pages)
    yield "outputs", _json(service.outputs)
    for file in service.run_folder.assembly.rglob("*"):
        if file.is_file():
            yield f"assembly: {file.name}", file.read_bytes()
    logs = service.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            events = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            yield f"log: {name}", b"".join(_json(each["events"]) for each in events)
    s3, archive = service.client("s3"), service.outputs["ArchiveBucketName"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=archive, Prefix=PREFIX):
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=archive, Key=entry["Key"])["Body"].read()
            yield f"archive: {entry['Key']}", gzip.decompress(body)


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()
