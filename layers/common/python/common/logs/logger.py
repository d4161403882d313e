"""Logger and metrics, set up once for all functions.

Every log line is one JSON object. It goes to stdout, which Lambda hands to CloudWatch, and
to the archive.
"""

import logging
import sys

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from common.logs.s3_log_shipper import Archive
from common.settings import SETTINGS

archive = Archive(
    SETTINGS.archive_bucket,
    SETTINGS.function,
    flush_seconds=SETTINGS.archive_flush_seconds,
)


class _ArchivingHandler(logging.Handler):
    """Writes each line to stdout and keeps it for the archive."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        sys.stdout.write(line + "\n")
        archive.add(line)


logger = Logger(logger_handler=_ArchivingHandler(), use_rfc3339=True, utc=True)
metrics = Metrics()
metrics.set_default_dimensions(function=SETTINGS.function)


def count(metric: str, value: int = 1) -> None:
    """Add ``value`` to a metric that counts something."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)


def measure(metric: str, milliseconds: float) -> None:
    """Add a value to a metric that tells how long something took."""
    metrics.add_metric(name=metric, unit=MetricUnit.Milliseconds, value=milliseconds)
