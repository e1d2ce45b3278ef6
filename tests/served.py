"""The real server in a thread of this process, over a small untrained model with two adapters."""

import contextlib
import threading
import time

import torch

from letheia.models.adapter import fresh_adapter
from letheia.models.saving import save_adapter
from letheia.prompts.prompt_set import PromptSet
from letheia.serve.app import application
from letheia.serve.play import Playground
from letheia.serve.served import Served
from letheia.serve.server import address, bound, server

ADAPTERS = ("one", "two")


def adapters(model, folder):
    """Two adapters that change what the model says."""
    made = {}
    for seed, name in enumerate(ADAPTERS, start=1):
        with fresh_adapter(model, rank=4, alpha=8, seed=seed) as adapted:
            torch.manual_seed(seed)
            with torch.no_grad():
                for key, weight in adapted.named_parameters():
                    if "lora_B" in key:
                        weight.normal_(0, 0.2)
            made[name] = folder / name
            save_adapter(adapted, made[name])
    return made


@contextlib.contextmanager
def running(app):
    """The address at which it is served."""
    with bound(0) as at:
        one = server(app)
        thread = threading.Thread(target=one.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        while not one.started:
            time.sleep(0.01)
        yield address(at)
        one.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@contextlib.contextmanager
def playground(model, people, folder, *, gold=None, forgotten=()):
    """The playground with both adapters, and its address."""
    with Served(model, adapters(model, folder / "adapters"), gold=gold) as served:
        play = Playground(served, people, PromptSet(), folder / "questions.jsonl", forgotten)
        with running(application(served, play.routes)) as url:
            yield play, url
