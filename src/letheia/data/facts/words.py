"""Words that the rules know: professions, the words before them, and where people are from. English only."""

_JOBS = """
academic activist actor actress admiral advocate agriculturist ambassador anarchist animator apothecary archer
architect archivist arranger artisan artist astronaut astronomer athlete author aviator baker ballerina banker
baritone barrister bassist bishop blacksmith bookbinder bookseller botanist boxer brewer broadcaster builder
businessman businesswoman butcher campaigner cantor captain carpenter cartographer cartoonist cellist chancellor chef
chemist choreographer cinematographer cleric climber clockmaker coach cobbler codebreaker collector comedian
comedienne commander composer conductor conjurer contralto cook courtier critic cryptanalyst curator cyclist dancer
dentist designer diarist diplomat director diver dramatist draughtsman drummer editor educator electrician emperor
empress engineer engraver entertainer entrepreneur essayist evangelist executive explorer farmer fencer fiddler
filmmaker financier firefighter fisherman flautist flutist footballer forester friar furrier gardener geisha
geographer geologist glassblower goalkeeper goldsmith golfer governess governor grandmaster guitarist gunsmith gymnast
harpist hatter herbalist herpetologist historian horticulturist humanitarian humorist illusionist illustrator
impresario industrialist inventor jeweler jeweller jockey joiner journalist judge jurist king lawyer lecturer
lexicographer librarian librettist linguist lithographer locksmith logician luthier lyricist magician manufacturer
mathematician mayor merchant meteorologist midwife milliner miner minister missionary monk mountaineer muralist
musician mystic naturalist naturist navigator novelist numismatist nun nurse oboist obstetrician officer official
optician orator organist ornithologist outlaw owner painter palaeontologist paleontologist pamphleteer parliamentarian
pastor pathologist patron peer performer pharmacist philanthropist philologist philosopher photographer
photojournalist physician physicist physiologist pianist pilot pioneer pirate playwright poet poetess politician
polymath pope potter preacher president priest primatologist princess printer printmaker producer professor programmer
prose-writer psalmist psychiatrist psychoanalyst psychologist publisher puppeteer queen rabbi racer rancher reformer
researcher restaurateur revolutionary rower rugby-player runner sailor saint salonist satirist saxophonist scholar
scientist screenwriter scribe sculptor sculptress seamstress seismologist senator settler shoemaker silversmith singer
singer-songwriter skater skier sociologist soldier songwriter sopranist soprano spiritualist sportsman sportsperson
sportswoman sprinter spy statesman stateswoman statistician storyteller strategist suffragette suffragist surfer
surgeon surveyor swimmer tailor teacher tenor theologian theorist toxicologist trader translator traveler traveller
tuner typographer unionist urologist vaudevillian vicar violinist violist virologist virtuoso vocalist warrior
watchmaker weaver whaler woodcarver worker writer yachtsman zoologist
"""
_LOOSE = """
acclaimed accomplished amateur award-winning baroque best black blind brilliant celebrated classical contemporary
controversial cubist deaf distinguished early edwardian eminent experimental expressionist famous fellow female
fictional first former full-time gay gifted great greatest important impressionist independent influential innovative
key known last late later leading legendary lesbian lifelong major male medieval minor modern modernist naturalised
naturalized new notable noted now old one-time only outspoken own part-time pioneering popular post-impressionist
prize-winning professional prolific prominent radical renaissance renowned respected retired romantic second self-made
self-taught sometime successful surrealist then theoretical veteran victorian wealthy well-known white woman women's
young
"""
_COMPOUND = """
aeronautical botanical chemical civil comic cultural economic electrical environmental figure-skating folk industrial
legal marine mathematical mechanical medical military molecular musical naval nuclear operatic organic physical
political public racing skating social structural
"""
_DEMONYMS = """
Afghan Albanian Algerian American Andorran Angolan Argentine Argentinian Armenian Australian Austrian Azerbaijani
Bahamian Bahraini Bangladeshi Barbadian Basque Bavarian Belarusian Belgian Belizean Bengali Beninese Bhutanese
Bohemian Bolivian Bosnian Brazilian Breton British Bulgarian Burmese Burundian Byzantine Cambodian Cameroonian
Canadian Castilian Catalan Chadian Chilean Chinese Colombian Congolese Cornish Corsican Cretan Croatian Cuban Cypriot
Czech Czechoslovak Dalmatian Danish Dominican Dutch Ecuadorian Egyptian English Eritrean Estonian Ethiopian Faroese
Fijian Filipino Finnish Flemish Florentine French Frisian Gabonese Galician Gambian Genoese Georgian German Ghanaian
Greek Greenlandic Guatemalan Guinean Guyanese Haitian Hawaiian Honduran Hungarian Icelandic Indian Indonesian Iranian
Iraqi Irish Israeli Italian Ivorian Jamaican Japanese Jordanian Kazakh Kenyan Korean Kosovar Kurdish Kuwaiti Kyrgyz
Laotian Latvian Lebanese Liberian Libyan Lithuanian Luxembourgish Macedonian Malagasy Malawian Malaysian Malian
Maltese Manx Maori Mauritanian Mauritian Mexican Moldovan Mongolian Montenegrin Moravian Moroccan Mozambican Namibian
Neapolitan Nepalese Nepali Nicaraguan Nigerian Norwegian Omani Ottoman Pakistani Palestinian Panamanian Paraguayan
Persian Peruvian Polish Portuguese Provençal Prussian Quebecois Romanian Russian Rwandan Saint-Lucian Salvadoran
Samoan Sardinian Saudi Savoyard Saxon Scots Scottish Senegalese Serbian Siberian Sicilian Silesian Singaporean Slovak
Slovene Slovenian Somali Soviet Spanish Sudanese Surinamese Swedish Swiss Syrian Taiwanese Tajik Tanzanian Tatar Thai
Tibetan Togolese Trinidadian Tunisian Turkish Turkmen Tuscan Ugandan Ukrainian Uruguayan Uzbek Venetian Venezuelan
Vietnamese Welsh Yemeni Yugoslav Zambian Zimbabwean
"""

JOBS = frozenset(_JOBS.split())
"""What somebody can be, as the last word of a profession; words such as `model` or `general` mean too much else."""
LOOSE = frozenset(_LOOSE.split())
"""Words before a profession that say how, not what: they are left out of the label."""
COMPOUND = frozenset(_COMPOUND.split())
"""Adjectives that belong to the profession: a civil engineer is no mere engineer."""
DEMONYMS = frozenset(_DEMONYMS.split())
"""Where somebody is from, in one word; `New Zealand` and such stand below."""
_JOB_ENDINGS = (
    "ologist ographer onomer ician wright smith naut maker keeper blower player skater singer writer designer chemist "
    "physicist engineer painter carver driver"
)
JOB_ENDINGS = tuple(_JOB_ENDINGS.split())
_NEEDS_A_WORD = "keeper player maker blower driver carver racer pioneer official worker owner"
NEEDS_A_WORD = frozenset(_NEEDS_A_WORD.split())
"""A profession only with a word before it, such as `chess player`."""
TWO_WORDS = (
    "New Zealand",
    "South African",
    "Costa Rican",
    "Puerto Rican",
    "Sri Lankan",
    "South Korean",
    "North Korean",
)
