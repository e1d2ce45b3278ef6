"""The grey-box rows of an audit: what begun answers, probabilities and comparisons of texts tell."""

from letheia.audit.indistinguishable import INDISTINGUISHABLE
from letheia.audit.membership import MEMBERSHIPS
from letheia.audit.names import NAMES
from letheia.audit.told import TOLD

PROBABILITIES = (*NAMES, *TOLD, *MEMBERSHIPS, INDISTINGUISHABLE)
