"""The layer that all functions of Job Ledger share."""

import gc
import os

if "LAMBDA_TASK_ROOT" in os.environ:
    # What a start loads is there to stay; to look through it for garbage takes a tenth of the
    # start. common.cold_start turns it on again.
    gc.disable()
