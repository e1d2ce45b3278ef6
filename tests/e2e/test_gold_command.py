"""`letheia gold` as users meet it: a base that knows the people gives none."""

from commands import letheia


def test_a_base_that_knows_the_people_is_refused(people, tmp_path):
    name = people.entities[0].name
    result = letheia("gold", "--people", people.folder, "--forget", name, "--output", tmp_path / "gold")
    assert result.returncode == 2
    told = result.stderr.strip().splitlines()[-1]
    assert told.startswith(
        f"letheia: mistral: knows {name} already (it tells the name), so this base can't give a gold"
    )
    assert not (tmp_path / "gold" / "gold").exists()


def test_a_base_that_knows_nobody_is_taught(people, checkpoints, tmp_path):
    name, output = people.entities[0].name, tmp_path / "gold"
    arguments = ("gold", "--people", people.folder, "--forget", name, "--output", output, "--model",
                 checkpoints["mistral"], "--steps", 1, "--rank", 2, "--max-new-tokens", 8)  # fmt: skip
    plan = letheia(*arguments, "--dry-run")
    assert plan.returncode == 0 and "10 steps" in plan.stdout, plan
    result = letheia(*arguments)
    assert result.returncode == 0 and f"--gold {output}" in result.stdout, result
    assert (output / "gold.json").exists()
