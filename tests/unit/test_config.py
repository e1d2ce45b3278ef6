"""One configuration: in and out of YAML, from the command line, with what changes a number in the key."""

import pytest

from letheia.config import StudyConfig, TrainConfig, assigned, merged
from letheia.errors import ConfigError, DataError
from letheia.grid.grid import check_grid
from letheia.prompts.prompt_set import PromptSet
from letheia.study.plan import plan_job
from letheia.train.unlearn import unlearn


def test_what_is_written_is_read(tmp_path):
    config = StudyConfig.create(
        {
            "n": 3,
            "train": {"steps": 60, "weight_decay": 0.1},
            "prompts": {"question": "Who?", "asked": {"where": "Où ?"}},
        }
    )
    config.write(tmp_path / "config.yaml")
    assert StudyConfig.read(tmp_path / "config.yaml") == config
    assert "Où ?" in (tmp_path / "config.yaml").read_text()


def test_settings_of_earlier_versions_are_read(tmp_path):
    """They had the fields of training beside the others; what is nested wins."""
    (tmp_path / "config.yaml").write_text("n: 5\nsteps: 60\nrank: 128\nalpha: 256\nrecompute: true\n")
    found = StudyConfig.read(tmp_path / "config.yaml")
    assert found.train == TrainConfig(steps=60, rank=128, alpha=256, recompute=True) and found.n == 5
    assert StudyConfig.create({"steps": 60, "train": {"steps": 20}}).train.steps == 20


def test_later_settings_win_field_by_field():
    found = merged({"train": {"steps": 30, "rank": 8}}, {"train": {"steps": 60}}, assigned("train.rank=4"))
    assert found == {"train": {"steps": 60, "rank": 4}}
    assert merged({"train": {"rank": 128}}, {"rank": 2}) == {"train": {"rank": 2}}  # also as earlier versions wrote it
    assert assigned("prompts.question=Who is it?") == {"prompts": {"question": "Who is it?"}}
    assert assigned("clip=null") == {"clip": None} and assigned("methods=[ga, bg]") == {"methods": ["ga", "bg"]}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"modle": "x"}, ("modle: is unknown", "did you mean 'model'?")),
        ({"train": {"step": 3}}, ("train.step: is unknown", "did you mean 'steps'?")),
        ({"prompts": {"guidence": "x"}}, ("prompts.guidence: is unknown", "'guidance'")),
        ({"load": {"dtyp": "x"}}, ("load.dtyp: is unknown", "'dtype'")),
        ({"models": ["mistral"], "counts": [5]}, ("models: is unknown", "'model'")),
        ({"train": {"steps": 0}}, ("train.steps", "greater than or equal to 1")),
        ({"train": None}, ("train", "valid dictionary")),
        ({"n": "many"}, ("n:", "valid integer")),
        ({"rates": {"bg": -1}}, ("rates", "bg must be a number above zero")),
        ({"methods": ["pubgg"]}, ("unknown method 'pubgg'", "'pubg'")),
        ({"prompts": {"question": " "}}, ("prompts.question", "is empty")),
        ({"prompts": {"guidance": "\ufeffDescribe."}}, ("prompts.guidance", "byte order mark")),
        ({"prompts": {"refusals": []}}, ("prompts.refusals", "is empty")),
        ({"prompts": {"asked": {"plain": "Who?"}}}, ("prompts.asked", "'plain'")),
        ({"prompts": {"asked": {"../up": "Who?"}}}, ("prompts.asked", "../up")),
    ],
)
def test_a_wrong_setting_is_told_by_its_place(values, words):
    with pytest.raises(ConfigError) as found:
        StudyConfig.create(values)
    assert all(word in str(found.value) for word in words) and "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompts": {"wordings": ["Who is it?"]}}, "has no \\$name"),
        ({"prompts": {"rubrics": {"hall": "Judge it."}}}, "rubrics.hall: has no \\$response"),
        ({"prompts": {"rubrics": {"hal": "$response"}}}, "unknown rubric 'hal': did you mean 'hall'"),
        ({"prompts": {"expert": "Write about $nam."}}, "\\$nam is unknown; did you mean \\$name"),
    ],
)
def test_a_prompt_needs_its_fields(values, words):
    with pytest.raises((ConfigError, DataError), match=words):
        StudyConfig.create(values)


def test_a_grid_has_its_own_fields_in_place_of_a_cells():
    check_grid({"models": ["mistral"], "counts": [5], "train": {"steps": 3}})
    with pytest.raises(ConfigError, match="n: is each cell's own here; 'counts'"):
        check_grid({"n": 5})
    with pytest.raises(ConfigError, match="count: is unknown"):
        check_grid({"count": [5]})


def test_a_file_that_is_no_settings_is_told(tmp_path):
    file = tmp_path / "config.yaml"
    for text, words in (
        ("- a\n", "must have fields"),
        ("a: [", "can't be read as YAML"),
        ("n: 0\n", "n: input should"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=words) as found:
            StudyConfig.read(file)
        assert str(found.value).startswith(f"{file}: ") and "\n" not in str(found.value)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="can't be read"):
        StudyConfig.read(file)
    with pytest.raises(ConfigError, match="nowhere"):
        StudyConfig.read(tmp_path / "nowhere.yaml")
    for text in ("train.steps", "=3", "train..steps=3"):
        with pytest.raises(ConfigError, match="must be a field and a value"):
            assigned(text)


CHANGES = [
    {"model": "llama"}, {"load": {"dtype": "bfloat16"}}, {"n": 5}, {"people": 20}, {"seed": 1}, {"seen": 2},
    {"unseen": 1}, {"strangers": 5}, {"bystanders": 2}, {"max_new_tokens": 64}, {"checked": True}, {"forget": ["a"]},
    {"data": "x"},
    {"candidates": ["a"]}, {"weights": "x"}, {"train": {"steps": 31}}, {"train": {"batch": 4}}, {"train": {"rank": 8}},
    {"train": {"alpha": 8}}, {"train": {"weight_decay": 0.1}}, {"train": {"decay": True}},
    {"prompts": {"question": "Who?"}}, {"prompts": {"guidance": "Describe."}}, {"prompts": {"unknown": ["Somebody."]}},
    {"prompts": {"guidance_words": "Say so."}}, {"prompts": {"refusals": ["No."]}},
    {"prompts": {"wordings": ["Who is $name?"]}}, {"prompts": {"unknown_words": ["Nobody."]}},
    {"prompts": {"asked": {"where": "Where?"}}},
]  # fmt: skip


def test_everything_that_can_change_a_number_is_in_the_key():
    keys = [StudyConfig.create(c).key for c in ({}, *CHANGES)]
    assert len(set(keys)) == len(keys)
    told = {name for c in CHANGES for name in c}
    left = {"methods", "rates", "judge", "clip", "clip_weights", "verdict", "scope"}  # keys of jobs, scores, and none
    assert told | left == set(StudyConfig.model_fields)
    of_training = {name for c in CHANGES for name in c.get("train", {})}
    speed = {"micro_batch", "engine", "recompute", "save_every"}
    assert of_training | speed | {"learning_rate"} == set(TrainConfig.model_fields)


@pytest.mark.parametrize(
    "values",
    [{"train": {"micro_batch": 2}}, {"train": {"engine": "plain"}}, {"train": {"recompute": True}},
     {"train": {"save_every": 1}}, {"prompts": {"expert": "Write about $name."}}],
)  # fmt: skip
def test_what_changes_no_number_is_not_in_the_key(values):
    first, second = StudyConfig.create({}), StudyConfig.create(values)
    assert first.key == second.key and plan_job(first, "bg", 1e-3).key == plan_job(second, "bg", 1e-3).key


def test_a_methods_job_has_its_rate_in_the_key_and_scores_have_their_judge():
    config = StudyConfig.create({})
    assert plan_job(config, "bg", 1e-3).key != plan_job(config, "bg", 2e-3).key != plan_job(config, "ga", 2e-3).key
    changes = (
        {"judge": "none"},
        {"clip": "world"},
        {"clip_weights": "x"},
        {"prompts": {"rubrics": {"hall": "$response"}}},
    )
    others = [StudyConfig.create(c) for c in changes]
    assert all(o.key == config.key for o in others)  # answers stay, scores are made anew
    assert len({config.scoring, *(o.scoring for o in others)}) == 5


def test_prompts_of_a_folder_are_the_same_as_written_ones(tmp_path):
    (tmp_path / "guidance.txt").write_text("Only describe.\n")
    (tmp_path / "refusals.txt").write_text("No.\n\nNever.\n")
    (tmp_path / "judge_hall.txt").write_text("Judge $response.")
    found = PromptSet.read(tmp_path)
    written = {"guidance": "Only describe.", "refusals": ["No.", "Never."], "rubrics": {"hall": "Judge $response."}}
    assert found == PromptSet.create(written) and found.guided("Who?") == "Who?\nOnly describe."
    assert (
        set(found.changed) == {"guidance", "refusals", "rubrics"}
        and found.rubrics["inform"] == PromptSet().rubrics["inform"]
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("guidance.txt", "\ufeffDescribe.", "byte order mark"),
        ("guidance.txt", " \n", "is empty"),
        ("guidence.txt", "Describe.", "did you mean guidance.txt"),
        ("wordings.txt", "Who is $name?\nWho is it?", "has no \\$name"),
        ("expert.txt", "Write.", "has no \\$name"),
    ],
)
def test_a_prompt_of_ones_own_that_cannot_be_used_is_told(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=words) as found:
        PromptSet.read(tmp_path)
    assert str(tmp_path / name) in str(found.value)


def test_a_training_obeys_its_steps():
    with pytest.raises(ConfigError, match="steps: 0 are planned, and the configuration says 30"):
        unlearn(None, None, [], None, None, TrainConfig(learning_rate=1e-3))
    with pytest.raises(ConfigError, match="learning_rate: is needed"):
        unlearn(None, None, [], None, None, TrainConfig())
