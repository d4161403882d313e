"""A job: one run of a data-processing pipeline, from its registration to its end."""

from pathlib import Path

from common.crud.entity import Entity
from common.entities.jobs.rules import DURATIONS, ENDED, EVENTS, JobRules, Status

JOBS = Entity(
    noun="job",
    plural="jobs",
    folder=Path(__file__).parent,
    transitions={
        Status.PENDING: frozenset({Status.RUNNING, Status.CANCELLED}),
        Status.RUNNING: frozenset({Status.RUNNING, *ENDED}),
        Status.SUCCEEDED: frozenset(),
        Status.FAILED: frozenset({Status.PENDING}),
        Status.CANCELLED: frozenset(),
    },
    deletable=frozenset(Status) - {Status.RUNNING},
    filters=("pipeline",),
    expires_in=ENDED,
    failures=frozenset({Status.FAILED}),
    ended=ENDED,
    events=EVENTS,
    durations=DURATIONS,
    rules=JobRules(),
)
