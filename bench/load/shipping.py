"""Count the uploads of log lines of an execution environment under steady load.

    python -m bench.load.shipping

Two environments of the create function get the same requests at the same pace. One ships every
second instead of every ten, so that the measurement is short. Its peer ships after each request.
"""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.figures import Figure, count
from bench.subject import ENTITY, EXAMPLES
from infra.spec.stages import Stage
from local.lambda_runtime import tables
from local.lambda_runtime.execution_environment import ExecutionEnvironment
from local.lambda_runtime.gateway_event import gateway_event
from local.lambda_runtime.moto_aws import serve_aws
from tools.cost import S3_PUTS

REQUESTS = 500
PER_SECOND = 25
FLUSH_SECONDS = 1.0
DEPLOYED_FLUSH_SECONDS = Stage.archive_flush_seconds
_EVENT = gateway_event("POST", ENTITY.path, EXAMPLES.least)


class Shipping(NamedTuple):
    """The uploads of two environments in the same time, for the same requests."""

    seconds: float
    """The duration of the load."""
    ours: int
    """The uploads of the environment that ships once per interval."""
    peer: int
    """The uploads of the environment that ships after each request."""

    @property
    def intervals(self) -> int:
        """The number of flush intervals that have begun. One upload is due in each."""
        return int(self.seconds / FLUSH_SECONDS) + 1

    @property
    def deployed(self) -> float:
        """The uploads per request at this load, with the interval of the stages."""
        per_interval = self.ours / self.intervals
        requests = REQUESTS / self.seconds * DEPLOYED_FLUSH_SECONDS
        return per_interval / requests


def per_thousand(uploads: int) -> float:
    """Return the uploads per thousand requests."""
    return uploads / REQUESTS * 1000


def measure(console: Console) -> Shipping:
    """Send the requests to both environments, and count their uploads."""
    with tempfile.TemporaryDirectory() as folder, serve_aws() as aws, serve_aws() as peer_aws:
        # Both servers have the same resources.
        tables.create_table(aws.client("dynamodb"), ENTITY, ENTITY.collection)
        with (
            ExecutionEnvironment("create", aws, Path(folder), flush_seconds=FLUSH_SECONDS) as ours,
            ExecutionEnvironment("create", peer_aws, Path(folder), flush_seconds=0) as peer,
        ):
            for environment in (ours, peer):
                environment.api.wait_until_idle()
            start = time.monotonic()
            for number in track(range(REQUESTS), "shipping", console=console, transient=True):
                time.sleep(max(0.0, start + number / PER_SECOND - time.monotonic()))
                for environment in (ours, peer):
                    answer = environment.invoke(_EVENT).answer
                    assert answer["statusCode"] == 201, answer
            seconds = time.monotonic() - start
            for environment in (ours, peer):
                environment.api.wait_until_idle()
            return Shipping(seconds, len(aws.uploads), len(peer_aws.uploads))


def figures(shipping: Shipping) -> list[Figure]:
    """Return the figures of the report."""
    our_rate, peer_rate = per_thousand(shipping.ours), per_thousand(shipping.peer)
    our_price, peer_price = (
        each * S3_PUTS for each in (shipping.deployed, shipping.peer / REQUESTS)
    )
    return [
        count(
            "uploads of log lines, to flush intervals",
            str(shipping.ours),
            str(shipping.intervals),
            shipping.ours / shipping.intervals,
            at_most=1,
        ),
        count(
            "uploads per 1,000 requests, to one after each",
            f"{our_rate:.1f}",
            f"{peer_rate:.1f}",
            our_rate / peer_rate,
        ),
        count(
            f"S3 for a million requests with uploads every {DEPLOYED_FLUSH_SECONDS} s, to one after"
            " each",
            f"${our_price:.3f}",
            f"${peer_price:.2f}",
            our_price / peer_price,
        ),
    ]


def main() -> None:
    console = Console()
    shipping = measure(console)
    report = Table(title=f"{REQUESTS} requests, {REQUESTS / shipping.seconds:.0f} a second")
    report.add_column("")
    for column in (f"every {FLUSH_SECONDS:.0f} s", "after each request"):
        report.add_column(column, justify="right")
    both = (shipping.ours, shipping.peer)
    report.add_row("flush intervals", str(shipping.intervals), "-")
    report.add_row("uploads", *map(str, both))
    report.add_row("uploads per 1,000 requests", *(f"{per_thousand(each):.1f}" for each in both))
    paid = [f"${each / REQUESTS * S3_PUTS:.2f}" for each in both]
    report.add_row("S3 for a million requests", *paid)
    deployed = f"${shipping.deployed * S3_PUTS:.3f}"
    report.add_row(f"the same every {DEPLOYED_FLUSH_SECONDS} s, as deployed", deployed, paid[1])
    console.print(report)


if __name__ == "__main__":
    main()
