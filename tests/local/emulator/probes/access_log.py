"""A probe of the access log."""

import contextlib
import urllib.error
import urllib.request

from infra.spec.service import REGION
from local import aws
from tests.local.emulator.probes.resources import deploy_stage_with_access_log
from tests.support.deployment.probed_emulator import ProbedEmulator


def logs_requests(emulator: ProbedEmulator) -> bool:
    ids = deploy_stage_with_access_log(emulator)
    assert ids
    emulator.client("apigateway").update_stage(
        restApiId=ids["Api"],
        stageName="probe",
        patchOperations=[
            {
                "op": "replace",
                "path": "/accessLogSettings/destinationArn",
                "value": f"arn:aws:logs:{REGION}:{aws.ACCOUNT}:log-group:{ids['Group']}",
            },
            {"op": "replace", "path": "/accessLogSettings/format", "value": "$context.status"},
        ],
    )
    url = f"{emulator.url}/_aws/execute-api/{ids['Api']}/probe/"
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(url):
        pass
    events = emulator.client("logs").filter_log_events(logGroupName=ids["Group"])["events"]
    return bool(events)
