"""An answer with everything found in it: what every metric and every judge reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from letheia.metrics import judges
from letheia.metrics.aftermath import DESCRIBES, Aftermath
from letheia.metrics.labels import Facts, Visible
from letheia.metrics.language import Language
from letheia.metrics.usr import Overlap
from letheia.types import Entity, Portrait

NO_FACTS = "the person has no labelled facts; 'letheia people facts' derives them from the summary"
NO_CLIP = "no CLIP was given; '--clip MODEL' scores it"
UNREAD = Language(None, "the original was not at hand to tell language from babble")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An answer with everything found in it; what metrics look at.

    Attributes:
        answer: The answer.
        entity: The person; none for a stranger.
        portrait: The picture.
        facts: Facts in the answer.
        visible: Attributes in the answer.
        overlap: Its overlap with summaries; none for a stranger, and where summaries can't be compared.
        no_overlap: Why there is no overlap.
        cosine: CLIP's cosine with the picture, if there is a CLIP.
        aftermath: What became of it.
        verdicts: The judges' verdicts by judge; none before they have judged.
        asked: What the question gives away of the person; it is in none of `facts`.
        language: Whether the answer is garbled.
        tells: Whether it reads like the summary; judged of people without labelled facts only.
        depicted: CLIP's cosine of the picture with "A photo depicts" and the answer.
        floor: CLIPScore from which on a text describes a picture, where one is known.
    """

    answer: str
    entity: Entity | None
    portrait: Portrait
    facts: Facts
    visible: Visible
    overlap: Overlap | None
    cosine: float | None
    aftermath: Aftermath = "other"
    verdicts: Mapping[str, judges.Verdict] = field(default_factory=dict[str, judges.Verdict])
    no_overlap: str = ""
    asked: tuple[str, ...] = ()
    language: Language = UNREAD
    tells: bool = False
    floor: float | None = None
    depicted: float | None = None

    @property
    def describes(self) -> bool | None:
        """Whether a judge or CLIPScore says that the answer describes the picture; None where neither is there."""
        inform = self.verdicts["inform"].value if self.verdicts else None
        if inform is not None:
            return inform >= DESCRIBES
        return None if self.cosine is None or self.floor is None else self.cosine > self.floor
