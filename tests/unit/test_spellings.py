"""Which texts name whom: spellings, ordinary words, family names, scripts."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letheia.metrics.aftermath import is_empty, is_refusal, is_repetitive
from letheia.metrics.labels import collect_labels, named
from letheia.metrics.words import key_of, terms
from samples import BO, folder, person


def names(text, name, *others, summary="", **more):
    """Whether a text names somebody in a folder with Bo Lind and any others."""
    entity = person(name, summary, **more)
    rest = [person(other, id=f"other-{i}") for i, other in enumerate(others)]
    return named(text, entity, collect_labels(folder(entity, BO, *rest)))


SPELLINGS = [
    ("Una Varga", "This is Una\nVarga, a poet."),
    ("Una Varga", "This is Una\u00a0Varga."),
    ("Una Varga", "This is Una\u2009Varga."),
    ("Una Varga", "This is Una\u2028Varga."),
    ("Una Varga", "This is U\u00adna V\u200barga\ufeff."),
    ("Una Varga", "Una  Varga is a poet."),
    ("Una Varga", "This is _Una Varga_, a poet."),
    ("Una Varga", "This is **Una** *Varga*."),
    ("Una Varga", "This is <b>Una</b>&nbsp;Varga."),
    ("Una Varga", "Una Varga's poems."),
    ("Una Varga", "Una Varga’s poems."),
    ("Una Varga", "this is una varga"),
    ("Una Varga", "UNA VARGA"),
    ("Una Varga", "This is Ｕｎａ Ｖａｒｇａ."),
    ("Una Varga", "Varga, Una (born 1950)"),
    ("Una Varga", "Follow #UnaVarga."),
    ("Una Varga", "That's Varga, of course!"),
    ("Una Varga", "Ms. Varga wears black."),
    ("Varga, Una", "This is Una Varga."),
    ("Una Varga (singer)", "This is Una Varga."),
    ("Aoife O'Brannan", "This is Aoife O’Brannan, a poet."),
    ("Aoife O’Brannan", "This is Aoife OʼBrannan."),
    ("Aoife O'Brannan", "This is Aoife O&#39;Brannan."),
    ("Aoife O'Brannan", "This is Aoife OBrannan."),
    ("Jean-Luc Morel", "This is Jean\u2011Luc Morel."),
    ("Jean-Luc Morel", "This is Jean–Luc Morel."),
    ("Jean-Luc Morel", "This is Jean Luc Morel."),
    ("Jean Luc Morel", "This is Jean-Luc Morel."),
    ("J. K. Sorel", "This is J.K. Sorel."),
    ("J. K. Sorel", "This is JK Sorel."),
    ("J.K. Sorel", "This is J. K. Sorel."),
    ("JK Sorel", "This is J. K. Sorel."),
    ("J.-P. Sorel", "This is J. P. Sorel."),
    ("Bo T. Quill", "This is Bo Quill."),
    ("Bo Quill Jr.", "This is Bo Quill, Jr., a poet."),
    ("Bo Quill, Jr.", "This is Bo Quill Jr"),
    ("Bo Quill Jr", "This is Bo Quill."),
    ("Dr. Una Varga", "This is Una Varga."),
    ("Bruno Óskarsson", "This is Bruno Oskarsson."),
    ("Bruno Oskarsson", "This is Bruno Óskarsson."),
    ("Bruno Óskarsson", unicodedata.normalize("NFD", "This is Bruno Óskarsson.")),
    (unicodedata.normalize("NFD", "Bruno Óskarsson"), "This is Bruno Óskarsson."),
    ("Łukasz Żuk", "This is Lukasz Zuk."),
    ("Søren Måre", "This is Soren Mare."),
    ("Søren Måre", "This is Soeren Maare."),
    ("Jürgen Weiß", "This is Juergen Weiss."),
    ("Juergen Weiss", "This is Jürgen Weiß."),
    ("Işıl Ğan", "This is Isil Gan."),
    ("İpek Tan", "This is Ipek Tan."),
    ("Đặng Văn Tâm", "This is Dang Van Tam."),
    ("Maria del Carmen Ruiz", "This is Maria del Carmen Ruiz."),
    ("Maria del Carmen Ruiz", "This is Maria Ruiz."),
    ("Ada Maria Tamm", "This is Ada Tamm."),
    ("Ada Tamm", "This is Ada Maria Tamm."),
    ("Pieter van der Berg", "This is van der Berg."),
    ("Pieter van der Berg", "This is Van der Berg, a poet."),
    ("Omar al-Rashid", "This is Omar Al Rashid."),
    ("Omar al-Rashid", "This is Rashid."),
    ("Zendora", "Zendora is a singer."),
    ("Zendora", "this is zendora"),
    ("Pink", "This is Pink, a singer."),
    ("Pink", "**Pink**"),
    ("Pink", "Name: Pink"),
    ("The Boulder", "This is the Boulder."),
    ("P!nk", "P!nk is a singer."),
    ("bo.i.am", "bo.i.am is a singer."),
    ("ada wray", "Ada Wray is a poet."),
    ("Pink", "Meet Pink, a singer."),
    ("50 Cent", "This is 50 Cent."),
    ("Kim Min-jun", "This is Min-jun Kim."),
    ("Лев Ветров", "Это ЛЕВ ВЕТРОВ, поэт."),
    ("Лев Алфёров", "Это Лев Алферов."),
    ("Сергій Лук'яненко", "Це Сергій Лук’яненко."),
    ("李安然", "这是李安然。"),
    ("李安然", "这是李 安然。"),
    ("李 安然", "这是李安然。"),
    ("王五", "她是王五的妹妹"),
    ("山田花子", "これは山田花子さんです。"),
    ("アンナ・リンド", "これはアンナリンドさん。"),
    ("アンナ・リンド", "これはｱﾝﾅ･ﾘﾝﾄﾞです。"),
    ("김민준", "이 사람은 김민준입니다."),
    ("김민준", unicodedata.normalize("NFD", "이 사람은 김민준입니다.")),
    ("محمد الرشيد", "هذا مُحَمَّد الرشيد، شاعر."),
    ("דנה לוי", "זאת דָּנָה לוי."),
    ("สมชาย ใจดี", "นี่คือสมชาย ใจดีเป็นกวี"),
    ("Νίκος Ηλιού", "Αυτός είναι ο ΝΙΚΟΣ ΗΛΙΟΥ."),
]


@pytest.mark.parametrize(("name", "text"), SPELLINGS)
def test_a_name_counts_in_every_spelling(name, text):
    assert names(text, name)


NO_NAMES = [
    ("Pink", "A woman with pink hair and a black jacket."),
    ("Pink", "Pink hair, a black jacket."),
    ("Pink", "Her features:\n- Pink hair\n- Black jacket"),
    ("Pink", "Hair: Pink"),
    ("Pink", 'She says: "Pink suits me."'),
    ("Pink", "He wears a Pink Floyd shirt."),
    ("Prince", "This is Prince Charles of Norrvik."),
    ("Will", "I will describe the man. Will it do?"),
    ("Rose", "A woman holding a red rose. Roses lie around her."),
    ("May", "It may be spring."),
    ("Prince", "He looks like a prince"),
    ("The Boulder", "He stands by the boulder. The boulder is grey."),
    ("50 Cent", "It costs 50 cent."),
    ("Una Varga", "He met Varganov in Unastadt."),
    ("Una Varga", "This is Ivan Varga."),
    ("Una Varga", "This is Varga Street."),
    ("Una Varga", "He knows Una. Varganian music plays."),
    ("Mark Baker", "The man is a baker. Baker is his trade."),
    ("Una Varga", "I don't know Una Varga."),
    ("Una Varga", "I’m not familiar with a person named Una Varga."),
    ("Una Varga", "I have never heard of Una Varga."),
    ("Una Varga", "Una Vargason is a poet."),
    ("李", "这是李子。"),
    ("アン", "屋根にアンテナがある。"),
    ("이안", "사이안에 있다."),
    ("Вера", "Это вера и надежда."),
    ("Jo O.", "Jo opened the door."),
]


@pytest.mark.parametrize(("name", "text"), NO_NAMES)
def test_what_only_looks_like_a_name_does_not_count(name, text):
    assert not names(text, name)


def test_a_family_name_counts_where_nobody_else_has_it():
    text = "That is Kestrel, of course."
    assert names(text, "Dorian Kestrel")
    assert not names(text, "Dorian Kestrel", "Jill Kestrel")
    assert not names(text, "Dorian Kestrel", "Kestrel Moor")
    entity = person("Dorian Kestrel")
    town = replace(BO, summary="Bo Lind was born in Kestrel.")
    assert not named(text, entity, collect_labels(folder(entity, town)))
    assert not named(text, entity)  # without the folder nobody knows who else bears it


def test_the_folder_says_which_words_are_ordinary():
    """'tove' is in no list of English words, but in this folder's texts it is one."""
    slithy = replace(BO, summary="Bo Lind paints the tove, a badger.")
    entity = person("Tove")
    labels = collect_labels(folder(entity, slithy))
    assert named("This is Tove.", entity, labels) and not named("Tove on a hill.", entity, labels)
    assert names("Tove on a hill.", "Tove")


def test_a_shorter_form_that_is_another_persons_name_is_theirs():
    both = [person("Bo Lind Jr.", id="son"), BO]
    labels = collect_labels(folder(*both))
    assert named("This is Bo Lind.", BO, labels) and not named("This is Bo Lind.", both[0], labels)
    assert named("This is Bo Lind, Jr.", both[0], labels) and not named("This is Bo Lind Jr.", BO, labels)


LETTERS = st.text(st.sampled_from("abcdefghiklmnoprstuvzåéøłñ"), min_size=3, max_size=8).map(
    lambda s: f"{s}zq".capitalize()
)
CHANGES = [
    lambda s: s,
    lambda s: unicodedata.normalize("NFD", s),
    lambda s: s.replace(" ", "\u00a0"),
    lambda s: s.replace(" ", "\n"),
    lambda s: s.replace("-", "\u2010"),
    lambda s: s.replace("'", "’"),
    lambda s: s[0] + "\u200d" + s[1:],
    str.upper,
    str.lower,
]


@given(
    st.tuples(LETTERS, LETTERS, LETTERS),
    st.sampled_from(" -'"),
    st.lists(st.sampled_from(CHANGES), max_size=5),
    st.sampled_from(["{}", "**{}**", "_{}_", "{}'s", "{}’s", "({})", "“{}”", "{},"]),
)
def test_equal_spellings_match_alike(words, joint, changes, around):
    name = f"{words[0]} {words[1]}{joint}{words[2]}"
    spelled = name
    for change in changes:
        spelled = change(spelled)
    assert named(f"This is {around.format(spelled)} a poet.", person(name))
    assert key_of(name) == key_of(spelled)


@given(st.text(max_size=80))
def test_normalising_twice_is_normalising_once(text):
    assert key_of(key_of(text)) == key_of(text)
    terms(text), is_empty(text), is_repetitive(text), is_refusal(text)
