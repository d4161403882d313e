"""The share of requests that one partition refuses, in closed form.

A partition takes a fixed number of requests in each second and refuses the others. Evenly spaced
requests give :func:`refused_of_even_arrivals`, and random ones :func:`refused_of_random_arrivals`.
"""

import math


def refused_of_even_arrivals(rate: float, capacity: int) -> float:
    """Return the share of evenly spaced requests that a partition refuses.

    Args:
        rate: Requests per second, of one unit each.
        capacity: Units per second.
    """
    return max(0.0, 1 - capacity / rate)


def refused_of_random_arrivals(rate: float, capacity: int) -> float:
    """Return the expected share of the requests of a Poisson process that a partition refuses.

    With N the requests of a second, E[max(0, N - C)] = rate * P(N >= C) - C * P(N > C).

    Args:
        rate: Requests per second on average, of one unit each.
        capacity: Units per second, C.
    """
    probabilities = [
        math.exp(number * math.log(rate) - rate - math.lgamma(number + 1))
        for number in range(capacity + 1)
    ]
    more = 1 - math.fsum(probabilities)
    return max(0.0, rate * (more + probabilities[-1]) - capacity * more) / rate


def late_takes(takers: int, page: int) -> float:
    """Return the expected share of takes that come too late, if all takers choose from one page.

    Each taker chooses an item of the page at random, and the first one gets it.

    Args:
        takers: The number of takers.
        page: The items on the page.
    """
    missed: float = (1 - 1 / page) ** takers
    return 1 - page * (1 - missed) / takers
