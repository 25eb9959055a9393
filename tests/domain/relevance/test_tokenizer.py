"""Tokens and stems are equal in all threads."""

from concurrent.futures import ThreadPoolExecutor
from sys import getswitchinterval, setswitchinterval

import pytest

from pyf.aggregator.domain.relevance.tokenizer import iter_stems, stem, tokenize

WORDS = [
    f"{prefix}{root}{ending}"
    for prefix in ("", "un", "re")
    for root in ("valid", "organ", "relat")
    for ending in ("ation", "ational", "izing", "ities", "fulness", "ively", "edly", "ousness", "ment", "able")
]


def test_threads_do_not_disturb_one_another() -> None:
    uncached = stem.__wrapped__
    alone = [uncached(word) for word in WORDS]
    interval = getswitchinterval()
    setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda _: [uncached(word) for word in WORDS], range(40)))
    finally:
        setswitchinterval(interval)

    assert all(each == alone for each in together)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Übersetzung", ["ubersetzung"]),
        ("café", ["cafe"]),
        ("cafe\u0301", ["cafe"]),
        ("Łódź Straße", ["lodz", "strasse"]),
        ("настройки", ["настроики"]),
        ("데이터", ["데이", "이터"]),
        ("Django中文搜索x", ["django", "中文", "文搜", "搜索", "x"]),
        ("中", ["中"]),
        ("पुस्तकालय, বই।", ["पुस्तकालय", "বই"]),
        ("שָׁלוֹם", ["שלום"]),
        ("مُدِيرُ الكُـتُب", ["مدير", "الكتب"]),
        ("þýðing_næst", ["thyding", "naest"]),
    ],
)
def test_diacritics_are_folded_and_unspaced_scripts_split(text: str, words: list[str]) -> None:
    assert tokenize(text) == words


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("中文搜索", "一个数据库管理工具，支持中文搜索"),
        ("検索", "全文検索エンジン"),
        ("데이터베이스", "파이썬데이터베이스도구"),
        ("เนื้อหา", "ระบบจัดการเนื้อหา"),
        ("ubersetzung", "Übersetzung für Plone"),
        ("كاربران", "مدیریت کاربران"),
        ("ادارة", "إدارة المستخدمين"),
    ],
)
def test_words_of_any_language_are_found_in_texts(query: str, document: str) -> None:
    assert set(map(stem, tokenize(query))) <= set(iter_stems(document))
