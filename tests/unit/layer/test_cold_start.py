"""The end of a cold start, and the hooks of SnapStart."""

import gc
import random
from collections.abc import Iterator

import pytest
import snapshot_restore_py

from common import cold_start, ids


@pytest.fixture
def hooks() -> Iterator[None]:
    """Remove the hooks that a test registers."""
    yield
    snapshot_restore_py.get_before_snapshot().clear()
    snapshot_restore_py.get_after_restore().clear()


def test_a_cold_start_ends_with_garbage_collection_on() -> None:
    gc.disable()
    cold_start.finish()
    assert gc.isenabled()


def test_with_snapstart_the_hooks_are_registered(
    hooks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    cold_start.finish()
    assert snapshot_restore_py.get_before_snapshot() == [(cold_start.before_snapshot, (), {})]
    assert snapshot_restore_py.get_after_restore() == [(cold_start.after_restore, (), {})]


def test_without_snapstart_no_hooks_are_registered(
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


def test_environments_from_one_snapshot_create_different_ids() -> None:
    snapshot = random.getstate()
    new_ids = set()
    for _ in range(3):
        random.setstate(snapshot)
        new_ids.add(ids.new_id())
    assert len(new_ids) == 3
