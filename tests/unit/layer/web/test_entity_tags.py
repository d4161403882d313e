"""The entity tags of If-Match and If-None-Match."""

import pytest

from common.web.entity_tags import ANY, EntityTag, parse_tags


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('"a"', [("a", False)]),
        ('W/"a"', [("a", True)]),
        ('"a","b"', [("a", False), ("b", False)]),
        ('"a,b" , W/"W/"', [("a,b", False), ("W/", True)]),
        ('""', [("", False)]),
        (' ,, "\xe9"\t,', [("\xe9", False)]),
        ('"*"', [("*", False)]),
        ("", []),
        (" , ", []),
    ],
)
def test_a_list_of_tags_keeps_their_order_and_weakness(
    text: str, tags: list[tuple[str, bool]]
) -> None:
    assert parse_tags(text, 2) == tuple(EntityTag(*tag) for tag in tags)


@pytest.mark.parametrize("text", ["*", " *\t"])
def test_a_star_alone_matches_any_item(text: str) -> None:
    assert parse_tags(text, 2) is ANY


@pytest.mark.parametrize(
    "text",
    [
        *("a", '"a', "W/", 'w/"a"', '"a"b', '"a" "b"', '"a b"', '"a"\n', '"\N{EURO SIGN}"'),
        *("**", "*,", '*, "a"', '"a", *', '"a","b","c"', ';"a"', "," * 8_000 + "a"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="entity tags"):
        parse_tags(text, 2)
