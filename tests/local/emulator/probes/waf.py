"""A probe of WAF."""

from infra.spec.service import REGION
from tests.local.emulator.probes.resources import deploy_web_acl
from tests.support.deployment.probed_emulator import ProbedEmulator


def blocks_requests(emulator: ProbedEmulator) -> bool:
    stage = f"arn:aws:apigateway:{REGION}::/restapis/{emulator.api_id}/stages/probe"
    if not deploy_web_acl(emulator, stage):
        return False
    kind = emulator.post({"n": 1}, headers={"X-Blocked": "yes"}).get("kind")
    return kind == "WAF_FILTERED" and "event" in emulator.post({"n": 1})
