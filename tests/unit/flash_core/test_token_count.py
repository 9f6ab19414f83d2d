"""Tokens are guessed by script: what is dense in meaning is dense in tokens."""

import pytest

from flash_core.utils.token_count import token_weight, tokens_of


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("abcd" * 10, 10),
        ("größer – été", 3),
        ("年次休暇は二十五日です", 11),
        ("연차휴가", 4),
        ("отпуск", 3),
        ("إجازة", 2.5),
        ("👍👍", 2),
        ("abcd休暇", 3),
    ],
)
def test_a_script_has_its_characters_a_token(text: str, weight: float) -> None:
    assert token_weight(text) == weight
    assert tokens_of(text) == int(weight) + 1
    assert sum(map(token_weight, text)) == weight
