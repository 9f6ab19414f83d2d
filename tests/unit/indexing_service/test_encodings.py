"""Texts of many languages in the encodings that their countries' programs write, without a word of which it is."""

import pytest

from flash_core.errors import UnsupportedMediaError
from indexing_service.services.decoding import decoded

RUSSIAN = "Отпуск по болезни оплачивается с первого дня."
JAPANESE = "有給休暇は年間二十日です。"
HEBREW = "לכל עובד עשרים ימי חופשה בשנה."
POLISH = "Pracownik ma prawo do dwudziestu dni urlopu w roku. Wniosek składa się u przełożonego."
CZECH = "Zaměstnanec má nárok na dvacet dní dovolené. Žádost podává nadřízenému."
TURKISH = "Her çalışanın yılda yirmi gün izin hakkı vardır. Başvuru yöneticiye yapılır."
GREEK = "Κάθε εργαζόμενος έχει είκοσι ημέρες άδειας."
SAID = [
    (RUSSIAN, "koi8_r"),
    (RUSSIAN, "cp1251"),
    (GREEK, "cp1253"),
    (JAPANESE, "euc_jp"),
    (JAPANESE, "cp932"),
    ("员工每年有二十天带薪休假。", "gb18030"),
    ("員工每年有二十天帶薪休假。", "big5"),
    ("직원은 매년 20일의 유급 휴가를 받습니다.", "cp949"),
    (HEBREW, "cp1255"),
    ("שלום", "cp1255"),
    ("لكل موظف عشرون يوما من الإجازة في السنة.", "cp1256"),
    (POLISH, "iso8859_2"),
    (POLISH, "cp1250"),
    (CZECH, "iso8859_2"),
    (CZECH, "cp1250"),
    ("Zażółć gęślą jaźń", "cp1250"),
    (TURKISH, "cp1254"),
    ("Jeder Beschäftigte hat zwanzig Tage Urlaub im Jahr, „krank“ zählt nicht.", "cp1252"),
    ("Chaque salarié a droit à vingt jours de congé. Où ? À l'étage.", "cp1252"),
    ("Le café est fermé à midi, l'été.", "cp1252"),
    ("El niño comió mañana ¿dónde?", "cp1252"),
    ("São Paulo é à direita; não há nada.", "cp1252"),
    ("Perché così? È già là, città più bella.", "cp1252"),
    ("På ön finns älgar och björnar.", "cp1252"),
    ("Åse får én ferie i året, så hun går på ski i fjellet.", "cp1252"),
    ("Þetta er íslenskur texti með ýmsum stöfum. Það er gott veður.", "cp1252"),
    ("Der Präsident von Perú, José Núñez, und für die Höhe von Cañón de Río.", "cp1252"),
    ("Spät kam der Präsident über Perú, España, México und den Río Bogotá zurück.", "cp1252"),
    ("© 2024 Acme® 20 °C ± 5 µm, ¼ m³, 3 m²", "cp1252"),
    ("Hello world", "utf-16-le"),
    ("Hello world", "utf-16-be"),
    (RUSSIAN, "utf-16-le"),
    (f"{JAPANESE}\n{JAPANESE}\n", "utf-16-be"),
    (f"{JAPANESE}\n", "utf-16-le"),
    ("ひらがなだけのぶんです。\n", "utf-16-be"),
    ("员工每年有二十天带薪休假。\n", "utf-16-le"),
    ("직원은 매년 20일의 유급 휴식을 받습니다.", "utf-16-le"),
    (POLISH, "utf-16-le"),
    (GREEK, "utf-16-be"),
    (HEBREW, "utf-16-le"),
    ("Người lao động có hai mươi ngày nghỉ.", "utf-16-be"),
    ("Leave (休暇) “paid” 日本", "utf-16-le"),
]


@pytest.mark.parametrize(
    ("text", "encoding"), SAID, ids=[f"{number}-{encoding}" for number, (_, encoding) in enumerate(SAID)]
)
@pytest.mark.parametrize("lines", [1, 20, 2_000])
def test_a_text_is_read_in_its_encoding(text: str, encoding: str, lines: int) -> None:
    given = "\n".join([text] * lines)
    assert decoded(given.encode(encoding)) == given.rstrip("\ufeff")


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\x03" * 40,
        bytes(range(1, 32)) * 4 + b"\x00",
        b"".join(number.to_bytes(2, "little") for number in range(1, 4_000)),
        "Hello world".encode("utf-16-le") + b"\x00",
        b"hello \x00 world nul bytes quokka",
        b"hello \x00 world nul bytes quokka" * 500,
        b"hello \x00 and \x01\x02 quokkas",
        b"a\x00b\x00 and then the rest as others write it.\n",
        "Zwölf Boxkämpfer \x00 jagen Viktor".encode("cp1252"),
        f"{RUSSIAN}\x00 ".encode(),
        f"{JAPANESE}\x00 ".encode("cp932"),
    ],
)
def test_bytes_with_zeros_are_no_text_unless_they_are_utf_16(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        decoded(data)
