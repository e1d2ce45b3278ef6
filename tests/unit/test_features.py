"""Features of pictures, in memory up to a limit and beyond it on disk."""

import pytest
import torch

from letheia.models.adapter import add_adapter
from letheia.models.loading import load_model


@pytest.fixture
def portraits(people):
    return [e.pictures("seen")[0] for e in people.entities[:4]]


def small(model, portraits, folder, *, pictures=2):
    """The model with room for so many pictures in memory, and the features as they are without a limit."""
    wanted = {p.file: model.picture(p).features.clone() for p in portraits}
    model.pictures.clear()
    model.pictures.folder = folder
    model.pictures.limit = pictures * wanted[portraits[0].file].nbytes
    return wanted


def test_what_memory_does_not_hold_goes_to_disk_and_comes_back(checkpoints, portraits, tmp_path):
    model = load_model(checkpoints["mistral"])
    wanted = small(model, portraits, tmp_path / "features")
    model.load_pictures(portraits)
    assert len(model.pictures) == 2
    assert len(list((tmp_path / "features").glob("*.safetensors"))) == 2
    asked = []
    model._features = lambda *_: asked.append(1)
    for portrait in (*portraits, *portraits):
        assert torch.equal(model.picture(portrait).features, wanted[portrait.file])
        assert model.picture(portrait).text.count("<image>") == len(wanted[portrait.file])
    assert not asked


def test_a_damaged_file_is_computed_again(checkpoints, portraits, tmp_path):
    model = load_model(checkpoints["mistral"])
    wanted = small(model, portraits, tmp_path / "features", pictures=1)
    model.load_pictures(portraits)
    for file in (tmp_path / "features").iterdir():
        file.write_bytes(file.read_bytes()[:40])
    for portrait in portraits:
        assert torch.equal(model.picture(portrait).features, wanted[portrait.file])


def test_other_weights_or_another_picture_do_not_get_them(checkpoints, portraits, tmp_path):
    model = load_model(checkpoints["mistral"])
    small(model, portraits, tmp_path / "features", pictures=1)
    model.load_pictures(portraits)
    first = portraits[0].file
    model.pictures.clear()
    assert first in model.pictures
    other = load_model(checkpoints["mistral"])
    other.pictures.folder = tmp_path / "features"
    with torch.no_grad():
        next(other.network.model.multi_modal_projector.parameters()).add_(1)
    assert first not in other.pictures


def test_an_adapter_does_not_change_the_key(checkpoints):
    model = load_model(checkpoints["mistral"])
    before = model._makes_features()
    add_adapter(model, rank=2, alpha=4, seed=0)
    assert model._makes_features() == before


def test_features_wait_in_the_machines_memory(checkpoints, portraits):
    """Also where the model is elsewhere: a device's memory is for what changes."""
    model = load_model(checkpoints["mistral"])
    moved = []

    class Elsewhere(torch.Tensor):
        def cpu(self, *_, **__):
            moved.append(1)
            return self.as_subclass(torch.Tensor)

    read = model.network.model.get_image_features

    def there(pixel_values=None, image_sizes=None):
        found = read(pixel_values=pixel_values, image_sizes=image_sizes)
        found.pooler_output = [f.as_subclass(Elsewhere) for f in found.pooler_output]
        return found

    model.network.model.get_image_features = there
    assert type(model.picture(portraits[0]).features) is torch.Tensor and moved
