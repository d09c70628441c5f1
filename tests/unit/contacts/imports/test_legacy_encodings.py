"""Files of a few names are read in the encoding that they are written in."""

import pytest

from groundwork.tasks.contacts.imports.reading.encoding import detect_encoding
from tests.unit.contacts.imports.files import Folder

NAMES = {
    "cp1250": "Imię;Miasto\nŁukasz;Łódź\nGrażyna;Kraków\n",
    "iso-8859-2": "Jméno;Město\nŠárka;Plzeň\nTomáš;Třebíč\n",
    "cp1251": "Имя;Город\nИван;Москва\nОльга;Тверь\n",
    "koi8-u": "Ім'я;Місто\nІван;Київ\nЇжак;Чернігів\n",
    "cp866": "Имя;Город\nИван;Москва\nОльга;Тверь\n",
    "koi8-r": "Имя;Город\nИван;Москва\nОльга;Тверь\n",
    "cp1252": "Prénom;Ville\nÉric;Orléans\nHélène;Besançon\n",
    "iso-8859-15": "Vorname;Stadt\nJörg;Köln\nRené;Zürich\n",
    "cp852": "Imię;Miasto\nPaweł;Łódź\nGrażyna;Kraków\n",
    "cp1254": "Name;City\nAyşe Yılmaz;İzmir\nÇağlar;Eskişehir\n",
    "cp1255": "Name;City\nדוד;תל אביב\nרחל;ירושלים\n",
    "cp1256": "Name;City\nمحمد;القاهرة\nفاطمة;الرياض\n",
    "cp1257": "Name;City\nJānis Bērziņš;Rīga\nŽydrūnas;Šiauliai\n",
    "cp1258": "Name;City\nNguyê\u0303n;Ha\u0300 Nô\u0323i\n",
    "cp874": "Name;City\nสมชาย;กรุงเทพ\n",
    "euc_jp": "Name;Company\n田中太郎;ソニー\n鈴木花子;表参道商店\n",
    "iso2022_jp": "氏名;会社名\n田中 太郎;株式会社ソニー\n",
    "mac-roman": "Vorname;Stadt\nJörg;Köln\nRené;Zürich\n",
    "cp1253": "Name;City\nΓιώργος;Αθήνα\nΕλένη;Θεσσαλονίκη\n",
    "shift_jis": "氏名;市区町村\n山田 太郎;横浜市\n佐藤 花子;大阪市\n",
    "gb18030": "姓名;城市\n王小明;北京\n李娜;上海\n",
    "big5": "姓名;城市\n王小明;臺北\n陳美玲;高雄\n",
    "euc-kr": "이름;도시\n김철수;서울\n이영희;부산\n",
}


@pytest.mark.parametrize("encoding", NAMES)
def test_an_encoding_is_told_by_a_few_names(encoding: str) -> None:
    content = NAMES[encoding].encode(encoding)
    assert content.decode(detect_encoding(content).name) == NAMES[encoding]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Correo;Nombre;Ciudad\na@example.com;Begoña;Málaga\n"),
        ("cp1252", "Email,Name,City\na@example.com,Begoña Muñoz,Málaga\n"),
        ("cp1250", "Email,Name,City\na@example.com,Jan Tuńczyk,Gdańsk\n"),
        ("iso-8859-15", "E-Mail;Ort;Preis\na@example.com;Köln;5 €\n"),
    ],
)
def test_what_a_person_sees_of_a_few_letters_decides(encoding: str, text: str) -> None:
    content = text.encode(encoding)
    assert content.decode(detect_encoding(content).name) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_wide_encodings_need_no_mark(folder: Folder, encoding: str, mark: str) -> None:
    content = (mark + "Имя,Email\nИван,ivan@example.com\n").encode(encoding)
    assert folder.rows(content) == [{"email": "ivan@example.com", "first_name": "Иван", "last_name": None}]


def test_lines_of_another_file_that_was_appended_are_rejected(folder: Folder) -> None:
    western = "Email,City\na@example.com,Köln\nb@example.com,Düsseldorf\nc@example.com,Nürnberg\n".encode("cp1252")
    content = western + "d@example.com,Zürich\n".encode()
    assert [row["city"] for row in folder.rows(content)] == ["Köln", "Düsseldorf", "Nürnberg"]
    assert folder.reasons(content) == [(5, "invalid_encoding")]


@pytest.mark.parametrize(
    ("encoding", "cities", "other"),
    [
        ("cp1251", ["Москва", "Казань"], "Тверь"),
        ("cp932", ["東京都", "大阪市北区"], "京都市"),
        ("gb18030", ["北京", "上海"], "广州"),
        ("big5", ["臺北", "高雄"], "臺南"),
        ("cp949", ["서울", "부산"], "대구"),
        ("euc_jp", ["さいたま市", "つくば市"], "いわき市"),
    ],
)
def test_utf8_behind_another_encoding_is_rejected_and_does_not_count_for_the_guess(
    folder: Folder, encoding: str, cities: list[str], other: str
) -> None:
    rows = "".join(f"user{at}@example.com,{city}\n" for at, city in enumerate(cities))
    content = f"Email,City\n{rows}".encode(encoding) + f"z@example.com,{other}\n".encode()
    assert [row["city"] for row in folder.rows(content)] == cities
    assert folder.reasons(content) == [(4, "invalid_encoding")]


def test_a_late_first_character_decides_whatever_the_blocks(folder: Folder) -> None:
    rows = b"".join(b"user%d@example.com,Ulm\n" % number for number in range(60_000))
    cities = {row["city"] for row in folder.rows(b"Email,City\n" + rows + "z@example.com,Zürich\n".encode("cp1252"))}
    assert cities == {"Ulm", "Zürich"}


def test_a_large_cyrillic_file_is_read_whole(folder: Folder) -> None:
    rows = "".join(f"user{number}@example.com;Её Иван;Москва\n" for number in range(60_000))
    found = folder.rows(("Email;Имя;Город\n" + rows).encode("cp1251"))
    assert len(found) == 60_000
    assert {row["city"] for row in found} == {"Москва"}
