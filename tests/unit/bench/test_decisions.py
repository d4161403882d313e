"""The decision of a benchmark: no wrong verdict from noise, and none from a busy machine."""

import io
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.decision.machine import MOST_TAKEN, MOST_WAITING, Signs, advice
from bench.decision.verdicts import Pair, Target, Verdict, decide, exit_code
from bench.figures import Figure, compare
from bench.turns import Turn, take_turns

QUIET = Signs(waiting=MOST_WAITING, taken=MOST_TAKEN)
WAITED = Signs(waiting=MOST_WAITING + 0.01, taken=0)
TAKEN = Signs(waiting=0, taken=MOST_TAKEN + 0.01)
WANTED = 15
TARGET = Target(at_most=0.68)

Times = tuple[float, float]
"""The times of the service and of its peer in a turn."""


def pairs(*ratios: float, quiet: bool = True) -> list[Pair]:
    return [Pair(ratio, quiet) for ratio in ratios]


@pytest.mark.parametrize(
    ("ratio", "target", "verdict"),
    [
        (0.67, Target(at_most=0.68), Verdict.MET),
        (0.684, Target(at_most=0.68), Verdict.MET),
        (0.686, Target(at_most=0.68), Verdict.MISSED),
        (9.0, Target(at_most=0.68), Verdict.MISSED),
        (1.3, Target(at_least=1), Verdict.MET),
        (0.996, Target(at_least=1), Verdict.MET),
        (0.99, Target(at_least=1), Verdict.MISSED),
    ],
)
def test_a_clear_ratio_on_a_quiet_machine_decides(
    ratio: float, target: Target, verdict: Verdict
) -> None:
    assert decide(pairs(*[ratio] * WANTED), target, WANTED) is verdict


def test_an_interval_that_contains_the_target_decides_nothing() -> None:
    ratios = [0.6, 0.65, *[0.66] * 10, 0.7, 0.71, 0.72]
    assert decide(pairs(*ratios), TARGET, WANTED) is Verdict.UNDECIDED
    ratios[-3] = 0.67
    assert decide(pairs(*ratios), TARGET, WANTED) is Verdict.MET


@pytest.mark.parametrize("ratio", [0.01, 0.68, 100.0])
@pytest.mark.parametrize("quiet", [0, WANTED - 1])
def test_a_busy_machine_decides_nothing_however_far_the_target(ratio: float, quiet: int) -> None:
    turns = pairs(*[ratio] * quiet) + pairs(*[ratio] * 100, quiet=False)
    assert decide(turns, TARGET, WANTED) is Verdict.TOO_BUSY


@pytest.mark.parametrize("quiet", [0, 7])
def test_too_few_turns_decide_nothing(quiet: int) -> None:
    assert decide(pairs(*[9.0] * quiet), TARGET, quiet) is Verdict.UNDECIDED


@given(
    st.lists(st.floats(0.3, 1.2), min_size=WANTED, max_size=2 * WANTED),
    st.lists(st.floats(0.001, 1000), max_size=WANTED),
    st.randoms(use_true_random=False),
)
def test_disturbed_turns_never_change_a_verdict(
    quiet: list[float], disturbed: list[float], dice: random.Random
) -> None:
    turns = pairs(*quiet) + pairs(*disturbed, quiet=False)
    dice.shuffle(turns)
    assert decide(turns, TARGET, WANTED) is decide(pairs(*quiet), TARGET, WANTED)


@given(st.lists(st.floats(0.3, 1.2), min_size=8, max_size=40))
def test_no_ratio_misses_a_target_that_most_turns_meet(ratios: list[float]) -> None:
    verdict = decide(pairs(*ratios), TARGET, len(ratios))
    within = sum(TARGET.meets(ratio) for ratio in ratios) / len(ratios)
    assert verdict is not (Verdict.MISSED if within >= 0.5 else Verdict.MET)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        ([None, Verdict.MET], 0),
        ([Verdict.MET, Verdict.MISSED, Verdict.TOO_BUSY], 1),
        ([Verdict.MET, Verdict.TOO_BUSY, Verdict.UNDECIDED], 3),
        ([None, Verdict.UNDECIDED], 4),
    ],
)
def test_a_run_ends_with_the_code_of_its_gravest_verdict(
    verdicts: Sequence[Verdict | None], code: int
) -> None:
    assert exit_code(verdicts) == code


class Machine:
    """A machine whose signs and times are given, turn by turn."""

    def __init__(self, turns: Iterable[tuple[Signs, Times]]) -> None:
        self._turns = iter(turns)
        # take_turns does not count its first turn.
        self._signs, self._times = WAITED, (1.0, 1.0)
        self._first = True

    def watch(self) -> "Machine":
        self._signs, self._times = next(self._turns)
        return self

    def signs(self, _waiting: Iterable[float]) -> Signs:
        return self._signs

    def measure(self) -> tuple[Times, Iterable[float]]:
        return self._times, ()

    def run(self, target: Target = TARGET) -> tuple[Figure, list[Turn[Times]]]:
        def figure(turns: Sequence[Turn[Times]]) -> Figure:
            return compare(
                "a start", turns, lambda two: two[0], lambda two: two[1], str, WANTED, target
            )

        turns = take_turns(
            self.measure,
            lambda turns: figure(turns).verdict is not Verdict.UNDECIDED,
            WANTED,
            "turns",
            Console(file=io.StringIO()),
            self.watch,
        )
        return figure(turns), turns


def times(dice: random.Random, ratio: float, noise: float) -> Times:
    """The times of a turn. Both contenders share the speed of the turn."""
    speed = dice.uniform(0.5, 2)
    return speed * ratio * dice.lognormvariate(0, noise), speed * dice.lognormvariate(0, noise)


def test_a_quiet_machine_takes_the_wanted_turns() -> None:
    figure, turns = Machine([(QUIET, (0.6, 1.0))] * 99).run()
    assert len(turns) == WANTED
    assert figure.verdict is Verdict.MET


@pytest.mark.parametrize("signs", [WAITED, TAKEN])
def test_disturbed_turns_are_taken_again(signs: Signs) -> None:
    figure, turns = Machine([(signs, (9.0, 1.0)), (QUIET, (0.6, 1.0))] * 99).run()
    assert sum(turn.signs.quiet for turn in turns) == WANTED
    assert len(turns) == 2 * WANTED
    assert (figure.verdict, figure.ratio) == (Verdict.MET, 0.6)


@pytest.mark.parametrize("signs", [WAITED, TAKEN])
def test_a_machine_that_stays_busy_is_given_up(signs: Signs) -> None:
    figure, turns = Machine([(signs, (9.0, 1.0))] * 99).run()
    assert figure.verdict is Verdict.TOO_BUSY
    assert len(turns) < WANTED


def test_a_ratio_at_its_target_gets_more_turns_but_not_endlessly() -> None:
    around = ((0.67, 1.0), (0.69, 1.0))
    figure, turns = Machine((QUIET, around[number % 2]) for number in range(99)).run()
    assert figure.verdict is Verdict.UNDECIDED
    assert len(turns) == 2 * WANTED


def simulate(
    seed: int, machine: Callable[[random.Random], Iterator[tuple[Signs, Times]]]
) -> Figure:
    return Machine(machine(random.Random(seed))).run()[0]


def test_noise_at_the_target_hardly_ever_gives_a_wrong_verdict() -> None:
    """The target is the median itself, so each verdict would be a coin's."""

    def machine(dice: random.Random) -> Iterator[tuple[Signs, Times]]:
        while True:
            yield QUIET, times(dice, 0.685, 0.05)

    verdicts = [simulate(seed, machine).verdict for seed in range(400)]
    assert verdicts.count(Verdict.MISSED) <= 8
    assert verdicts.count(Verdict.MET) <= 8


@pytest.mark.parametrize("ratio", [0.62, 0.74])
def test_a_busy_machine_never_gives_a_wrong_verdict(ratio: float) -> None:
    """Other work comes and goes, and shifts the ratio by up to a half when it is there."""
    right = Verdict.MET if TARGET.meets(ratio) else Verdict.MISSED

    def machine(dice: random.Random) -> Iterator[tuple[Signs, Times]]:
        share = dice.random()
        while True:
            if dice.random() < share:
                yield dice.choice((WAITED, TAKEN)), times(dice, ratio * dice.uniform(0.5, 1.5), 0.3)
            else:
                yield QUIET, times(dice, ratio, 0.02)

    verdicts = {simulate(seed, machine).verdict for seed in range(200)}
    assert verdicts == {right, Verdict.TOO_BUSY}


def test_pairs_tell_what_medians_of_different_turns_hide() -> None:
    """Half of the turns are slow, and only the service happens to lose more of them."""
    slow = [2.0 if number % 2 else 1.0 for number in range(WANTED)]
    figure, _ = Machine((QUIET, (0.6 * speed, speed)) for speed in slow * 4).run()
    assert figure.interval == (0.6, 0.6)
    assert figure.middle_half == (0.6, 0.6)


def test_the_advice_names_the_signs_and_a_remedy() -> None:
    text = advice([QUIET, Signs(0.48, 0), Signs(0.2, 0.62), Signs(0, 0.5)])
    assert "too busy" in text
    assert "3 of 4 turns" in text
    assert "in 2, other processes took up to 62% of the CPU time" in text
    assert "in 2, a measured process waited up to 0.48 s for a CPU per second" in text
    assert "Stop other programs" in text
