"""What the rules read, as data: the phrasings by which an English encyclopedia tells a fact.

A phrasing is a regular expression whose named groups bear the kinds of the facts in it (`award__2` is an `award`
too). `{SUBJECT}`, `{PLACE}` and their like stand for the pieces below. A new phrasing is a row here and a text with
what it must find in `tests/unit/test_fact_rules.py`.
"""

from collections.abc import Mapping

UPPER = "[" + "".join(c for c in map(chr, range(0x1F00)) if c.isupper() and c.isalpha()) + "]"
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
CAPITAL = rf"(?:(?:St|Ste|Mt|Dr|Mr|Mrs|{UPPER})\.|{UPPER}[\w'’&-]*)"  # a capitalised word, or an initial with its dot
SMALL = "(?:of|the|de|del|della|di|da|do|dos|das|du|des|la|le|les|el|al|upon|sur|am|an|der|den|van|von|und|y|e|et)"
IN_TITLE = (
    "(?:(?:of|and|&|in|to|for|on|by|with|from|at|or|as|is|du|des|de|del|und|y|et)(?: (?:the|an?|my|la|le|les|el"
    "|der|die|das))?"
    "|the|an?|la|le|les|el|der|die|das)"
)
QUOTED = r"(?:\"[^\"]{2,80}\"|“[^”]{2,80}”|‘[^’]{2,80}’|\*[^*]{2,80}\*)"
PLAIN_TITLE = rf"{CAPITAL}(?:[ ](?:{IN_TITLE}[ ])?(?:{CAPITAL}|\d+)){{0,9}}"
TITLE = rf"(?:{QUOTED}|{PLAIN_TITLE})(?: \(\d{{4}}[^)]*\))?"
LATER = r"(?: (?:also|later|then|soon|first|since|again|once|jointly|twice|posthumously|has|had|have|\w+ly)){0,3}"
HONOUR = (
    "(?:Prizes?|Medals?|Medallion|Awards?|Order|Cross|Star|Legion|Laurels?|Laureateship|Fellowship|Oscars?"
    "|Emmys?|Grammys?"
    "|Palme|Bear|Lion|Globes?|Trophy|Cup|Ribbon|Honou?rs?|Lectureship|Scholarship)"
)
WORKS = (
    "novel|novella|book|poem|play|film|movie|opera|operetta|ballet|symphony|concerto|song|album|single|painting"
    "|portrait"
    "|sculpture|statue|fresco|mural|treatise|essay|monograph|memoir|autobiography|biography|story|tale|work"
    "|series|drama"
    "|comedy|tragedy|musical|documentary|masterpiece|self-portrait|canvas|drawing|print|cycle|collection|study|textbook"
    "|composition|tapestry|building|bridge|feature|trilogy|saga|epic|sonata|suite|quartet|cantata|requiem"
    "|sonnet|ballad|ode"
    "|hymn|pamphlet|dictionary|engraving|etching|woodcut|photograph|comic|exposé|report|installation|column|anthology"
)
NOUN = rf"(?:{WORKS}|short stor(?:y|ies)|stories|tragedies|comedies|autobiographies|symphonies|masterpieces)s?"
MADE = (
    "(?:wrote|write|writing|published|publishing|painted|painting|composed|composing|directed|directing|authored"
    "|created"
    "|creating|sculpted|produced|recorded|released|designed|choreographed|illustrated|penned|completed|co-wrote"
    "|translated)"
)
RECEIVED = (
    "(?:received|receives|receive|won|wins|win|shared|earned|(?:was|were|is|been) (?:given|awarded|presented with"
    "|honou?red with|decorated with)|be awarded|be given|gained|holds)"
)
YEAR = r"(?:1\d{3}|20\d{2}|\d{1,3} (?:BC|BCE|AD|CE))"
DATE = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH},? \d{{4}}|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
CIRCA = r"(?:(?:c\.|ca\.|circa|around|about) ?)?"
TITLES = rf"{TITLE}(?:,? and (?:the )?{TITLE}|, (?:and )?{TITLE}){{0,9}}"
AWARD = rf"{CAPITAL}(?:[ ](?:(?:of|for|in)(?: the)? |d[eu] |de la |d')?{CAPITAL}){{0,7}}"
HONOURED = rf"(?=[^.,;()]{{0,100}}?\b{HONOUR}\b){AWARD}"
SCHOOL = "(?:Universit|Colleg|School|Institut|Academ|Conservato|Sorbonne|Polytechni|Seminary)"
PIECES: Mapping[str, str] = {
    "YEAR": YEAR,
    "DATE": DATE,
    "CIRCA": CIRCA,
    "BIRTH": rf"(?:(?P<birth_date>{DATE})|{CIRCA}(?P<birth_year>{YEAR}))",
    "DEATH": rf"(?:(?P<death_date>{DATE})|{CIRCA}(?P<death_year>{YEAR}))",
    "PLACE": rf"(?!{MONTH}\b){CAPITAL}(?:(?:[ ](?:{SMALL}[ ]){{0,2}}|-(?:{SMALL}-){{0,3}}){CAPITAL}){{0,7}}",
    "NAME": rf"{CAPITAL}(?: (?:{SMALL} ){{0,2}}{CAPITAL}){{1,5}}",
    "QUOTED": QUOTED,
    "TITLE": TITLE,
    "TITLES": TITLES,
    "TITLED": rf"(?:(?:called|titled|entitled|named) )?(?P<work>{TITLES})",
    "LONG": rf"(?:{QUOTED}|(?:The|A|An|On) {PLAIN_TITLE}|{CAPITAL} (?:{IN_TITLE} )?{PLAIN_TITLE})",
    "NOUN": NOUN,
    "NOUNS": rf"(?:[\w-]+ ){{0,3}}?{NOUN},?",
    "MADE": MADE,
    "AWARD": AWARD,
    "AWARDED": rf"(?:(?P<award_year>{YEAR}) )?(?P<award>{HONOURED})(?:,? in (?P<award_year__2>{YEAR}))?",
    "RECEIVED": RECEIVED,
    "SCHOOL": rf"(?=[^.,;()]{{0,100}}?\b{SCHOOL}){CAPITAL}(?:[ ](?:{SMALL}[ ]|for[ ]|and[ ]){{0,3}}{CAPITAL}){{0,7}}",
    "IS": rf"(?: is| was| are| were){LATER}",
    "LATER": LATER,
    "HER": "(?:his|her|their|His|Her|Their)",
}
"""What the braces in phrasings stand for; `{SUBJECT}` stands for the person's names and pronouns."""

LIFE: tuple[str, ...] = (
    # what stands in the parenthesis behind the name
    r"(?:born|b\.)(?: {NAME},?)?(?: on)? (?P<birth_date>{DATE})(?:,? (?:in|at) (?P<birthplace>{PLACE}))?",
    r"(?:born|b\.)(?: {NAME},?)?(?: in)? {CIRCA}(?P<birth_year>{YEAR})(?:,? (?:in|at) (?P<birthplace>{PLACE}))?",
    r"(?:born|b\.) in (?P<birthplace>{PLACE})(?:, {PLACE}){{0,3}},?(?: (?:on|in))? "
    r"(?:(?P<birth_date>{DATE})|(?P<birth_year>{YEAR}))",
    r"(?:died|d\.)(?: on| in)? {DEATH}(?:,? in (?P<deathplace>{PLACE}))?",
    r"(?:(?:^|; )(?P<birthplace>{PLACE})(?:, {PLACE}){{0,3}}, )?{BIRTH}"
    r"(?:(?:,? in|,) (?P<birthplace__2>{PLACE})(?:, {PLACE}){{0,3}})?(?: ?[–—-] ?| to )"
    r"(?:(?P<deathplace>{PLACE})(?:, {PLACE}){{0,3}}, )?{DEATH}"
    r"(?:(?:,? in|,) (?P<deathplace__2>{PLACE}))?",
    # a year that stands alone before the dash, such as "12 May – 3 June 1907", gives the other end alone
    r"[–—-] ?(?P<death_date>{DATE})",
)

OPENING: tuple[str, ...] = (
    # the first sentence, which says who somebody is
    r"\b(?:is|was|are|were) (?:an?|the) (?P<profession>[^.;:()]{{1,300}})",
    r"(?<!, who was )\bborn (?:(?:on )?(?P<birth_date>{DATE})|(?:in )?{CIRCA}(?P<birth_year>{YEAR}))(?:,? (?:in"
    r"|at) (?P<birthplace>{PLACE}))?",
    r"(?<!, who was )\bborn in (?P<birthplace>{PLACE})(?:, {PLACE}){{0,3}},? (?:on (?P<birth_date>{DATE})|in"
    r" (?P<birth_year>{YEAR}))",
    r"(?<!, who was )\bborn in (?P<birthplace>{PLACE})",
    r"^[^,;()]{{3,60}}(?: \([^()]*\))?, (?:an?|the) (?P<profession>[^.;:()]{{1,100}}), (?:is|was)\b",
    r"\bwho{LATER} {RECEIVED} (?:the |an? )?{AWARDED}",
    r"\b(?:recipient|winner|laureate|holder) of (?:the|an?) {AWARDED}",
    r"\bwho{LATER} {MADE} (?:the|an?|{HER}) {NOUNS} {TITLED}",
    r"\bwho{LATER} {MADE} (?P<work>{LONG})",
    r"\b(?:author|creator|composer|director|writer|inventor|designer|painter|sculptor|discoverer) of "
    r"(?:the {NOUNS} )?(?P<work>{LONG})",
)

ANYWHERE: tuple[str, ...] = (
    r"{SUBJECT}{IS} (?:an?|the) (?P<profession>[^.;:()]{{1,300}})",
    r"{SUBJECT}{LATER} (?:became|worked as|works as|began work as|made a living as|earned a living as) "
    r"(?:an?|the) (?P<profession>[^.;:()]{{1,300}})",
    r"\b{HER} (?:\w+ )?career as an? (?P<profession>[^.;:()]{{1,300}})",
    r"(?:{SUBJECT},?(?: was| were)?|^)(?: [Bb]orn|Born)(?: {NAME})?(?: on (?P<birth_date>{DATE})| in"
    r" {CIRCA}(?P<birth_year>{YEAR}))"
    r"(?:,? (?:in|at)(?: the \w+ of)? (?P<birthplace>{PLACE}))?",
    r"(?:{SUBJECT},?(?: was| were)?|^)(?: [Bb]orn|Born)(?: {NAME})?(?: (?:into|to) [^.]{{1,60}}?)?,? (?:in|at)"
    r"(?: the (?:\w+ )?(?:town|city|village|port|seaport|suburb|hamlet|parish|district|capital) of)?"
    r" (?P<birthplace>{PLACE})"
    r"(?:(?:, {PLACE}){{0,3}},? (?:on (?P<birth_date>{DATE})|in {CIRCA}(?P<birth_year>{YEAR})))?",
    r"(?:^An? |^|{SUBJECT},? (?:an? )?)[Nn]ative of (?P<birthplace>{PLACE})",
    r"{SUBJECT}{LATER} died(?: [^.,]{{0,100}}?)?(?: (?:in|at) (?P<deathplace>{PLACE})(?:, {PLACE}){{0,3}})?,?"
    r"(?: on (?P<death_date>{DATE})| in (?P<death_year>{YEAR}))(?:,? (?:in|at) (?P<deathplace__2>{PLACE}))?",
    r"(?:{SUBJECT}|(?P<same>\band)){LATER} died(?: [^.,]{{0,100}}?)? (?:in|at) (?P<deathplace>{PLACE})",
    r"(?:{SUBJECT}|(?P<same>\band)){LATER} died(?: [^.,]{{0,100}}?)? in (?P<death_year>{YEAR})",
    r"\b{HER} death (?:in (?P<deathplace>{PLACE})|in (?P<death_year>{YEAR})|on (?P<death_date>{DATE}))",
    # works
    r"\b(?:best|most|widely|chiefly|mainly|also|perhaps|well|internationally)[ -](?:known|famous|celebrated"
    r"|popular|important"
    r"|remembered|acclaimed|influential) (?:[\w-]+ ){{0,2}}?{NOUN},?(?: (?:is|are|was|were|include|includes))?,?"
    r" (?P<work>{TITLES})",
    r"\b(?:known|famous|remembered|celebrated|noted|renowned|acclaimed|praised) (?:\w+ )?for (?:{MADE} )?"
    r"(?:(?:{HER}|the|an?) )?{NOUNS} {TITLED}",
    r"\b(?:known|famous|remembered|celebrated|noted|renowned) (?:\w+ )?for (?:{MADE} )?(?:the"
    r" )?(?P<work>{LONG}(?:,? and (?:the )?{LONG}|, {LONG}){{0,9}})",
    r"\bbest[ -](?:known|remembered) for (?P<work>{TITLE})(?=[.,;]| and\b|$)",
    r"(?:{HER}|{SUBJECT}['’]s?)(?: (?:\w+,? ){{0,3}}?[\w-]+)? {NOUN},? {TITLED}",
    r"{SUBJECT}{LATER} {MADE}(?: in {YEAR})? (?:(?:{HER}|the|an?|two|three|several) )?{NOUNS}"
    r" (?:(?:called|titled|entitled|named|including|such as) )?(?P<work>{TITLES})",
    r"{SUBJECT}{LATER} {MADE} (?P<work>{LONG}(?: \(\d{{4}}\))?(?:,? and {LONG}|, {LONG}){{0,9}})",
    r"(?P<same>\band){LATER} {MADE} (?:{HER}|the|an?) {NOUNS} {TITLED}",
    r"(?P<same>\band){LATER} {MADE} (?P<work>{LONG})",
    r"\bfor (?:{HER}|the|an?) {NOUNS} {TITLED}",
    r"\bpublication of (?:{HER} {NOUNS} )?(?P<work>{TITLES})",
    r"\b{HER} (?P<work>{LONG}),? (?:appeared|was published|came out|became|is (?:still|now)|won)",
    r"\b[Aa]mong {HER} (?:[\w-]+ ){{0,3}}?{NOUN} (?:is|are|was|were) (?P<work>{TITLES})",
    r"^(?:The )?[Aa]uthor of (?:the {NOUNS} )?(?P<work>{TITLES})",
    r"\b(?:One of )?{HER} [^.;]{{1,50}}?, (?:the )?(?P<work>{QUOTED})",
    r"\b{HER} (?:[\w-]+ ){{0,3}}?(?:account|report|record|history|edition|translation|study"
    r"|portrait)\b[^.;]{{0,40}}?, (?P<work>{LONG}),",
    r"\b{NOUN},? (?:that |which |among others )?(?:include|includes|including|such as|like)(?: the (?:[\w-]+"
    r" )?{NOUN})? (?P<work>{TITLES})",
    r"{SUBJECT}{LATER} {MADE} [^.;]{{0,200}}?{NOUN}[^.;]{{0,200}}?, (?:among them|among which are|including"
    r"|such as)(?: the"
    r" {NOUN})? (?P<work>{TITLES})",
    r"{SUBJECT}{IS} the (?:author|creator|composer|director|writer) of "
    r"(?:the {NOUNS} )?(?P<work>{TITLES})",
    r"^(?P<work>{TITLE}),? (?:is|was|remains|became) {HER} (?:[\w-]+ ){{0,3}}?{NOUN}\b",
    r"(?:^|, )(?P<work>{QUOTED}), (?:{HER}) (?:[\w-]+ ){{0,3}}?{NOUN}",
    # awards
    r"{SUBJECT}{LATER} {RECEIVED} (?:(?:the|an?|{HER}|half of the|one of the) )?(?:(?P<award_year>{YEAR}) )?"
    r"(?P<award>{AWARD})(?:,? in (?P<award_year__2>{YEAR}))?",
    r"(?P<same>\band|\bbut){LATER} {RECEIVED} (?:(?:the|an?|{HER}) )?{AWARDED}",
    r"{SUBJECT}{LATER} {RECEIVED} [^.]{{0,200}}?(?:and|,) (?:the|an?) {AWARDED}",
    r"{SUBJECT}(?: is| was){LATER} (?:the|an?) (?:[\w-]+ ){{0,2}}?(?:recipient|winner|laureate|holder) of (?:the"
    r"|an?) {AWARDED}",
    r"(?P<same>\bto) {RECEIVED} (?:the|an?) {AWARDED}",
    r"{SUBJECT}[^.;]{{0,200}}? (?:Member|Officer|Commander|Companion|Knight) of the (?P<award>Order of"
    r" [^.,;()]{{0,100}}?)(?="
    r" in\b|[.,;(]|$)",
    r"\b(?:brought|earned|won|gave) (?:him|her|them) (?:the|an?) {AWARDED}",
    r"\b(?:earned|won) (?:him|her|them) the (?P<award__sure>{AWARD})",
    r"\b(?:awards|honours|honors|prizes|distinctions),? (?:include|including|such as|among them|among which are)"
    r" (?:the|an?) "
    r"(?P<award__sure>{AWARD})(?: \(?(?:in )?(?P<award_year>{YEAR})\)?)?",
    # where it is clear: school, marriage, team
    r"(?:{SUBJECT}|(?P<same>\band|,)){LATER} (?:studied|was educated|were educated|graduated|trained|enrolled"
    r"|read|took (?:a|{HER}) degree"
    r"|matriculated)\b[^.;]{{0,200}}? (?:at|from) (?:the )?(?P<education>{SCHOOL})",
    r"(?:{SUBJECT}|(?P<same>\band)){LATER} (?:attended|entered) (?:the )?(?P<education>{SCHOOL})",
    r"\b(?:degree|doctorate|PhD|diploma) (?:in [\w ]+? )?(?:at|from) (?:the )?(?P<education>{SCHOOL})",
    r"(?:^|, )[Ee]ducated at (?:the )?(?P<education>{SCHOOL})",
    r"\b(?:graduate|alumnus|alumna) of (?:the )?(?P<education>{SCHOOL})",
    r"(?:{SUBJECT}|(?P<same>\band)){LATER} (?:was married to|married|wed|remarried) (?:(?:the|fellow|an?)"
    r" (?:[a-z][\w-]+ ){{1,3}})?(?P<spouse>{NAME})",
    r"\b{HER} (?:first |second |third |late )?(?:wife|husband|spouse),? (?:the (?:[a-z][\w-]+"
    r" ){{1,3}})?(?P<spouse>{NAME})",
    r"\b{HER} (?:first |second |late )?(?:wife|husband) (?:is|was) (?:the (?:[a-z][\w-]+ ){{1,3}})?(?P<spouse>{NAME})",
    r"\b(?:wife|husband|widow|widower) of (?:the (?:[a-z][\w-]+ ){{1,3}})?(?P<spouse>{NAME})",
    r"{SUBJECT}{LATER} (?:plays|played|rode|rides|raced|races|drove|drives|appeared) (?:[\w-]+ ){{0,2}}?for"
    r" (?:the )?(?P<team>{PLACE})",
    r"{SUBJECT}{LATER} (?:captained|joined) (?:the )?(?P<team>{PLACE} (?:United|City|Rovers|Wanderers|Club|FC"
    r"|Town|County))",
)
