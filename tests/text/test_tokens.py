"""The words of texts in all scripts."""

import time
import unicodedata

import pytest

from aggregator.text.tokens import (
    STEMMERS,
    content_words,
    folded_words,
    has_stems,
    index_text,
    stemmed_words,
    written_words,
)

FOLDED = {
    # accents, letters with strokes, ligatures
    "Łódź, Tromsø, Đức, Đoković": "lodz tromso duc dokovic",
    "Ħal Għaxaq, Ŧåhta, ƒ, ɨ": "hal ghaxaq tahta f i",
    "Œuvre, æon, Straße, ĳs, ﬁnance": "oeuvre aeon strasse ijs finance",
    "Hafþór, Ðýrafjörður, Ŋaa": "hafthor dyrafjordur naa",
    "Çanakkale’de İŞÇİ ışığı, IŞIĞI, ISPARTA": "canakkale de isci isigi isigi isparta",
    "Việt Nam, biểu tình": "viet nam bieu tinh",
    "ΑΠΕΡΓΊΑ, Απεργία, ἀπεργία": "απεργια απεργια απεργια",
    "Военный, ёлка": "военныи елка",
    # apostrophes that are letters, and others
    "Hawaiʻi, Hawai‘i, Hawai’i, Hawai'i": "hawaii hawaii hawaii hawaii",
    "Shi'ite, Shi’ite, Sana'a, Oʻahu": "shiite shiite sanaa oahu",
    "people's, people’s, peopleʼs": "people s people s people s",
    "qu'il, qu’elle, l'eau, d’Ivoire": "qu il qu elle l eau d ivoire",
    "здоровʼя, здоров’я, здоров'я": "здоровя здоровя здоровя",
    'צה"ל, צה״ל, צה”ל': "צהל צהל צהל",
    # vowels that are points go, vowels that are letters stay
    "שְׁבִיתָה, إِضْرَاب, الإضـــراب": "שביתה اضراب الاضراب",
    "کتاب كتاب، مدرسة مدرسه، على علي": "كتاب كتاب مدرسه مدرسه علي علي",
    "می\u200cروم": "ميروم",
    "हिंसा, हंस, हँसी, फ़ैसला": "हिंसा हंस हंसी फैसला",
    "ধর্মঘট, வேலைநிறுத்தம், సమ్మె": "ধর্মঘট வேலைநிறுத்தம் సమ్మె",
    # scripts without spaces
    "深圳工人罢工进入第3天": "深圳 工人 罢工 进入 第 3 天",
    "鉄道のストライキが続く": "鉄道 の ストライキ が 続く",
    "ｽﾄﾗｲｷ・ガソリン": "ストライキ ガソリン",
    "รัฐบาลไทยประกาศขึ้นค่าแรง": "รัฐบาล ไทย ประกาศ ขึ้น ค่าแรง",
    "ລັດຖະບານລາວ": "ລັດຖະບານ ລາວ",
    "រដ្ឋាភិបាលកម្ពុជា": "រដ្ឋាភិបាល កម្ពុជា",
    "မြန်မာအစိုးရ": "မြန်မာ အစိုးရ",
    "건설 노조 파업을": "건설 노조 파업을",
    # digits, invisible characters, what is no word
    "٣٤ ۱۲ १२ ๓๔ １２": "34 12 12 34 12",
    "har\u00adbor, zero\u200bwidth": "harbor zerowidth",
    "🔥 — … !": "",
    "snake_case x2": "snake_case x2",
}


@pytest.mark.parametrize("text", FOLDED)
def test_folded_words(text: str) -> None:
    """Words are compared without capitals, accents, and the ways of typing a letter."""
    assert " ".join(folded_words(text)) == FOLDED[text]


def test_words_as_they_are_written() -> None:
    """Capitals and accents stay, and the words are the same."""
    assert written_words("ICE raids Łódź’s Hawaiʻi") == ["ICE", "raids", "Łódź", "s", "Hawaiʻi"]
    assert written_words("ice cream: 罢工进入") == ["ice", "cream", "罢工", "进入"]


STEMS = {
    "ru": "Военный военные военного ВОЕННЫМИ",
    "pt": "manifestação manifestações Manifestação",
    "es": "deportación deportaciones",
    "de": "Häuser Häusern",
    "tr": "ışık IŞIK ışıklar",
    "el": "απεργίες Απεργίες ΑΠΕΡΓΙΕΣ",
    "ar": "إضراب الإضراب",
    "hi": "लड़के लड़कों",
    "fr": "grève grèves",
}


@pytest.mark.parametrize("language", STEMS)
def test_words_are_stemmed_before_their_accents_go(language: str) -> None:
    """All forms of a word have one stem."""
    assert len(set(stemmed_words(STEMS[language], language))) == 1


def test_which_words_have_stems() -> None:
    """A stemmer knows the letters of its language only."""
    assert has_stems("strike", "en")
    assert has_stems("забастовка", "ru")
    assert not has_stems("забастовка", "en")
    assert not has_stems("strike", "ru")
    assert not has_stems("파업", "en")
    assert all(has_stems("штраjк strajk", language) for language in ("sr", "ru", "en"))
    for language in STEMMERS:
        assert stemmed_words("x", language) == ["x"]


def test_the_index_has_words_as_they_are_written_too() -> None:
    """The stem of a word can only be found from the word with its accents."""
    assert index_text("Plain words") == "plain words"
    assert index_text("Die Wähler wählen") == "die wahler wahlen wählen wähler"


def test_words_that_carry_meaning() -> None:
    """A word of Chinese has two characters, a root of Arabic and Hebrew three letters."""
    words = [
        "the",
        "罢工",
        "的",
        "파업",
        "은",
        "إضراب",
        "من",
        "שביתה",
        "של",
        "スト",
        "デモ",
        "ゼネスト",
        "17",
        "strike",
    ]

    assert " ".join(content_words(words)) == "罢工 파업 إضراب שביתה ゼネスト 17 strike"


def test_accents_apart_from_their_letters() -> None:
    """A text in decomposed form has the words of one in composed form (NFC)."""
    given = "café ocupações военный"
    apart = unicodedata.normalize("NFD", given)

    assert apart != given
    assert written_words(apart) == written_words(given)
    assert folded_words(apart) == folded_words(given)
    assert stemmed_words(apart, "pt") == stemmed_words(given, "pt")


@pytest.mark.parametrize(
    "text",
    [
        "ก",
        "的",
        "ア",
        "က",
        "ក",
        "ກ",
        "'",
        "a'",
        "ʼ",
        "é",
        "\u0301",
        "\u0301\u0323",
        "\u05b0\u05b1",
        "का",
        "한",
        "𞤀",
        "ก\u200b",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """The time for a text grows with its length only."""
    seconds = {}
    for length in (20_000, 200_000):
        began = time.process_time()
        folded_words(text * (length // len(text)))
        seconds[length] = time.process_time() - began

    assert seconds[200_000] < 0.5 + 20 * seconds[20_000]
