"""Examples of jobs."""

from common.crud.examples import BrokenRule, Change, Examples
from common.entities.jobs.rules import MAX_PARAMETERS_BYTES

_FAILURE = {"code": "OutOfMemory", "message": "The image has 2 gigapixels."}

EXAMPLES = Examples(
    creates={
        "least": {"pipeline": "thumbnails", "input_uri": "s3://photos/cat.png"},
        "with parameters": {
            "pipeline": "thumbnails",
            "input_uri": "https://example.com/cat.png",
            "parameters": {"width": 320},
        },
    },
    changes=(
        Change("Start the job", "PENDING", "RUNNING", {"status": "RUNNING"}),
        Change("Report progress", "RUNNING", "RUNNING", {"progress": 40}),
        Change(
            "Finish the job",
            "RUNNING",
            "SUCCEEDED",
            {"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://photos/cat-320.png"},
        ),
        Change("Report a failure", "RUNNING", "FAILED", {"status": "FAILED", "error": _FAILURE}),
        Change("Start a new attempt", "FAILED", "PENDING", {"status": "PENDING"}),
        Change("Cancel the job", "PENDING", "CANCELLED", {"status": "CANCELLED"}),
        Change("Cancel the running job", "RUNNING", "CANCELLED", {"status": "CANCELLED"}),
    ),
    broken_rules=(
        BrokenRule("change", {"status": "FAILED"}, "/error"),
        BrokenRule("change", {"status": "RUNNING", "error": _FAILURE}, "/error"),
        BrokenRule("change", {"status": "RUNNING", "output_uri": "s3://out/1"}, "/output_uri"),
        BrokenRule("change", {"status": "PENDING", "progress": 1}, "/progress"),
        BrokenRule(
            "create",
            {
                "pipeline": "thumbnails",
                "input_uri": "s3://photos/cat.png",
                "parameters": {"text": "x" * MAX_PARAMETERS_BYTES},
            },
            "/parameters",
        ),
    ),
    unique=lambda word: {"pipeline": f"test-{word}"},
)
