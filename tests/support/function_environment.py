"""The environment variables of functions that run in the tests' process.

They are set before the layer is imported, which reads them at once.
"""

import json

from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT
from tests.support.specimen import SPECIMEN

_TABLE_NAMES = json.loads(FUNCTION_ENVIRONMENT["TABLE_NAMES"])

CURSOR_KEY = json.dumps(
    [{"secret": "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHM=", "signs_from": 0, "good_until": None}]
)
"""The value of the parameter with the keys that sign cursors."""

VARIABLES = {
    **FUNCTION_ENVIRONMENT,
    "TABLE_NAMES": json.dumps({**_TABLE_NAMES, SPECIMEN.collection: SPECIMEN.collection}),
}
