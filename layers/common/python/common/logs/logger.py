"""The logger of all functions: one JSON object per line, to CloudWatch and to the S3 archive."""

import logging
import sys

from aws_lambda_powertools import Logger

from common.logs.s3_log_shipper import LogShipper
from common.logs.uninterrupted import UNINTERRUPTED
from common.settings import SETTINGS

log_shipper = LogShipper(
    SETTINGS.archive_bucket,
    SETTINGS.function,
    flush_seconds=SETTINGS.archive_flush_seconds,
)


class _ArchivingHandler(logging.Handler):
    """Writes each line to stdout, which Lambda sends to CloudWatch, and to the log shipper."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        # A line that is in CloudWatch alone would be neither archived nor counted as lost.
        with UNINTERRUPTED:
            sys.stdout.write(line + "\n")
            log_shipper.add(line)


logger = Logger(logger_handler=_ArchivingHandler(), use_rfc3339=True, utc=True)
