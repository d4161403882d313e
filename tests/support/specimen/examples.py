"""Examples of the specimen."""

from common.crud.examples import BrokenRule, Change, Examples

EXAMPLES = Examples(
    creates={
        "least": {"site": "quarry", "name": "First"},
        "with a mass": {"site": "quarry", "name": "Second", "mass": 12.5, "tags": ["red"]},
    },
    changes=(
        Change("Store the sample", "FOUND", "STORED", {"status": "STORED"}),
        Change("Lose the sample", "FOUND", "LOST", {"status": "LOST", "reason": "theft"}),
        Change("Rename the sample", "STORED", "STORED", {"name": "Renamed"}),
        Change("Lend the sample", "STORED", "ON_LOAN", {"status": "ON_LOAN"}),
        Change("Lose the stored sample", "STORED", "LOST", {"status": "LOST", "reason": "fire"}),
        Change("Sell the sample", "STORED", "SOLD", {"status": "SOLD"}),
        Change("Take the sample back", "ON_LOAN", "STORED", {"status": "STORED"}),
        Change(
            "Lose the lent sample", "ON_LOAN", "LOST", {"status": "LOST", "reason": "no answer"}
        ),
    ),
    broken_rules=(BrokenRule("change", {"status": "LOST"}, "/reason"),),
    unique=lambda word: {"site": word.translate(str.maketrans("0123456789", "ghijklmnop"))},
)
