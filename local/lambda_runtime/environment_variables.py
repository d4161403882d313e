"""The environment variables that the stack sets for a function, with values for tests."""

import json

from common.entities import ENTITIES
from infra.spec.service import METRICS_NAMESPACE, REGION, SERVICE_NAME

FUNCTION_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "FUNCTION": "unit",
    "TABLE_NAMES": json.dumps({entity.collection: entity.collection for entity in ENTITIES}),
    "SHARDS": "2",
    "ARCHIVE_BUCKET": "archive",
    "ARCHIVE_FLUSH_SECONDS": "10",
    "CONFIG_PARAMETER": f"/{SERVICE_NAME}/test/config",
    "CURSOR_KEY_PARAMETER": f"/{SERVICE_NAME}/test/cursor-key",
    "CORS_ORIGINS": "*",
    "CACHE_TTL": json.dumps(
        {f"GET {entity.path}": 5 for entity in ENTITIES}
        | {f"GET {entity.item_path}": 7 for entity in ENTITIES}
    ),
    "POWERTOOLS_SERVICE_NAME": f"{SERVICE_NAME}-test",
    "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
