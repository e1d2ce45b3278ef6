"""Names in the cases of German and Slavic languages; nothing else is taken for a name because of them."""

import pytest

from letheia.metrics.labels import collect_labels, named
from letheia.types import Entity, People


def told(name, text, others=()):
    entities = tuple(Entity(id=n, name=n, summary=f"{n} is a poet.") for n in (name, *others))
    return named(text, entities[0], collect_labels(People(folder=None, entities=entities)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Clara Schumann", "Das ist Clara Schumanns Klavier."),
        ("Johann Sebastian Bach", "Johann Sebastian Bachs Werk, auch Johann Bachs."),
        ("Антон Чехов", "Это портрет Антона Чехова."),
        ("Антон Чехов", "Я узнал бы Антона Чехова; об Антоне Чехове писали."),
        ("Антон Чехов", "Картина написана Антоном Чеховым."),
        ("Николай Гоголь", "Это дом Николая Гоголя."),
        ("Фёдор Достоевский", "Роман Фёдора Достоевского."),
        ("Анна Ахматова", "Стихи Анны Ахматовой."),
        ("Софья Ковалевская", "Он писал Софье Ковалевской."),
        ("Софья Ковалевская", "Я вижу Софью Ковалевскую."),
        ("Николай Васильевич Гоголь", "Повесть Николая Васильевича Гоголя."),
        ("Jan Kochanowski", "To jest portret Jana Kochanowskiego."),
        ("Marek Kowalski", "Rozmawiałem z Markiem Kowalskim."),
        ("Maria Konopnicka", "Wiersze Marii Konopnickiej."),
        ("Božena Novotná Vlková", "Boženy Novotny Vlkove"),
        ("Jan Palacký", "Dílo Jana Palackého."),
    ],
)
def test_a_name_in_another_case_is_told(name, text):
    assert told(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Una Varga", "Unas Varga is another."),
        ("Una Varga", "Una varied vargas."),
        ("Una Varga", "Uny Vargi"),  # no Slavic family name
        ("Антон Чехов", "Антона Чеховым"),  # two cases
        ("Антон Чехов", "У антона чехова, Антон Чех."),
        ("Max Marx", "Max Marxs"),
        ("Marek Kowalski", "Marka Kowalska"),
        ("Clara Schumann", "Das ist Schumanns Klavier."),  # a family name alone is not inflected
        ("Bo Ek", "Bo Eks"),
    ],
)
def test_nothing_else_is(name, text):
    assert not told(name, text)


def test_somebody_elses_name_is_theirs():
    assert not told("Una Varga", "This is Una Vargas.", others=["Una Vargas"])
    assert told("Una Varga", "Das ist Una Vargas Haus.", others=["Ivo Vargas"])
