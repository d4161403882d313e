"""The layer that all functions share.

The packages, from the top down; each imports only from those below it:

* ``handler``: turns a mapping of routes into a Lambda handler.
* ``entities``: the declaration of each entity. Nothing else knows an entity's fields.
* ``crud``: creates, reads, lists, changes and deletes the items of any entity.
* ``web``: requests, responses and problem documents.
* ``dynamodb``: the retrying DynamoDB client, exactly-once writes, sharded lists and cursors.
* ``ssm_config_loader``: the SSM config loader.
* ``logs``: logger, metrics, traces, the S3 log shipper and the Lambda extension.
* ``aws``: the clients of AWS and their timeouts.
* ``contract``, ``exceptions``, ``ids``, ``settings``: plain definitions that everything may use.
"""

import gc
import os

from common import late_patterns

if "LAMBDA_TASK_ROOT" in os.environ:
    late_patterns.begin()
    # Modules that a cold start loads stay loaded, and scanning them for garbage takes a tenth of
    # the start. common.cold_start turns the collector on again.
    gc.disable()
