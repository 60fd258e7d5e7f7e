"""Units of every shape, at random: made from grammars and by other libraries, not from the patterns of the scanner."""

from __future__ import annotations

import datetime
import ipaddress
import string
import uuid
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath
from random import Random
from xml.etree import ElementTree

LETTERS, DIGITS, ALNUM = string.ascii_letters, string.digits, string.ascii_letters + string.digits
HAN = "的一是在不了有和人这中大来到他网易杭研国北京天气话题今日电影"
Make = Callable[[Random], str]


def some(random: Random, characters: str, low: int = 1, high: int = 8) -> str:
    return "".join(random.choice(characters) for _ in range(random.randint(low, high)))


# RFC 3986, appendix A.
UNRESERVED = ALNUM + "-._~"
SUB_DELIMS = "!$&'()*+,;="


def pchars(random: Random, low: int, extra: str = ":@") -> str:
    def one() -> str:
        if random.random() < 0.1:
            return "%" + "".join(random.choice("0123456789ABCDEF") for _ in range(2))
        return random.choice(UNRESERVED * 3 + SUB_DELIMS + extra)

    return "".join(one() for _ in range(random.randint(low, low + 8)))


def host(random: Random) -> str:
    kind = random.randrange(4)
    if kind == 0:
        return str(ipaddress.IPv4Address(random.getrandbits(32)))
    if kind == 1:
        return f"[{ipaddress.IPv6Address(random.getrandbits(128))}]"
    return ".".join(some(random, ALNUM) for _ in range(random.randint(1, 4)))


def uri(random: Random) -> str:
    """scheme://authority/path?query#fragment. The last character is no mark that would end a sentence instead."""
    scheme = random.choice(LETTERS) + some(random, ALNUM + "+-.", 0, 10)
    userinfo = some(random, UNRESERVED + SUB_DELIMS + ":") + "@" if random.random() < 0.2 else ""
    port = f":{random.randrange(65536)}" if random.random() < 0.3 else ""
    path = "".join("/" + pchars(random, 0) for _ in range(random.randint(0, 4)))
    query = "?" + pchars(random, 1, ":@/?") if random.random() < 0.4 else ""
    fragment = "#" + pchars(random, 1, ":@/?") if random.random() < 0.2 else ""
    whole = f"{scheme}://{userinfo}{host(random)}{port}{path}{query}{fragment}"
    return whole + random.choice(ALNUM + "/=-_~") if path or query or fragment else whole


# RFC 5322, 3.4.1 without comments and blanks; the first character is a letter, a digit or a quotation mark.
ATEXT = ALNUM + "!#$%&'*+-/=?^_`{|}~"


def addr_spec(random: Random) -> str:
    atoms = [
        random.choice(ALNUM) + some(random, ATEXT, 0, 8),
        *(some(random, ATEXT) for _ in range(random.randrange(3))),
    ]
    local = ".".join(atoms)
    if random.random() < 0.05:
        local = '"' + some(random, ATEXT + ".,:;<>()[]@") + '"'
    if random.random() < 0.05:
        return f"{local}@[{ipaddress.IPv4Address(random.getrandbits(32))}]"
    label = lambda: random.choice(ALNUM) + some(random, ALNUM + "-", 0, 6) + random.choice(ALNUM)  # noqa: E731
    return local + "@" + ".".join(label() for _ in range(random.randint(1, 4)))


def number(random: Random) -> str:
    value = random.choice([random.randrange(10**9), random.uniform(-1e4, 1e4), random.expovariate(1e-9)])
    shown = random.choice([repr, lambda one: f"{one:,}", lambda one: f"{one:.2f}", lambda one: f"{one:.3e}"])(value)
    shown = shown + random.choice(["", "", "%", "％", "万", "亿"]) if shown[-1] in DIGITS else shown
    if random.random() < 0.2:
        shown = shown.translate({code: code + 0xFEE0 for code in range(ord("0"), ord("9") + 1)})
    return shown.replace(",", "'") if random.random() < 0.1 else shown


def digits_of_any_script(random: Random) -> str:
    zero = random.choice("0٠०০๐０")
    return "".join(chr(ord(zero) + random.randrange(10)) for _ in range(random.randint(1, 6)))


def moment(random: Random) -> datetime.datetime:
    return datetime.datetime(1900, 1, 1) + datetime.timedelta(seconds=random.randrange(6 * 10**9))


def date(random: Random) -> str:
    return moment(random).strftime(random.choice(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m"]))


def timestamp(random: Random) -> str:
    return moment(random).isoformat() + random.choice(["", "Z", "+08:00"])


def time(random: Random) -> str:
    shown = moment(random).strftime(random.choice(["%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M%p"]))
    return shown.replace(":", "：") if random.random() < 0.2 else shown


def ip(random: Random) -> str:
    address = random.choice(
        [ipaddress.IPv4Address(random.getrandbits(32)), ipaddress.IPv6Address(random.getrandbits(128))]
    )
    return random.choice([str(address), address.exploded])


def version(random: Random) -> str:
    """Semantic versions 2.0.0, and shorter ones."""
    core = ".".join(str(random.randrange(100)) for _ in range(3))
    pre = "-" + random.choice(["rc1", "alpha.1", "beta", "0.3.7", "x-y"]) if random.random() < 0.4 else ""
    build = "+" + some(random, ALNUM) if random.random() < 0.2 else ""
    return random.choice(["", "v", "V"]) + core + pre + build


def telephone(random: Random) -> str:
    digit = lambda count: some(random, DIGITS, count, count)  # noqa: E731
    return random.choice(
        [
            "1" + digit(10),
            f"010-{digit(8)}",
            f"0{random.randrange(300, 999)}-{digit(7)}",
            f"400-{digit(3)}-{digit(4)}",
            f"+86-10-{digit(8)}",
            f"+86-1{digit(10)}",
            f"(021){digit(8)}",
            f"1{digit(2)}-{digit(4)}-{digit(4)}",
        ]
    )


def plate(random: Random) -> str:
    tail = some(random, DIGITS, 4, 4) + random.choice(string.ascii_uppercase)
    return random.choice("京沪粤苏浙川") + random.choice("ABCDE") + random.choice(["", "·"]) + tail


def hexadecimal(random: Random) -> str:
    value = random.getrandbits(160)
    return random.choice([hex(value), f"{value:040x}", f"{value:040x}"[:7], str(uuid.UUID(int=value >> 32))])


def numeral(random: Random) -> str:
    """A whole number in Chinese numerals with 万 or 亿, or a decimal fraction."""

    def below(limit: int) -> str:
        value, shown = random.randrange(1, limit), ""
        for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            count = value // scale % 10
            shown += "零一二三四五六七八九"[count] + name if count else ""
        return shown

    if random.random() < 0.5:
        return below(10000) + random.choice(["万", "亿", "万亿"])
    fraction = some(random, "一二三四五六七八九", 2, 4)
    return below(100) + "点" + fraction + random.choice(["", "万", "亿"])


def path(random: Random) -> str:
    name = lambda: random.choice(LETTERS) + some(random, ALNUM + "_-.", 4, 8) + random.choice(ALNUM)  # noqa: E731
    names = [name() for _ in range(random.randint(1, 5))]
    kind = random.randrange(5)
    if kind == 0:
        return str(PurePosixPath("/", random.choice(["usr", "etc", "home"]), *names))
    if kind == 1:
        return str(PureWindowsPath(random.choice(LETTERS) + ":\\", *names))
    if kind == 2:
        return "\\\\" + "\\".join(["server", *names])
    if kind == 3:
        return "/".join(["docs", *names]) + random.choice([".md", ".py", ".txt", ".html", ".h"])
    return random.choice(["./", "../", "~/", "$HOME/"]) + "/".join(names)


def mention(random: Random) -> str:
    return random.choice("@＠") + random.choice(LETTERS + HAN) + some(random, ALNUM + "_-" + HAN, 0, 12)


def open_hashtag(random: Random) -> str:
    return "#" + random.choice(LETTERS + HAN) + some(random, ALNUM + "_" + HAN, 0, 12)


def hashtag(random: Random) -> str:
    middle = some(random, HAN + ALNUM + "·—《》-", 0, 12)
    return "#" + random.choice(LETTERS + HAN) + middle + random.choice(["", " " + some(random, HAN)]) + "#"


def latin(random: Random) -> str:
    word = lambda: some(random, LETTERS, 2)  # noqa: E731
    return random.choice(
        [
            word(),
            f"{word()}-{word()}",
            f"O'{word()}",
            f"{word()}'s",
            f"{word()}’s",
            f"{word()}é{word()}",
            "e\u0301" + word(),
            f"{random.choice('ABCDE')}&{random.choice('TRS')}",
            word() + some(random, DIGITS),
            "Ｗ" + "ＴＯ",
            "Привет",
            "αβγ",
            "U.S.",
            "e.g.",
            f"{word()}-{random.randrange(99)}",
        ]
    )


def identifier(random: Random) -> str:
    word = lambda: random.choice(LETTERS + "_") + some(random, ALNUM, 1, 6)  # noqa: E731
    names = [word() for _ in range(random.randint(2, 4))]
    return random.choice(
        [
            "_".join(names),
            ".".join(names),
            "::".join(names),
            "__" + names[0] + "__",
            names[0] + "++",
            "C#",
            ".NET",
            "Node.js",
        ]
    )


def element(random: Random) -> str:
    one = ElementTree.Element(some(random, string.ascii_lowercase))
    if random.random() < 0.5:
        one.set(some(random, LETTERS), some(random, ALNUM + " " + HAN))
    one.text = random.choice(["", "x"])
    shown = ElementTree.tostring(one, encoding="unicode")
    return shown if shown.endswith("/>") else shown[: shown.index(">") + 1]


def placeholder(random: Random) -> str:
    name = some(random, LETTERS + "_")
    letter = random.choice("sdfxeg")
    return random.choice(
        [
            f"<{name.strip('_') or 'N'}>",
            f"</{name.strip('_') or 'N'}>",
            f"{{{{{name}}}}}",
            f"{{{{ {name} }}}}",
            f"${{{name}}}",
            f"%{letter}",
            f"%{random.randrange(9)}.{random.randrange(9)}{letter}",
            f"%({name}){letter}",
            f"{{{name}}}",
            "&nbsp;",
            "&#183;",
            "<br/>",
            "<br />",
        ]
    )


def run_of_marks(random: Random) -> str:
    return random.choice("…—！？。，、~～.!?-=*+") * random.randint(2, 12)


def scripted(random: Random) -> str:
    base = random.choice([some(random, LETTERS, 1, 3), some(random, DIGITS, 1, 3), "H", "米"])
    return base + some(random, random.choice(["⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "₀₁₂₃₄₅₆₇₈₉"]), 1, 3)


SHAPES: dict[str, Make] = {
    make.__name__: make
    for make in (
        uri,
        addr_spec,
        number,
        digits_of_any_script,
        date,
        timestamp,
        time,
        ip,
        version,
        telephone,
        plate,
        hexadecimal,
        numeral,
        path,
        mention,
        open_hashtag,
        hashtag,
        latin,
        identifier,
        element,
        placeholder,
        run_of_marks,
        scripted,
    )
}
# Characters that belong to no unit of that shape: what ends an address ends all but those that run over Han characters.
OVER_HAN = {"mention", "open_hashtag", "numeral"}
CONTEXTS = [("", ""), (" ", " "), ("，", "。"), ("（", "）"), ("“", "”"), ("、", "、")]
HAN_CONTEXTS = [("在", "的"), ("看", "吧"), ("他说", "很好")]


def contexts(shape: str) -> list[tuple[str, str]]:
    return CONTEXTS if shape in OVER_HAN else CONTEXTS + HAN_CONTEXTS
