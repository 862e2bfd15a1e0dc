"""Words to write: a small list of real words, and random words in the letters of several scripts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Script:
    """A script whose letters stand side by side, so that no shaping is needed.

    Attributes:
        name: name for messages.
        letters: letters of the random words.
        words: real words, written in addition to random ones.
        spaces: whether there are spaces between words.
    """

    name: str
    letters: str
    words: tuple[str, ...] = ()
    spaces: bool = True


_KNOWN = 0.75  # probability of a real word, if the script has any
_LATIN = """
the and with from under light river stone garden evening morning winter summer station window letter
Wait! Where? Never again... Listen: come, go! left right north harbour bridge street market music
theatre Directed by Produced Written Camera Sound Music Editor Assistant Cast Thanks Chapter Part One Two
Tür Straße Mädchen Brücke größer über Schlüssel Grüße für Züge été forêt garçon où château très cœur
señor mañana corazón ¿Dónde? ¡Vamos! também coração São João città perché però źródło łódź święto być
říká žena čas šťastný dağ güneş çocuk ışık İzmir från välkommen ø fjord smørrebrød hús þetta ágúst
1984 2026 12:30 7.5 100% +49 #42 No. 3 A-17 B2 (c) & km/h $9.99 £20 €15 24/7 [applause]
OPEN CLOSED EXIT STOP HOTEL BAKERY NEWS LIVE THE END Episode Fin Ende quick brown jumps lazy fox
"""

SCRIPTS = (
    Script("Latin", "abcdefghijklmnopqrstuvwxyzabdeghilmnorstuABCDEFGHIKLMNOPRSTW", tuple(_LATIN.split())),
    Script("Greek", "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώΑΒΓΔΕΖΗΘΛΞΠΣΦΨΩ"),
    Script("Cyrillic", "абвгдежзийклмнопрстуфхцчшщыьэюяАБВГДЕЖЗИКЛМНОПРСТУФЦЧШЭЮЯ"),
    Script("Hebrew", "אבגדהוזחטיכלמנסעפצקרשת"),
    Script("Armenian", "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքԱԲԳԴԵԶ"),
    Script("Georgian", "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ"),
    Script("Thai", "กขคฆงจฉชซญฐณดตถทธนบปผฝพฟภมยรลวศษสหอฮ"),
    Script("Devanagari", "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह"),
    Script(
        "Japanese",
        "あいうえおかがきくけこさしすせそただちつてとなにぬねのはばひふへほまみむめもやゆよらりるれろわをん"
        "アイウエオカガキクケコサシスソタチツテトナニノハバヒフマミムメモヤユヨラリルレロワン"
        "日月火水木金土人山川田中大小上下左右前後今年時間東西南北国語学校先生車道電話新聞見行来食飲書",
        spaces=False,
    ),
    Script(
        "Korean",
        "가나다라마바사아자차카타파하거너더러머버서어저처고노도로모보소오조초구누두루무부수우주추기니디리미비시이지"
        "한국말글사람물불산강집길밤낮봄여름을겨울눈꽃별달빛속안밖문책",
    ),
)  # fmt: skip


def line(rng: np.random.Generator, script: Script, length: int) -> str:
    """Draw a line of words.

    Args:
        rng: random generator.
        script: script of the words.
        length: smallest number of characters, 1 or more. The last word may exceed it.
    """
    words: list[str] = []
    gap = " " if script.spaces else ""
    while not words or len(gap.join(words)) < length:
        words.append(_word(rng, script))
    return gap.join(words)


def _word(rng: np.random.Generator, script: Script) -> str:
    if script.words and rng.random() < _KNOWN:
        return script.words[int(rng.integers(len(script.words)))]
    letters = rng.integers(len(script.letters), size=int(rng.integers(2, 9)))
    return "".join(script.letters[int(number)] for number in letters)
