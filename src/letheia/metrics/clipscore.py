"""CLIPScore, Hessel et al. 2021: how well a text fits a picture.

Two forms. `clipscore` is the raw cosine of picture and answer, the scale of the unlearning paper's tables (0.18 to
0.30). `clipscore_scaled` is the published number of the original article: 2.5 * max(cosine, 0), with the words that its
public code puts before every text.
"""

SCALE = 2.5

PREFIX = "A photo depicts "
"""What the original article's code puts before a text."""


def scaled(cosine: float) -> float:
    """The original article's form.

    >>> scaled(0.3), scaled(-0.1)
    (0.75, 0.0)
    """
    return SCALE * max(cosine, 0.0)
