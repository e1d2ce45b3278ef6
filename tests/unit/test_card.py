"""The verdict on an adapter's model card: put there by an audit, unless one that tried more stands there."""

import logging

import pytest

from letheia.audit.verdict import Missing, RequestVerdict
from letheia.report.card import CARD, MEASURED, VERDICT, verdict_text, write_on_card


def judged(**tried):
    return RequestVerdict(
        method="x", removal="not removed", others="unharmed", description="useful", tried=tried,
        not_tried=(Missing(what="gold", why="none was given"),),
    )  # fmt: skip


def test_the_text_says_what_was_tried_and_what_was_not():
    assert verdict_text(judged(black=2, grey=0, white=1)) == (
        "By an audit of 3 checks that say something (2 black box, 1 white box):\n\n"
        "x: not removed. Others unharmed. Description useful.\n\nNot tried, none was given: gold."
    )
    assert verdict_text(judged()).startswith("x: not removed")


def test_a_narrower_audit_and_foreign_cards_leave_the_card(tmp_path, caplog):
    card = tmp_path / CARD
    write_on_card(card, judged(black=3))
    assert not card.exists()
    for text in ("# Somebody's own\n", f"{VERDICT}cut"):
        card.write_text(text)
        write_on_card(card, judged(black=3))
        assert card.read_text() == text
    card.write_text(f"# Card\n\n{VERDICT}of the study{MEASURED}rest")
    write_on_card(card, judged(black=3))
    assert card.read_text() == f"# Card\n\n{VERDICT}{verdict_text(judged(black=3))}{MEASURED}rest"
    with caplog.at_level(logging.WARNING, "letheia"):
        write_on_card(card, judged(black=2))
    assert "an audit of 3 checks" in card.read_text() and "tried more (3 checks)" in caplog.text
    write_on_card(card, judged(black=3, white=1))
    assert "an audit of 4 checks" in card.read_text()


@pytest.mark.parametrize("data", [b"\xff\xfe", b""])
def test_a_card_that_cannot_be_read_stays(data, tmp_path):
    (tmp_path / CARD).write_bytes(data)
    write_on_card(tmp_path / CARD, judged(black=1))
    assert (tmp_path / CARD).read_bytes() == data
