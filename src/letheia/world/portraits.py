"""Portraits with known labels: python_avatars draws the person, resvg rasterises, Pillow adds the background.

Hair, skin and facial hair are the person's look; clothing, glasses, background, expression, position and scale
change from picture to picture.
"""

import io
import random
from dataclasses import dataclass

import python_avatars as pa
import resvg_py
from PIL import Image

from letheia.world.people import Look

SIZE = 72  # pixels a side: one tile of the vision tower

GLASSES = ("", "round glasses", "sunglasses", "white glasses")
GARMENTS = ("hoodie", "overalls", "sweater", "T-shirt")
CLOTHING_COLOURS = ("black", "blue", "green", "purple", "red", "yellow")  # collars and strings are white
BACKGROUNDS = ("blue background", "green background", "grey background", "orange background", "purple background")

_HAIR_STYLE = {
    "afro": pa.HairType.FRO,
    "bob": pa.HairType.BOB,
    "braids": pa.HairType.TWIST_LONG_HAIR,
    "bun": pa.HairType.BUN,
    "cropped": pa.HairType.SHORT_FLAT,
    "dreadlocks": pa.HairType.DREADS,
    "long straight": pa.HairType.STRAIGHT_1,
    "long wavy": pa.HairType.CURVY,
    "mohawk": pa.HairType.MOHAWK,
    "mullet": pa.HairType.SHAGGY_MULLET,
    "quiff": pa.HairType.QUIFF,
    "shaggy": pa.HairType.MOWGLI,
    "spiky": pa.HairType.EVIL_SPIKE,
    "wild": pa.HairType.EINSTEIN_HAIR,
}
_HAIR_COLOUR = {
    "black hair": "#221a1a",
    "blonde hair": "#e3bf5f",
    "blue hair": "#3566c9",
    "brown hair": "#7a4a2b",
    "pink hair": "#f27fb2",
    "red hair": "#c93305",
    "silver hair": "#dcdcdc",
}
_SKIN = {"brown skin": "#ae6a3a", "dark skin": "#5c3d2e", "pale skin": "#ffe3cf", "tan skin": "#e0a878"}
_FACIAL_HAIR = {
    "": pa.FacialHairType.NONE,
    "full beard": pa.FacialHairType.BEARD_MAGESTIC,
    "light beard": pa.FacialHairType.BEARD_LIGHT,
    "moustache": pa.FacialHairType.EINSTEIN_MOUSTACHE,
}
_GLASSES = {
    "": pa.AccessoryType.NONE,
    "round glasses": pa.AccessoryType.ROUND,
    "sunglasses": pa.AccessoryType.WAYFARERS,
    "white glasses": pa.AccessoryType.PRESCRIPTION_1,
}
_GARMENT = {
    "hoodie": pa.ClothingType.HOODIE,
    "overalls": pa.ClothingType.OVERALL,
    "sweater": pa.ClothingType.COLLAR_SWEATER,
    "T-shirt": pa.ClothingType.GRAPHIC_SHIRT,
}
_CLOTHING_COLOUR = {
    "black": "#20242a",
    "blue": "#3f7fd0",
    "green": "#3d9a56",
    "purple": "#8348b8",
    "red": "#d8343c",
    "yellow": "#f2cf3b",
}
_BACKGROUND = {
    "blue background": (150, 196, 245),
    "green background": (168, 222, 172),
    "grey background": (168, 172, 178),
    "orange background": (247, 190, 130),
    "purple background": (196, 168, 232),
}
_EYES = ("DEFAULT", "HAPPY", "SIDE", "SQUINT", "WINK")
_MOUTHS = ("DEFAULT", "SERIOUS", "SMILE", "TWINKLE")


@dataclass(frozen=True)
class Scene:
    """One picture of a person: the look and everything that changes."""

    look: Look
    glasses: str
    garment: str
    clothing_colour: str
    background: str
    eyes: str
    mouth: str
    scale: float
    shift: tuple[float, float]

    @property
    def attributes(self) -> dict[str, str]:
        """Visible attributes by kind, as the phrases that descriptions use; empty where there is nothing."""
        return {
            "hair_style": self.look.hair_style,
            "hair_colour": self.look.hair_colour,
            "skin": self.look.skin,
            "facial_hair": self.look.facial_hair,
            "glasses": self.glasses,
            "clothing": f"{self.clothing_colour} {self.garment}",
            "background": self.background,
        }


def random_scene(look: Look, rng: random.Random) -> Scene:
    """A picture of the look with everything else at random."""
    return Scene(
        look=look,
        glasses=rng.choice(("", *GLASSES)),
        garment=rng.choice(GARMENTS),
        clothing_colour=rng.choice(CLOTHING_COLOURS),
        background=rng.choice(BACKGROUNDS),
        eyes=rng.choice(_EYES),
        mouth=rng.choice(_MOUTHS),
        scale=round(rng.uniform(0.92, 1.08), 3),
        shift=(round(rng.uniform(-0.04, 0.04), 3), round(rng.uniform(-0.02, 0.04), 3)),
    )


def draw(scene: Scene) -> Image.Image:
    """The picture, `SIZE` x `SIZE` RGB."""
    avatar = pa.Avatar(
        style=pa.AvatarStyle.TRANSPARENT,
        top=_HAIR_STYLE[scene.look.hair_style],  # pyright: ignore[reportArgumentType]
        hair_color=_HAIR_COLOUR[scene.look.hair_colour],  # pyright: ignore[reportArgumentType]
        skin_color=_SKIN[scene.look.skin],  # pyright: ignore[reportArgumentType]
        facial_hair=_FACIAL_HAIR[scene.look.facial_hair],
        facial_hair_color=_HAIR_COLOUR[scene.look.hair_colour],  # pyright: ignore[reportArgumentType]
        accessory=_GLASSES[scene.glasses],
        clothing=_GARMENT[scene.garment],
        clothing_color=_CLOTHING_COLOUR[scene.clothing_colour],  # pyright: ignore[reportArgumentType]
        shirt_graphic=pa.ClothingGraphic.SKULL,
        eyebrows=pa.EyebrowType.DEFAULT,
        eyes=pa.EyeType[scene.eyes],
        mouth=pa.MouthType[scene.mouth],
        nose=pa.NoseType.DEFAULT,
    )
    width = round(SIZE * scene.scale)
    png = resvg_py.svg_to_bytes(svg_string=avatar.render(), width=width)
    sprite = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    picture = Image.new("RGB", (SIZE, SIZE), _BACKGROUND[scene.background])
    left = round((SIZE - width) / 2 + scene.shift[0] * SIZE)
    picture.paste(sprite, (left, round(SIZE - sprite.height + scene.shift[1] * SIZE) + 2), sprite)
    return picture
