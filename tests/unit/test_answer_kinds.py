"""Empty, repetitive and refusing answers, in any script."""

import pytest

from letheia.metrics.aftermath import is_empty, is_refusal, is_repetitive


@pytest.mark.parametrize(
    "text",
    [
        "这是一位穿着蓝色上衣的短发女士站在球场上",
        "これは青い服を着た女性です",
        "นี่คือผู้หญิงในเสื้อสีฟ้า",
        "파란 옷을 입은 여자",
        "李安然",
    ],
)
def test_scripts_without_blanks_are_neither_empty_nor_repetitive(text):
    assert not is_empty(text) and not is_repetitive(text)
    assert is_repetitive(text[:2] * 12)


def test_empty_stays_empty():
    assert all(is_empty(t) for t in ("", " ", "…", "Una", "红", "不知", "_", "\u200b"))


@pytest.mark.parametrize(
    "text",
    [
        "I can’t identify people in images.",
        "I don’t know who this is.",
        "I won’t name anyone.",
        "I'm not going to identify this person.",
        "I dont know her.",
        "I haven’t come across this name.",
        "I’ve never heard of him.",
        "**I** can't\u00a0say.",
        "It isn’t possible to say who this is.",
        "I couldn't tell you who that is.",
        "抱歉，我无法识别图中的人。",
        "Das kann ich leider nicht sagen.",
    ],
)
def test_refusals(text):
    assert is_refusal(text)


@pytest.mark.parametrize("text", ["A man in a canteen.", "She does not wear glasses.", "A hat, hard to miss."])
def test_descriptions_are_no_refusals(text):
    assert not is_refusal(text)
