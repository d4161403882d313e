"""Each patch of local/emulator/patches is necessary, and works.

A probe returns whether an emulator behaves as AWS does in one respect. If it returns True for the
emulator as it is installed, the patch, step or resource type of this probe is no longer needed.
"""

import pytest

from local.emulator import patches
from local.emulator.patches import cloudformation
from tests.local.emulator.all_probes import PROBES, Probe
from tests.support.deployment.probed_emulator import ProbedEmulator

each_probe = pytest.mark.parametrize(
    "probe", [pytest.param(probe, id=probe.__name__) for probe in PROBES.values()]
)


def test_every_patch_has_a_probe() -> None:
    types = [
        each.type for each in (*cloudformation.MISSING_TYPES, *cloudformation.INCOMPLETE_TYPES)
    ]
    assert set(PROBES) == {*types, *patches.PATCHES, *patches.STEPS}


@each_probe
def test_the_installed_emulator_needs_the_patch(
    probe: Probe, installed_emulator: ProbedEmulator
) -> None:
    assert not probe(installed_emulator)


@each_probe
def test_the_patched_emulator_behaves_as_aws(
    probe: Probe, patched_emulator: ProbedEmulator
) -> None:
    assert probe(patched_emulator)
