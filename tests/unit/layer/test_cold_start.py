"""The end of a cold start, and what SnapStart needs besides."""

import gc
import random
from collections.abc import Iterator

import pytest
import snapshot_restore_py

from common import cold_start, ids


@pytest.fixture
def hooks() -> Iterator[None]:
    """No hooks before, and none left behind."""
    yield
    snapshot_restore_py.get_before_snapshot().clear()
    snapshot_restore_py.get_after_restore().clear()


def test_garbage_is_collected_again_after_a_start() -> None:
    gc.disable()
    cold_start.finish()
    assert gc.isenabled()


def test_an_environment_from_a_snapshot_prepares_for_it(
    hooks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    cold_start.finish()
    assert snapshot_restore_py.get_before_snapshot() == [(cold_start.before_snapshot, (), {})]
    assert snapshot_restore_py.get_after_restore() == [(cold_start.after_restore, (), {})]


def test_any_other_environment_has_nothing_to_prepare(
    hooks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    cold_start.finish()
    assert snapshot_restore_py.get_before_snapshot() == []
    assert snapshot_restore_py.get_after_restore() == []


def test_environments_from_one_snapshot_pause_for_different_times() -> None:
    snapshot = random.getstate()
    pauses = set()
    for _ in range(3):
        random.setstate(snapshot)
        cold_start.after_restore()
        pauses.add(random.random())
    assert len(pauses) == 3


def test_environments_from_one_snapshot_give_out_different_ids() -> None:
    snapshot = random.getstate()
    new_ids = set()
    for _ in range(3):
        random.setstate(snapshot)
        new_ids.add(ids.new_id())
    assert len(new_ids) == 3
