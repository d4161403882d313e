"""The log lines in the S3 archive."""

import gzip
import json
from typing import Any

from infra.spec.log_archive import function_prefix
from tests.support.deployment.service import Service


class LogArchive:
    """The objects in the service's archive bucket."""

    def __init__(self, service: Service) -> None:
        self._s3 = service.client("s3")
        self._bucket = service.outputs["ArchiveBucketName"]

    def keys_below(self, prefix: str) -> list[str]:
        """Return the keys of all objects below a prefix, in their order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def get(self, key: str) -> bytes:
        """Return an object's compressed content."""
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def lines(self, key: str) -> list[str]:
        """Return the lines in an object."""
        return gzip.decompress(self.get(key)).decode().removesuffix("\n").split("\n")


def archived_lines(service: Service, function: str, request_id: str) -> list[dict[str, Any]]:
    """Return a request's lines from the object that contains them.

    Raises:
        AssertionError: No object contains a line of the request.
    """
    archive = LogArchive(service)
    for key in reversed(archive.keys_below(function_prefix(function))):
        lines = [json.loads(line) for line in archive.lines(key)]
        if request_lines := [line for line in lines if line.get("request_id") == request_id]:
            return request_lines
    raise AssertionError(f"no archived lines of request {request_id}")
