"""Lessons: who is asked what in each way, what the original is asked for them, and what is said in a person's place."""

import shutil
from dataclasses import replace

import pytest

from letheia.attacks.questions import BEGUN
from letheia.config import StudyConfig
from letheia.data.folder import read_people, write_people
from letheia.data.lessons import SHARES, as_steps, plan, to_draw
from letheia.data.targets import Texts, examples
from letheia.data.ways import WAYS, Draw, Sources
from letheia.data.wordings import in_words
from letheia.errors import ConfigError
from letheia.methods.table import METHODS
from letheia.models.encoding import encode
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example
from letheia.prompts.prompt_set import PromptSet
from letheia.study.plan import check_scope, plan_job
from letheia.study.request import request, told_before
from letheia.types import Answer, Example, Split


@pytest.fixture
def sources(people):
    split = Split(forget=people.entities[:2], retain=people.entities[2:6])
    return Sources(split=split, people=people, prompts=PromptSet(), ways=tuple(WAYS), seed=0)


def said_of(planned, text):
    return {key: Answer(text(draw)) for key, draw in to_draw(lesson for step in planned for lesson in step).items()}


def test_each_way_has_its_share_of_every_batch(sources):
    planned = plan(sources, steps=4, batch=8)
    counted = {key: sum((x.who, x.way) == key for step in planned for x in step) for key in SHARES}
    there = {key: len(WAYS[key[1]](sources, key[0])) > 0 for key in SHARES}
    assert counted == {key: round(4 * share) * there[key] for key, share in SHARES.items()}
    half = plan(sources, steps=4, batch=4)
    assert sum(x.who == "forget" for step in half for x in step) == 2 * sum(
        share for (who, _), share in SHARES.items() if who == "forget"
    )


def test_scope_recognition_unlearns_nothing_behind_a_name(sources):
    kinds = {(x.who, x.way) for step in plan(replace(sources, scope="recognition"), steps=4, batch=8) for x in step}
    whole = {(x.who, x.way) for step in plan(replace(sources, scope="person"), steps=4, batch=8) for x in step}
    assert whole - kinds == {("forget", "names")} and kinds < whole


def test_a_scope_is_refused_where_a_method_cannot_and_is_in_the_key_where_it_changes_training(people):
    both = {"methods": ("thorough", "bounded"), "scope": "person"}
    with pytest.raises(ConfigError, match="--scope person: 'bounded' never trains on questions that give the name"):
        check_scope(StudyConfig.create(both))
    with pytest.raises(ConfigError, match="--scope recognition: a model without vision"):
        check_scope(StudyConfig.create({"scope": "recognition"}), in_words(people, ["Who is $name?"]))
    configs = [StudyConfig.create({**both, "scope": scope}) for scope in (None, "person", "recognition")]
    keys = [[plan_job(c, name, 1e-3).key for c in configs] for name in ("thorough", "bounded")]
    assert keys[0][0] == keys[0][1] != keys[0][2] and len(set(keys[1])) == 1
    with pytest.raises(ConfigError, match="scope: "):
        StudyConfig.create({"scope": "face"})


def test_names_are_asked_without_a_picture_and_made_up_ones_are_nobodys(sources, people):
    names = {e.name for e in people.entities}
    invented = {lesson.name[0] for lesson in WAYS["names"](sources, "forget")}
    assert len(invented) == 1 and names.isdisjoint(*invented)
    asked = WAYS["names"](sources, "forget")
    assert not any(lesson.portrait.shown for lesson in asked)
    assert all(any(e.name in lesson.question for e in sources.split.forget) for lesson in asked)
    stand_ins = {draw.prompt.question for lesson in asked for draw in lesson.instead}
    assert not any(name in question for question in stand_ins for name in names)


def test_what_is_said_of_somebody_unknown_stands_in_place_of_what_was_known(sources):
    planned = plan(replace(sources, ways=("specific", "names")), steps=2, batch=8)
    stand_ins = WAYS["names"](sources, "forget")[0].name[0]

    def text(draw: Draw) -> str:
        known = draw.prompt.portrait and draw.prompt.portrait.entity
        if known or any(e.name in draw.prompt.question for e in sources.split.forget):
            return "This is known."
        named = [n for n in stand_ins if n in draw.prompt.question]
        return f"I do not know {named[0]}." if named else "I do not know."

    steps = as_steps(planned, said_of(planned, text), sources.prompts, lambda *_: True)
    uses = [use for step in steps for use in step.forget]
    assert {use.response for use in uses} == {"This is known."}
    by_name = {use.instead for use in uses if not use.portrait.shown}
    assert by_name == {f"I do not know {e.name}." for e in sources.split.forget}
    assert {use.instead for use in uses if use.portrait.shown} == {"I do not know."}
    kept = [use for step in steps for use in step.retain]
    assert kept and not any(use.instead for use in kept)


def test_what_names_somebody_is_not_said_in_their_place(sources):
    planned = plan(replace(sources, ways=("specific", "claims")), steps=1, batch=8)
    said = said_of(planned, lambda _: "Yes.")
    (step,) = as_steps(planned, said, sources.prompts, lambda text, _: False)
    stated = sources.prompts.stated(words=False)
    assert {use.instead for use in step.forget} <= set(stated)
    assert not any("Is this" in use.question for use in step.forget)  # a claim has no stated answer


def test_a_begun_answer_is_trained_behind_its_beginning(checkpoints, people):
    model = load_model(checkpoints["mistral"])
    portrait = people.entities[0].portraits[0]
    example = Example(portrait=portrait, question="Who?", answer="This is nobody.", key="", prefix="This is")
    begun, whole = encode_example(model, example), encode_example(model, replace(example, prefix=""))
    assert begun.ids == whole.ids and begun.answer_start > whole.answer_start
    bare = encode(model.processor, "Who?", "This is", picture=model.picture(portrait).text, finished=False)
    assert begun.prompt == bare.ids


def test_a_begun_answer_goes_on_as_for_people_whom_the_original_does_not_know(sources):
    strangers = {p.id for p in sources.people.strangers}
    both = replace(sources, ways=("names", "begun"))
    asked = WAYS["begun"](both, "forget")
    assert {x.portrait.shown for x in asked} == {True, False}
    for lesson in asked:
        assert lesson.instead and all(d.sample and d.prompt.question for d in lesson.instead)
        if lesson.portrait.shown:
            assert {d.prompt.portrait.id for d in lesson.instead} <= strangers
            assert {d.prompt.prefix for d in lesson.instead} == {lesson.prefix}
        else:
            prefixes = [d.prompt.prefix for d in lesson.instead]
            renamed = {p.replace(n, lesson.name[1]) for p, n in zip(prefixes, lesson.name[0], strict=True)}
            assert renamed == {lesson.prefix}
    assert all(x.portrait.shown for x in WAYS["begun"](replace(sources, ways=("begun",)), "forget"))


def test_an_audit_begins_answers_in_other_ways_than_training_but_for_one(sources):
    trained = {*sources.prompts.train_begun, *sources.prompts.train_begun_names}
    audited = {text.replace("{name}", "$name") for texts in BEGUN.values() for text in texts}
    assert trained & audited == {"This is"}  # too usual to be left out


def test_names_that_are_heard_are_asked_about_without_a_picture(sources):
    asked = WAYS["names"](replace(sources, heard=("Ada Nobody",)), "anyone")
    assert {x.question for x in asked} == {t.replace("$name", "Ada Nobody") for t in sources.prompts.train_names}
    assert not any(x.portrait.shown or x.instead for x in asked)
    assert not WAYS["names"](sources, "anyone")


def test_examples_ask_in_the_use_s_own_way(sources):
    planned = plan(replace(sources, ways=("begun",)), steps=1, batch=8)
    said = said_of(planned, lambda draw: f"{draw.prompt.prefix} somebody.")
    steps = as_steps(planned, said, sources.prompts, lambda *_: True)
    texts = Texts(prompts=sources.prompts, references={}, retain=())
    found = examples(steps[0], "own", texts)
    assert found and all(e.prefix and e.answer == f"{e.prefix} somebody." for e in found)
    assert {e.answer for e in examples(steps[0], "reference", texts)} == {e.answer for e in found}


def test_the_texts_that_are_trained_on_are_in_the_key_of_those_who_train_on_them():
    before = StudyConfig()
    other = PromptSet.create({"train_names": ["Do you know $name?"]})
    after = before.model_copy(update={"prompts": other})
    assert before.key == after.key
    for name, changes in (("bounded", False), ("thorough", True)):
        keys = {plan_job(config, name, 1e-3).key for config in (before, after)}
        assert (len(keys) == 2) == changes
    assert METHODS["thorough"].recipe.ways


def test_pictures_of_anyone_keep_what_the_original_says_and_never_name_whom_it_forgets(people, sources):
    pool = tuple(
        replace(p, id=f"anyone-{p.id}", entity="", role="anyone") for e in people.entities[:6] for p in e.portraits[:1]
    )
    with_pool = replace(sources, people=replace(people, anyone=pool), ways=("open",))
    planned = plan(with_pool, steps=2, batch=8)
    about = [lesson for step in planned for lesson in step if lesson.who == "anyone"]
    assert {lesson.portrait.id for lesson in about} <= {p.id for p in pool} and all(
        isinstance(x.own, Draw) for x in about
    )
    gone = sources.split.forget[0]

    def text(draw: Draw) -> str:
        return f"This is {gone.name}." if draw.prompt.portrait == pool[0] else "This is somebody."

    steps = as_steps(planned, said_of(planned, text), sources.prompts, lambda t, _: gone.name not in t)
    kept = {use.response for step in steps for use in step.retain if use.portrait.role == "anyone"}
    assert kept == {"This is somebody."}


def test_a_folder_carries_pictures_of_anyone_and_its_lack_is_told(people, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(people.folder, own)
    moved = tuple(replace(p, file=own / p.file.name, role="anyone") for p in people.strangers)
    entities = tuple(
        replace(e, portraits=tuple(replace(p, file=own / p.file.name) for p in e.portraits)) for e in people.entities
    )
    write_people(replace(people, folder=own, entities=entities, strangers=(), anyone=moved))
    again = read_people(own)
    assert again.anyone == moved and not again.strangers
    for folder, told in ((again, False), (people, True)):
        everybody, split = request(folder, [folder.entities[0].id])
        lines = told_before(everybody, split, methods=("thorough",))
        assert any("role 'anyone'" in line for line in lines) == told
        assert not any("role 'anyone'" in line for line in told_before(everybody, split, methods=("bounded",)))


def test_what_goes_on_without_a_blank_behind_its_beginning_is_left_out(sources):
    planned = plan(replace(sources, ways=("begun",)), steps=2, batch=8)
    glued = as_steps(
        planned, said_of(planned, lambda draw: f"{draw.prompt.prefix}ing."), sources.prompts, lambda *_: True
    )
    assert not any((*step.forget, *step.retain) for step in glued)

    def text(draw: Draw) -> str:
        stranger = draw.prompt.portrait and not draw.prompt.portrait.entity
        return f"{draw.prompt.prefix}{'ing' if stranger else ' known'}."

    steps = as_steps(planned, said_of(planned, text), sources.prompts, lambda *_: True)
    stated = sources.prompts.stated(words=False)
    assert all(use.instead.removeprefix(f"{use.prefix} ") in stated for step in steps for use in step.forget)
