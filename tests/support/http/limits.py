"""Limits on sizes in requests: at the limit a request is accepted, beyond it it is refused."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse


@dataclass(frozen=True)
class Limit:
    """A limit on a size in a request."""

    name: str

    maximum: int
    """The largest accepted size."""

    status: int
    """The status of the response to a request outside the limits."""

    send: Callable[[Caller, int], HttpResponse]
    """Sends a request of a given size."""

    minimum: int = 0
    """The smallest accepted size; 0 for no lower limit."""

    def assert_exact(self, call: Caller) -> None:
        """Check that requests at the limits are accepted, and that those beyond are refused.

        Raises:
            AssertionError: A request has another response.
        """
        accepted = [self.maximum - 1, self.maximum]
        refused = [self.maximum + 1]
        if self.minimum:
            accepted.append(self.minimum)
            refused.append(self.minimum - 1)
        for size in accepted:
            response = self.send(call, size)
            assert response.status in {200, 201}, (size, response.text)
        for size in refused:
            response = self.send(call, size)
            assert response.status == self.status, (size, response.text)
            assert response.headers["Content-Type"] == "application/problem+json"
