"""Names of months in the languages of news sites, as CLDR has them.

Babel has the same data, but takes 70 MB and a third of a second to load it for all languages, which
every worker would do at the first feed that does not say its language; a test compares.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

__all__ = ["MONTHS_OF_TWO_WORDS", "MONTH_NAMES", "fold_month_name", "month_of"]

MIN_PREFIX_CHARS = 3
"""Characters of a name that stand for the whole, as in "Sept"."""
MONTH_NAMES = {
    "ar": "يناير|فبراير|مارس|ابريل|مايو|يونيو|يوليو|اغسطس|سبتمبر|اكتوبر|نوفمبر|ديسمبر",
    "ar_LB": "|شباط|اذار|نيسان|ايار|حزيران|تموز|اب|ايلول|||",
    "be": (
        "сту студзень студзеня|лют лютага люты|сак сакавік сакавіка|"
        "кра красавік красавіка|маи мая|чэр чэрвень чэрвеня|ліп ліпень ліпеня|"
        "жні жнівень жніуня|вер верасень верасня|кас кастрычнік кастрычніка|"
        "ліс лістапад лістапада|сне снежань снежня"
    ),
    "bg": (
        "яну януари|фев февруари|март|апр април|маи|юни|юли|авг август|сеп септември|"
        "окт октомври|ное ноември|дек декември"
    ),
    "bn": (
        "জানু জানুযারি|ফেব ফেবরুযারি|মারচ|এপরি এপরিল|মে|জুন|জুল জুলাই|আগ আগসট|"
        "সেপ সেপট সেপটেমবর|অকটো অকটোবর|নভে নভেমবর|ডিসে ডিসেমবর"
    ),
    "ca": (
        "gen gener|febr febrer|marc|abr abril d'abr d'abril|maig|juny|jul juliol|"
        "ag agost d'ag d'agost|set setembre|d'oct d'octubre oct octubre|nov novembre|"
        "des desembre"
    ),
    "cs": (
        "led leden ledna|uno unor unora|bre brezen brezna|dub duben dubna|"
        "kve kveten kvetna|cerven cervna cvn|cervence cervenec cvc|srp srpen srpna|"
        "zar zari|rij rijen rijna|lis listopad listopadu|pro prosince prosinec"
    ),
    "da": (
        "jan januar|feb februar|mar marts|apr april|maj|jun juni|jul juli|aug august|"
        "sep september|okt oktober|nov november|dec december"
    ),
    "de": (
        "jan januar|feb februar|mar marz|apr april|mai|jun juni|jul juli|aug august|"
        "sep sept september|okt oktober|nov november|dez dezember"
    ),
    "el": (
        "ιαν ιανουαριοσ ιανουαριου|φεβ φεβρουαριοσ φεβρουαριου|μαρ μαρτιοσ μαρτιου|"
        "απρ απριλιοσ απριλιου|μαι μαιοσ μαιου|ιουν ιουνιοσ ιουνιου|"
        "ιουλ ιουλιοσ ιουλιου|αυγ αυγουστοσ αυγουστου|σεπ σεπτεμβριοσ σεπτεμβριου|"
        "οκτ οκτωβριοσ οκτωβριου|νοε νοεμβριοσ νοεμβριου|δεκ δεκεμβριοσ δεκεμβριου"
    ),
    "en": (
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|"
        "sep september|oct october|nov november|dec december"
    ),
    "es": (
        "ene enero|feb febrero|mar marzo|abr abril|may mayo|jun junio|jul julio|"
        "ago agosto|sept septiembre|oct octubre|nov noviembre|dic diciembre"
    ),
    "et": (
        "jaan jaanuar|veebr veebruar|marts|apr aprill|mai|juuni|juuli|aug august|"
        "sept september|okt oktoober|nov november|dets detsember"
    ),
    "eu": (
        "urt urtarrila|ots otsaila|mar martxoa|api apirila|mai maiatza|eka ekaina|"
        "uzt uztaila|abu abuztua|ira iraila|urr urria|aza azaroa|abe abendua"
    ),
    "fa": "ژانویه|فوریه|مارس|اوریل|مه|ژوين|ژويیه|اوت|سپتامبر|اکتبر|نوامبر|دسامبر",
    "fi": (
        "tammi tammikuu tammikuuta|helmi helmikuu helmikuuta|"
        "maalis maaliskuu maaliskuuta|huhti huhtikuu huhtikuuta|"
        "touko toukokuu toukokuuta|kesa kesakuu kesakuuta|heina heinakuu heinakuuta|"
        "elo elokuu elokuuta|syys syyskuu syyskuuta|loka lokakuu lokakuuta|"
        "marras marraskuu marraskuuta|joulu joulukuu joulukuuta"
    ),
    "fr": (
        "janv janvier|fevr fevrier|mars|avr avril|mai|juin|juil juillet|aout|"
        "sept septembre|oct octobre|nov novembre|dec decembre"
    ),
    "gl": (
        "xan xaneiro|feb febreiro|mar marzo|abr abril|maio|xuno|xul xullo|ago agosto|"
        "set setembro|out outubro|nov novembro|dec decembro"
    ),
    "he": (
        "ינואר ינו׳|פברואר פבר׳|מרץ|אפריל אפר׳|מאי|יוני|יולי|אוגוסט אוג׳|ספטמבר ספט׳|"
        "אוקטובר אוק׳|נובמבר נוב׳|דצמבר דצמ׳"
    ),
    "hi": (
        "जनवरी जन॰|फरवरी फर॰|मारच|अपरैल|मई|जून|जुलाई जुल॰|अगसत अग॰|सितंबर सित॰|"
        "अकटूबर अकटू॰|नवंबर नव॰|दिसंबर दिस॰"
    ),
    "hr": (
        "sij sijecanj sijecnja|velj veljaca veljace|ozu ozujak ozujka|"
        "tra travanj travnja|svi svibanj svibnja|lip lipanj lipnja|srp srpanj srpnja|"
        "kol kolovoz kolovoza|ruj rujan rujna|lis listopad listopada|"
        "stu studeni studenoga|pro prosinac prosinca"
    ),
    "hu": (
        "jan januar|febr februar|marc marcius|apr aprilis|maj majus|jun junius|"
        "jul julius|aug augusztus|szept szeptember|okt oktober|nov november|"
        "dec december"
    ),
    "hy": (
        "հնվ հունվար հունվարի|փետրվար փետրվարի փտվ|մարտ մարտի մրտ|ապր ապրիլ ապրիլի|"
        "մայիս մայիսի մյս|հնս հունիս հունիսի|հլս հուլիս հուլիսի|օգոստոս օգոստոսի օգս|"
        "սեպ սեպտեմբեր սեպտեմբերի|հոկ հոկտեմբեր հոկտեմբերի|նոյ նոյեմբեր նոյեմբերի|"
        "դեկ դեկտեմբեր դեկտեմբերի"
    ),
    "id": (
        "jan januari|feb februari|mar maret|apr april|mei|jun juni|jul juli|"
        "agu agustus|sep september|okt oktober|nov november|des desember"
    ),
    "it": (
        "gen gennaio|feb febbraio|mar marzo|apr aprile|mag maggio|giu giugno|"
        "lug luglio|ago agosto|set settembre|ott ottobre|nov novembre|dic dicembre"
    ),
    "ka": (
        "იან იანვარი|თებ თებერვალი|მარ მარტი|აპრ აპრილი|მაი მაისი|ივნ ივნისი|"
        "ივლ ივლისი|აგვ აგვისტო|სექ სექტემბერი|ოქტ ოქტომბერი|ნოე ნოემბერი|დეკ დეკემბერი"
    ),
    "lt": (
        "saus sausio sausis|vas vasario vasaris|kov kovas kovo|bal balandis balandzio|"
        "geg geguze geguzes|birz birzelio birzelis|liep liepa liepos|"
        "rugp rugpjucio rugpjutis|rugs rugsejis rugsejo|spal spalio spalis|"
        "lapkr lapkricio lapkritis|gruod gruodis gruodzio"
    ),
    "lv": (
        "janv janvaris|febr februaris|marts|apr aprilis|maijs|jun junijs|jul julijs|"
        "aug augusts|sept septembris|okt oktobris|nov novembris|dec decembris"
    ),
    "mk": (
        "јан јануари|фев февруари|мар март|апр април|мај|јун јуни|јул јули|авг август|"
        "сеп септември|окт октомври|ное ноември|дек декември"
    ),
    "nb": (
        "jan januar|feb februar|mar mars|apr april|mai|jun juni|jul juli|aug august|"
        "sep september|okt oktober|nov november|des desember"
    ),
    "nl": (
        "jan januari|feb februari|maart mrt|apr april|mei|jun juni|jul juli|"
        "aug augustus|sep september|okt oktober|nov november|dec december"
    ),
    "pl": (
        "sty styczen stycznia|lut lutego luty|mar marca marzec|kwi kwiecien kwietnia|"
        "maj maja|cze czerwca czerwiec|lip lipca lipiec|sie sierpien sierpnia|"
        "wrz wrzesien wrzesnia|paz pazdziernik pazdziernika|lis listopad listopada|"
        "gru grudnia grudzien"
    ),
    "pt": (
        "jan janeiro|fev fevereiro|mar marco|abr abril|mai maio|jun junho|jul julho|"
        "ago agosto|set setembro|out outubro|nov novembro|dez dezembro"
    ),
    "ro": (
        "ian ianuarie|feb februarie|mar martie|apr aprilie|mai|iun iunie|iul iulie|"
        "aug august|sept septembrie|oct octombrie|noiembrie nov|dec decembrie"
    ),
    "ru": (
        "янв январь января|февр февраль февраля|мар март марта|апр апрель апреля|"
        "маи мая|июн июнь июня|июл июль июля|авг август августа|сент сентябрь сентября|"
        "окт октябрь октября|нояб ноябрь ноября|дек декабрь декабря"
    ),
    "sk": (
        "jan januar januara|feb februar februara|mar marca marec|apr april aprila|"
        "maj maja|jun juna|jul jula|aug august augusta|sep september septembra|"
        "okt oktober oktobra|nov november novembra|dec december decembra"
    ),
    "sl": (
        "jan januar|feb februar|mar marec|apr april|maj|jun junij|jul julij|avg avgust|"
        "sep september|okt oktober|nov november|dec december"
    ),
    "sq": (
        "jan janar|shk shkurt|mar mars|pri prill|maj|qer qershor|korr korrik|"
        "gush gusht|sht shtator|tet tetor|nen nentor|dhj dhjetor"
    ),
    "sr": (
        "јан јануар|феб фебруар|мар март|апр април|мај|јун|јул|авг август|"
        "сеп септембар|окт октобар|нов новембар|дец децембар"
    ),
    "sv": (
        "jan januari|feb februari|mars|apr april|maj|juni|juli|aug augusti|"
        "sep september|okt oktober|nov november|dec december"
    ),
    "sw": (
        "jan januari|feb februari|mac machi|apr aprili|mei|jun juni|jul julai|"
        "ago agosti|sep septemba|okt oktoba|nov novemba|des desemba"
    ),
    "ta": (
        "ஜன ஜனவரி|பிப பிபரவரி|மார மாரச|ஏப ஏபரல|மே|ஜூன|ஜூலை|ஆக ஆகஸட|செப செபடமபர|"
        "அக அகடோபர|நவ நவமபர|டிச டிசமபர"
    ),
    "th": (
        "ม.ค มกราคม|ก.พ กมภาพันธ์|มี.ค มีนาคม|เม.ย เมษายน|พ.ค พฤษภาคม|มิ.ย มิถนายน|"
        "ก.ค กรกฎาคม|ส.ค สิงหาคม|ก.ย กันยายน|ต.ค ตลาคม|พ.ย พฤศจิกายน|ธ.ค ธันวาคม"
    ),
    "tr": (
        "oca ocak|sub subat|mar mart|nis nisan|may mayıs|haz haziran|tem temmuz|"
        "agu agustos|eyl eylul|eki ekim|kas kasım|ara aralık"
    ),
    "uk": (
        "січ січень січня|лют лютии лютого|бер березень березня|квіт квітень квітня|"
        "трав травень травня|черв червень червня|лип липень липня|серп серпень серпня|"
        "вер вересень вересня|жовт жовтень жовтня|лист листопад листопада|"
        "груд грудень грудня"
    ),
    "ur": "جنوری|فروری|مارچ|اپریل|ميی|جون|جولايی|اگست|ستمبر|اکتوبر|نومبر|دسمبر",
}
"""Language -> names of the twelve months, folded: abbreviations and whole names, as they stand in a
date and alone."""


MONTHS_OF_TWO_WORDS = {
    "كانون الثاني": "يناير", "تشرين الأول": "أكتوبر", "تشرين الثاني": "نوفمبر",
    "كانون الأول": "ديسمبر",
}  # fmt: skip
"""Names in the Levant -> the name elsewhere, of one word."""
_HEBREW_IN = "ב"
"""Before a month in a Hebrew date: "5 באוקטובר"."""


def fold_month_name(name: str) -> str:
    """The name in lower case, without accents and full stops."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return bare.strip(" .\u200f").replace("’", "'")


def month_of(name: str, language: str = "") -> int:
    """The number of a month; 0 for a name that is none, or not the same month in all languages.

    The names of this language come first, then English ones, then those of all others.
    """
    folded = fold_month_name(name).removeprefix(_HEBREW_IN)
    for names in (_names(language), _names("en"), _names("")):
        found = names.get(folded)
        if found is None and len(folded) >= MIN_PREFIX_CHARS:
            found = _only({number for known, number in names.items() if known.startswith(folded)})
        if found:
            return found
    return 0


@cache
def _names(language: str) -> Mapping[str, int]:
    """Name -> month, of a language; without one, of all languages. 0 for different months."""
    months: defaultdict[str, set[int]] = defaultdict(set)
    for key, table in MONTH_NAMES.items():
        if language in ("", key):
            for number, names in enumerate(table.split("|"), start=1):
                for name in names.split():
                    months[name].add(number)
    return {name: _only(numbers) for name, numbers in months.items()}


def _only(numbers: set[int]) -> int:
    return next(iter(numbers)) if len(numbers) == 1 else 0
