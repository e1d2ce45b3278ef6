"""Lines of JSON: what is written is read again, whatever the texts hold, and damage is named."""

import pytest

from letheia.errors import DataError
from letheia.files import read_jsonl, write_jsonl
from letheia.grid.collected import _history, _values
from letheia.study import store
from letheia.types import Answer, Generation, Reference, Score

MARKS = ("\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\r", "\n", "\r\n")


@pytest.mark.parametrize("mark", MARKS)
def test_marks_at_which_python_cuts_lines_are_text(tmp_path, mark):
    texts = [f"A person{mark}in red.", mark, "B"]
    said = [
        Generation(
            model="m", method="original", portrait="p", entity="e", group="forget", role="seen", question="?", answer=t
        )
        for t in texts
    ]
    store.write_answers(tmp_path / "a.jsonl", said)
    assert store.read_answers(tmp_path / "a.jsonl") == said
    references = {("p", i): Reference(Answer(t)) for i, t in enumerate(texts)}
    store.write_references(tmp_path / "r.jsonl", references)
    assert store.read_references(tmp_path / "r.jsonl") == references
    scores = [[Score(metric="usr", portrait="p", entity="e", value=1.0, reason=t)] for t in texts]
    store.write_scores(tmp_path / "s.jsonl", scores)
    assert _values(said, tmp_path / "s.jsonl") == {"forget/seen/usr": [1]}


def test_history_is_read(tmp_path):
    write_jsonl(tmp_path / "h.jsonl", [{"step": 1, "nll": 0.25}, {"step": 2, "nll": 0.125}])
    assert _history(tmp_path / "h.jsonl") == {"nll": [0.25, 0.125]}


def test_damage_is_named_with_its_line(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{"a"\n')
    with pytest.raises(DataError, match=r"a\.jsonl:2: not valid JSON"):
        read_jsonl(file)
    file.write_bytes(b'{"a": "\xff"}\n')
    with pytest.raises(DataError, match=r"a\.jsonl: not UTF-8"):
        read_jsonl(file)
    with pytest.raises(DataError, match=r"b\.jsonl: can't be read"):
        read_jsonl(tmp_path / "b.jsonl")
