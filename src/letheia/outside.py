"""What has come from outside the package in this process: for registering it, for keys, and for further processes."""

from dataclasses import dataclass

from letheia.attacks.base import Attack
from letheia.attacks.table import ATTACKS, add_attack, attack_named
from letheia.clients.judges import JUDGES, judge_named
from letheia.errors import ConfigError
from letheia.methods.table import METHODS, add_method, method_named
from letheia.methods.terms import Method
from letheia.metrics.own import add_metric, metric_named
from letheia.metrics.table import METRICS, Metric


def register(row: Method | Metric | Attack) -> None:
    """Take a method, a metric or an attack of your own up into the tables; its name is known everywhere from then on.

    Processes that `letheia run --jobs` starts do not know it: there, name its file with `--method FILE.py:NAME`.

    Args:
        row: The method, the metric or the attack.

    Raises:
        ConfigError: Its name is taken, or it has a loss or a target that there is not.

    >>> register(Method(name="bg", title="Mine", terms=()))
    Traceback (most recent call last):
        ...
    letheia.errors.ConfigError: method 'bg': the name 'bg' is one of Letheia's own. Choose another.
    """
    if isinstance(row, Method):
        add_method(row)
    elif isinstance(row, Metric):
        add_metric(row)
    elif isinstance(row, Attack):  # pyright: ignore[reportUnnecessaryIsInstance]
        add_attack(row)
    else:
        kinds = "a letheia.Method, a letheia.Metric or a letheia.Attack"
        raise ConfigError(f"register: takes {kinds}, and this is a {type(row).__name__}.")


@dataclass(frozen=True)
class Named:
    """Rows from files and packages, as they were named, so that another process finds them."""

    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    judges: tuple[str, ...]
    attacks: tuple[str, ...] = ()

    def take_up(self) -> None:
        """Name them in this process too."""
        for text in self.methods:
            method_named(text)
        for text in self.metrics:
            metric_named(text)
        for text in self.judges:
            judge_named(text)
        for text in self.attacks:
            attack_named(text)


def named_here() -> Named:
    """What has been named in this process."""
    return Named(
        tuple(row.origin.text for row in METHODS.values() if row.origin and row.origin.text),
        tuple(row.origin.text for row in METRICS.values() if row.origin and row.origin.text),
        tuple(name for name, row in JUDGES.items() if row.code),
        tuple(row.origin.text for row in ATTACKS.values() if row.origin and row.origin.text),
    )


def scoring_code(judge: str) -> list[str]:
    """Fingerprints of the code from outside that scores depend on: of metrics, and of the judge."""
    codes = [row.origin.code for row in METRICS.values() if row.origin]
    return [*codes, JUDGES[judge].code] if judge in JUDGES and JUDGES[judge].code else codes
