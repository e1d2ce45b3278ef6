"""The whole way in a few lines: a model, people, a split, o*, an adapter, answers, scores."""

from pathlib import Path

import letheia

folder = Path("runs/quickstart")
model = letheia.world_model("mistral")
people = letheia.make_people(letheia.make_world(), folder / "people")
split = letheia.draw_split(people.pictured[:40], people=25, n=10, seed=0)
steps = letheia.schedule(split, steps=30, batch=8, pictures=1, seed=0)
prompts = letheia.PromptSet()

references = letheia.sample_references(model, steps, prompts=prompts, seed=0)
texts = letheia.Texts(prompts=prompts, references=references, retain=split.retain)
config = letheia.TrainConfig(learning_rate=5e-4)
adapter = letheia.add_adapter(model, rank=config.rank, alpha=config.alpha, seed=0)
letheia.unlearn(model, adapter, steps, letheia.METHODS["pubg"], texts, config)

portraits = [person.pictures("unseen")[0] for person in split.forget]
answers = letheia.generate(model, [letheia.Prompt(prompts.question, p) for p in portraits])
scores = letheia.world_scorer(people).score(letheia.as_generations(answers, portraits, prompts.question, method="pubg"))
for person, answer, values in zip(split.forget, answers, scores, strict=True):
    found = {s.metric: s.value for s in values}
    print(f"{person.name}: {answer.text}  USR {found['usr']:.0f}, informativeness {found['inform']}")
