"""What a user installs has every file of the package, and says of itself what it is."""

import email
import tarfile
import zipfile

import pytest

from installed import MOST, build, contents, expected

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dist"))


def test_a_wheel_of_the_sdist_has_every_file_of_the_package(built):
    sdist, wheel = built
    assert contents(wheel) == expected()
    assert {"letheia/py.typed", "letheia/world/weights/mistral/model.safetensors"} <= contents(wheel)
    assert wheel.stat().st_size < MOST and sdist.stat().st_size < MOST
    with tarfile.open(sdist) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"README.md", "LICENSE", "pyproject.toml"} <= names


def test_it_says_what_it_is(built):
    with zipfile.ZipFile(built[1]) as packed:
        (name,) = [n for n in packed.namelist() if n.endswith(".dist-info/METADATA")]
        told = email.message_from_bytes(packed.read(name))
        (scripts,) = [n for n in packed.namelist() if n.endswith("entry_points.txt")]
        assert "letheia = letheia.__main__:main" in packed.read(scripts).decode()
    assert told["License-Expression"] == "Apache-2.0" and told["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in told.get_all("Classifier")
