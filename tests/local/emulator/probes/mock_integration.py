"""A probe of mock integrations."""

import urllib.request

from tests.support.deployment.probed_emulator import ProbedEmulator


def evaluates_templates(emulator: ProbedEmulator) -> bool:
    url, _ = emulator.api

    def allowed_origin(origin: str) -> str:
        request = urllib.request.Request(url, headers={"Origin": origin}, method="OPTIONS")
        with urllib.request.urlopen(request) as response:
            assert response.status == 204
            value: str = response.headers["Access-Control-Allow-Origin"]
            return value

    return [allowed_origin(f"https://{name}") for name in "abcd"] == [
        "https://a",
        "https://b",
        "https://c",
        "https://a",
    ]
