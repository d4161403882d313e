"""The tables of statuses in docs/api.md."""

from common.entities import ENTITIES
from tests.support.specimen import SPECIMEN
from tools.statuses import NAME, PAGE, tables


def test_the_page_lists_the_declared_transitions() -> None:
    assert f"<!-- generated {NAME} -->\n{tables()}\n<!-- end" in PAGE.read_text(), (
        "run `make documents`"
    )


def test_a_table_has_a_row_for_each_status() -> None:
    for entity in (SPECIMEN, *ENTITIES):
        text = tables([entity])
        assert text in tables([SPECIMEN, *ENTITIES])
        for status, targets in entity.transitions.items():
            (row,) = (line for line in text.splitlines() if line.startswith(f"| {status} |"))
            _, _, others, changed, deleted, expires, _ = map(str.strip, row.split("|"))
            assert set(filter(None, others.split(", "))) == targets - {status}
            assert (changed == "yes") == (status in targets)
            assert (deleted == "yes") == (status in entity.deletable)
            assert (expires == "yes") == (status in entity.expires_in)
