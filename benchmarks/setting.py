"""What every row of the benchmark starts from: a model with an adapter away from zero, people, and texts."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from arms import Naive, Peer, Shared, Tuned, shared
from measure import clear, seconds
from model import SIZES, Sizes, make_model, make_people, own_attention, texts, use_attention
from peft import PeftModel
from torch import Tensor

from letheia.data.split import Step, Use, schedule
from letheia.data.targets import Texts
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.model import Model
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Answer, Entity, Reference, Split

Arm = Naive | Peer | Tuned | Shared


@dataclass
class Setting:
    """The options of a run, and the model they lead to; the model is made on first use."""

    config: str
    device: str
    dtype: torch.dtype
    steps: int
    folder: Path
    only: str = ""
    best: dict[str, str] = field(default_factory=dict)

    @property
    def sizes(self) -> Sizes:
        return SIZES[self.config]

    @cached_property
    def model(self) -> Model:
        return make_model(self.sizes, device=self.device, dtype=self.dtype)

    @cached_property
    def adapted(self) -> PeftModel:
        adapted = add_adapter(self.model, rank=self.sizes.rank, alpha=2 * self.sizes.rank, seed=0)
        generator = torch.Generator().manual_seed(2)
        with torch.no_grad():  # where B is zero, half of LoRA has no gradient
            for p in trained_parameters(adapted).values():
                p.add_(0.01 * torch.randn(p.shape, generator=generator).to(p))
        return adapted

    @property
    def parameters(self) -> dict[str, Tensor]:
        return trained_parameters(self.adapted)

    def people(self, prefix: str, count: int, responses: int, *, seed: int = 0) -> list[Entity]:
        return make_people(
            self.model, self.sizes, self.folder, prefix=prefix, people=count, responses=responses, seed=seed
        )

    def targets(self, steps: list[Step]) -> Texts:
        """Texts with an o* of full length for each use."""
        told = texts(self.model.processor, self.sizes.answer, seed=99)
        return self.with_references(
            {(use.portrait.id, use.draw): Reference(Answer(next(told))) for step in steps for use in step.forget}
        )

    def with_references(self, references: dict[tuple[str, int], Reference]) -> Texts:
        return Texts(prompts=PromptSet(), references=references, retain=())

    def study_steps(self, prefix: str, count: int) -> list[Step]:
        """A study's own order: 10 people to forget, 15 to keep, five responses each, eight uses of both a step."""
        people = self.people(prefix, 25, 5)
        split = Split(forget=tuple(people[:10]), retain=tuple(people[10:]))
        return schedule(split, steps=count, batch=8, pictures=1, seed=0)

    def arms(self, told: Texts, step: Step) -> dict[str, Arm]:
        """The three; N1 and Letheia with what does part of a step fastest here, found once."""
        part = Step(step.forget[:2], ())
        found: dict[str, Arm] = {"N0": Naive(self.model, self.adapted, told)}
        for name, arms in {"N1": self._tuned(told), "Letheia": self._shared(told)}.items():
            if name not in self.best:
                taken = {choice: self._seconds(arm, part) for choice, arm in arms.items()}
                self.best[name] = min(taken, key=lambda choice: taken[choice])
            found[name] = arms[self.best[name]]
        return found

    def _tuned(self, told: Texts) -> dict[str, Arm]:
        attentions = ("sdpa", "eager") if self.device == "cpu" else ("sdpa",)
        return {
            f"{rows} at once, {name}": Tuned(self.model, self.adapted, told, rows=rows, attention=name)
            for rows in sorted({1, self.sizes.micro_batch})
            for name in attentions
        }

    def _shared(self, told: Texts) -> dict[str, Arm]:
        """As a user gets it, who sets nothing."""
        name = own_attention(self.model)
        return {f"by tokens, {name}": shared(self.model, self.adapted, told, attention=name)}

    def _seconds(self, arm: Arm, step: Step) -> float:
        self.run(arm, step)  # features and token ids
        return seconds(lambda: self.run(arm, step))

    def run(self, arm: Arm, step: Step) -> None:
        """A step's gradient, thrown away."""
        use_attention(self.model, arm.attention)
        arm.backward(step)
        clear(self.parameters)

    def gradient(self, arm: Arm, step: Step) -> Tensor:
        """A step's gradient as one vector."""
        use_attention(self.model, arm.attention)
        clear(self.parameters)
        arm.backward(step)
        found = torch.cat([p.grad.detach().double().flatten() for p in self.parameters.values()])
        clear(self.parameters)
        return found


def distinct_step(forget: list[Entity], retain: list[Entity]) -> Step:
    """One use of each response of each person."""
    return Step(_uses(forget), _uses(retain))


def _uses(people: list[Entity]) -> tuple[Use, ...]:
    return tuple(
        Use(portrait=e.portraits[0], response=r, draw=draw, seed="")
        for e in people
        for draw, r in enumerate(e.responses)
    )
