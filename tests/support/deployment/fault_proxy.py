"""Inject faults between the functions and DynamoDB.

The functions reach the emulator through microburst, an HTTP proxy that knows AWS's protocols:
botocore sees an injected throttle as a throttle, and the proxy drops a response only after
DynamoDB has committed the write.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import urllib3

from infra.spec.routes import FUNCTIONS
from local.emulator import process
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller
from tests.support.waiting import wait_until

_START = """
from microburst import cli
from microburst.detection import host
# The proxy would load the models of all services to know their hosts. This one has a single host:
# requests name their service in X-Amz-Target.
assert host._endpoint_prefix_map
host._endpoint_prefix_map = dict
cli.main()
"""


@dataclass
class FaultProxy:
    """The proxy between the functions and AWS; without rules, it changes nothing."""

    upstream: str
    """The emulator's URL."""

    port: int
    """The proxy's port on the loopback interface."""

    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """The proxy's URL."""
        return f"http://{process.HOST}:{self.port}"

    def start(self) -> None:
        """Start the proxy, and wait until it accepts requests."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _START, "--upstream", self.upstream),
                *("--host", process.HOST, "--port", str(self.port), "--no-resign"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._is_healthy)

    def stop(self) -> None:
        """Stop the proxy, so that the functions cannot reach AWS."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def inject(self, *rules: dict[str, Any]) -> None:
        """Replace all rules, and inject faults into calls of DynamoDB.

        Args:
            rules: microburst's rules: which calls fail, and how. A rule with ``times`` ends after
                that many faults; the others last until :meth:`clear`.
        """
        self._set_rules([{"service": "dynamodb", **rule} for rule in rules])

    def clear(self) -> None:
        """Remove all rules, so that every call passes."""
        self._set_rules([])

    def _set_rules(self, rules: list[dict[str, Any]]) -> None:
        response = urllib3.request("POST", f"{self.url}/_microburst/rules", json=rules)
        assert response.status == 200, response.data

    def _is_healthy(self) -> bool:
        try:
            return (
                urllib3.request(
                    "GET", f"{self.url}/_microburst/health", retries=False, timeout=10
                ).status
                == 200
            )
        except urllib3.exceptions.HTTPError:
            return False


@contextmanager
def fault_proxy(service: Service, call: Caller) -> Iterator[FaultProxy]:
    """Put a proxy between the service's functions and AWS until the context ends."""
    proxy = FaultProxy(service.endpoint.aws_endpoint_url, process.free_port())
    proxy.start()
    try:
        with _http_proxy(service, proxy.url):
            # The proxy loads DynamoDB's model at its first call.
            wait_until(lambda: call("GET", f"{ENTITY.path}?limit=1").status == 200)
            yield proxy
    finally:
        proxy.stop()


@contextmanager
def _http_proxy(service: Service, url: str) -> Iterator[None]:
    """Set the HTTP proxy of all functions until the context ends."""
    lambda_ = service.client("lambda")
    names = [service.outputs[f"{function.title()}Function"] for function in FUNCTIONS]
    before = {
        name: lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for name in names
    }

    def set_environment(**more: str) -> None:
        for name in names:
            lambda_.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**before[name], **more}}
            )

    set_environment(HTTP_PROXY=url)
    try:
        yield
    finally:
        set_environment()
