"""A judge whose server fails in every way: no wrong verdict, none lost, none paid for twice."""

import sys
import time
from pathlib import Path

import pytest

from letheia.clients.cache import Cache
from letheia.clients.chat import Call, Chat, Endpoint
from letheia.clients.judge import parse

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def harness(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    from faults import judge

    yield judge
    for name in ("faults", "faults.judge"):
        sys.modules.pop(name, None)


def test_every_verdict_is_right_and_none_is_lost_or_doubled(harness):
    kinds = [kind for kind in harness.FAULTS if kind not in harness.SLOW]
    assert len(kinds) >= 50
    found = harness.judged(kinds, answers=60, timeout=60)
    assert {name: found[name] for name in ("wrong", "lost", "doubled")} == {"wrong": 0, "lost": 0, "doubled": 0}
    assert found["verdicts"] == 180 and found["calls"] > 220


def test_every_fault_alone(harness, tmp_path):
    """Each kind once, on a question of its own: it never gives a number that is not the judge's."""
    for number, kind in enumerate(k for k in harness.FAULTS if k not in harness.SLOW):
        with harness.serving([kind], rate=1.0) as server, Cache(tmp_path / f"{number}.sqlite") as cache:
            endpoint = Endpoint(model="judge", base_url=f"http://127.0.0.1:{server.server_port}/v1")
            reply = Chat(endpoint, cache, wait=0.001, tries=2, timeout=30).ask([Call(text="a")])[0]
            assert parse(reply).value is None and parse(reply).reason, kind
            assert server.calls <= 8, kind


@pytest.mark.parametrize("kind", ["a byte at a time", "silence", "endless"])
def test_one_call_is_bounded_in_time(harness, tmp_path, kind):
    with harness.serving([kind], rate=1.0) as server, Cache(tmp_path / "c.sqlite") as cache:
        endpoint = Endpoint(model="judge", base_url=f"http://127.0.0.1:{server.server_port}/v1")
        began = time.monotonic()
        reply = Chat(endpoint, cache, wait=0.001, timeout=0.3).ask([Call(text="a")])[0]
        assert "no reply" in reply.error and time.monotonic() - began < 15
