"""Every check that needs the weights."""

from letheia.audit.base import Check
from letheia.audit.hidden import HIDDEN
from letheia.audit.noise import NOISE
from letheia.audit.relearning import RELEARNING
from letheia.audit.tampering import WEIGHTS

TAMPERINGS: tuple[Check, ...] = (*WEIGHTS, *RELEARNING, *HIDDEN, *NOISE)
