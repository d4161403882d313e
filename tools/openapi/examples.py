"""Examples of bodies, for people and for generators of requests."""

from typing import Any

JOB_ID = "3f0e6c5a-9b1d-4c7e-8a52-0d6f1b2c3d4e"
REQUEST_ID = "8f14e45f-ceea-467f-a0e6-2c1f6d5b7a90"

_PENDING = {
    "job_id": JOB_ID,
    "pipeline": "thumbnails",
    "status": "PENDING",
    "progress": 0,
    "attempt": 1,
    "version": 1,
    "created_at": "2026-01-31T09:30:00.000Z",
    "updated_at": "2026-01-31T09:30:00.000Z",
}
_ORDER = {"input_uri": "s3://photos/cat.png", "parameters": {"width": 320}}
_FAILURE = {"code": "OutOfMemory", "message": "The image has 2 gigapixels."}

EXAMPLES: dict[str, dict[str, Any]] = {
    "JobCreate": {
        "least": {"pipeline": "thumbnails", "input_uri": "https://example.com/cat.png"},
        "with parameters": {"pipeline": "thumbnails", **_ORDER},
    },
    "JobReplace": {
        "done": {"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://photos/cat-320.png"},
        "failed": {"status": "FAILED", "progress": 40, "error": _FAILURE},
    },
    "JobPatch": {
        "start": {"status": "RUNNING"},
        "progress": {"progress": 40},
        "failure": {"status": "FAILED", "error": _FAILURE},
        "new attempt": {"status": "PENDING"},
    },
    "Job": {
        "pending": {**_PENDING, **_ORDER},
        "failed": {
            **_PENDING,
            **_ORDER,
            "status": "FAILED",
            "progress": 40,
            "version": 3,
            "updated_at": "2026-01-31T09:31:00.000Z",
            "error": _FAILURE,
            "started_at": "2026-01-31T09:30:10.000Z",
            "finished_at": "2026-01-31T09:31:00.000Z",
            "expires_at": 1_772_443_860,
        },
    },
    "JobPage": {"with more to come": {"items": [_PENDING], "next_cursor": "kL0bX5Yh1xZ2Q0m9"}},
}
"""The examples, by the title of their schema and by a name."""
