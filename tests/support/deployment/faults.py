"""Faults between the functions and DynamoDB, injected by an AWS-aware proxy.

The functions reach the emulator through an HTTP proxy that knows AWS's protocols, so an
injected throttle is a throttle to botocore, and a dropped answer is dropped after the write
was committed.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import urllib3

from infra.spec.routes import FUNCTIONS
from local.emulator import process
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller

START_SECONDS = 20.0


@dataclass
class Faults:
    """The proxy between the functions and AWS; it changes nothing until told to.

    Args:
        upstream: The emulator's URL.
        port: The proxy's port on the loopback interface.
    """

    upstream: str
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """The proxy's own URL."""
        return f"http://{process.HOST}:{self.port}"

    def start(self) -> None:
        """Start the proxy, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "microburst", "--upstream", self.upstream),
                *("--host", process.HOST, "--port", str(self.port), "--no-resign"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, "the fault proxy does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the proxy; AWS is then out of reach for the functions."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def inject(self, *rules: dict[str, Any]) -> None:
        """Let faults happen to calls of DynamoDB until they are used up, or cleared.

        Args:
            rules: What happens to which calls, in microburst's words.
        """
        self._rules([{"service": "dynamodb", **rule} for rule in rules])

    def clear(self) -> None:
        """Let everything through."""
        self._rules([])

    def _rules(self, rules: list[dict[str, Any]]) -> None:
        answer = urllib3.request("POST", f"{self.url}/_microburst/rules", json=rules)
        assert answer.status == 200, answer.data

    def _answers(self) -> bool:
        try:
            return (
                urllib3.request(
                    "GET", f"{self.url}/_microburst/health", retries=False, timeout=1
                ).status
                == 200
            )
        except urllib3.exceptions.HTTPError:
            return False


@contextmanager
def between(service: Service, call: Caller) -> Iterator[Faults]:
    """Put the proxy between the service's functions and AWS for as long as the context lasts."""
    faults = Faults(service.endpoint.aws_endpoint_url, process.free_port())
    faults.start()
    try:
        with _through(service, faults.url):
            # The proxy loads AWS's models for its first call, which takes longer than DynamoDB may.
            deadline = time.monotonic() + START_SECONDS
            while call("GET", "/jobs?limit=1").status != 200:
                assert time.monotonic() < deadline, "the functions do not get through the proxy"
            yield faults
    finally:
        faults.stop()


@contextmanager
def _through(service: Service, proxy: str) -> Iterator[None]:
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

    set_environment(HTTP_PROXY=proxy)
    try:
        yield
    finally:
        set_environment()
