"""URLs, e-mail addresses, paths, mentions and hashtags: the specification. Each function gives the end, or 0 for none."""

from __future__ import annotations

from cws.units.characters import ALNUM, LOWER, Text

SCHEME = ALNUM | frozenset("+-.")
LONGEST_SCHEME = 64
# Schemes that need no //. Others would make URLs of words before a colon.
BARE_SCHEMES = frozenset(["mailto", "tel", "urn", "news", "sms", "sip", "sips", "xmpp", "magnet", "doi"])
# The reserved and unreserved characters of RFC 3986, and braces, which templates have. Brackets must be balanced.
URL = ALNUM | frozenset("-._~:/?#[]@!$&'()*+,;=%{}")
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
SENTENCE_END = frozenset(".,;:!?'")  # ends a sentence or a quotation around the URL, rather than the URL
HOST = ALNUM | frozenset("-.")
# Top-level domains of addresses without a scheme. The second list is for those with a slash: so many files end in .so.
DOMAINS = frozenset("com cn net org edu gov info".split())
DOMAINS_BEFORE_SLASH = DOMAINS | frozenset(
    "io me cc tv co jp uk de fr ru tw hk kr us eu top xyz vip club site online tech dev app ai la so in gl be ly".split()
)
ATEXT = ALNUM | frozenset("!#$%&'*+-/=?^_`{|}~.")  # of RFC 5322, and the dot between atoms
PATH = ALNUM | frozenset("_.-+~@%=#&$*?/\\")
PLAIN_PATH = LOWER | frozenset("0123456789_.-/")
# Directories at the root of a file system: /etc after a Han character is a path, where 元/kg is none.
ROOTS = frozenset(
    "bin boot data dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var www".split()
)
# Units of measurement in Latin letters.
MEASURES = frozenset(
    "g kg mg ug μg µg ng pg t m km dm cm mm nm μm µm um s ms ns μs µs min h hr d l L dl dL ml mL μl μL µl µL mol mmol "
    "V kV mV W kW MW GW kWh A mA K Hz kHz MHz GHz THz HZ Pa kPa MPa KPa J kJ MJ N kN B KB MB GB TB PB kB Kb Mb Gb kb "
    "bit bps kbps Mbps Gbps KB/s px pt em rem dpi fps rpm dB eV keV MeV GeV cal kcal ha hm oz lb ft bp kDa Da ppm".split()
)


def scheme_end(text: Text, at: int) -> int:
    """Where the rest of a URL begins that has its scheme here."""
    if not (text[at] < "\x80" and text.is_letter(at)):
        return 0
    end = text.run_of(at, SCHEME, LONGEST_SCHEME)
    if text.starts(end, "://"):
        return end + 3
    if text.text[at:end].lower() in BARE_SCHEMES and text[end] == ":" and (text[end + 1] in ALNUM or text[end + 1] in ("+", "?")):
        return end + 1
    return 0


def url(text: Text, at: int) -> int:
    if begin := scheme_end(text, at):
        return _url_end(text, begin)
    if text.text[at : at + 4].lower() == "www." and text[at + 4] in ALNUM:
        return _url_end(text, at + 4)
    return _domain_end(text, at)


def _url_end(text: Text, begin: int) -> int:
    """The end of a URL after its scheme; 0 if no letter or digit comes."""
    depth = {"]": 0, "}": 0, ")": 0}
    end, has_word = begin, False
    while text[end] in URL or (text.is_letter(end) and text[end] < "\uff00"):
        character = text[end]
        if character in OPENING:
            depth[{"[": "]", "{": "}", "(": ")"}[character]] += 1
        elif character in CLOSING:
            if character != ")" and not depth[character]:
                break
            depth[character] -= 1
        has_word |= text.is_latin(end)
        end += 1
    # What is left of an unbalanced bracket is the sentence's, and so are its marks.
    while end > begin:
        last = text[end - 1]
        if last == ")" and depth[")"] < 0:
            depth[")"] += 1
        elif last not in SENTENCE_END and last not in OPENING:
            break
        end -= 1
    return end if has_word else 0


def _domain_end(text: Text, at: int) -> int:
    """The end of a URL without a scheme: github.com, t.cn/x."""
    if text[at] not in ALNUM:
        return 0
    host = text.run_of(at, HOST)
    while text[host - 1] in (".", "-"):
        host -= 1
    dot = text.text.rfind(".", at, host)
    domain = text.text[dot + 1 : host]
    if dot < 0 or text[host] == "@" or text.is_latin(host) or text[dot - 1] not in ALNUM:
        return 0
    end = host
    if text[end] == ":" and text.is_decimal(end + 1):
        end = text.decimals_end(end + 1, 5)
    if text[end] == "/" and domain in DOMAINS_BEFORE_SLASH:
        return _url_end(text, end) or end
    return end if domain in DOMAINS else 0


def email(text: Text, at: int) -> int:
    if text[at] == '"':
        end = text.run(at + 1, lambda place: "!" <= text[place] <= "~" and text[place] != '"')
        return _mail_domain_end(text, end + 2) if end > at + 1 and text.starts(end, '"@') else 0
    if not text.is_latin(at):
        return 0
    end = text.run(at, lambda place: text[place] in ATEXT or (text.is_letter(place) and text[place] < "\uff00"))
    return _mail_domain_end(text, end + 1) if text[end] == "@" and end > at and text[end - 1] != "." else 0


def _mail_domain_end(text: Text, begin: int) -> int:
    if text[begin] == "[":
        end = text.run(begin + 1, lambda place: "!" <= text[place] <= "~" and text[place] not in ("[", "]", "\\"))
        return end + 1 if text[end] == "]" and end > begin + 1 else 0
    end = 0
    while text[begin] in ALNUM or (text.is_letter(begin) and text[begin] < "\uff00"):
        end = text.run(begin, lambda place: text[place] in ALNUM or text[place] == "-" or text.is_letter(place))
        begin = end + 1 if text[end] == "." else end
    while end and text[end - 1] == "-":
        end -= 1
    return end


def path(text: Text, at: int) -> int:
    first = text[at]
    if first in ALNUM and text.is_letter(at) and text[at + 1] == ":" and text[at + 2] in ("\\", "/"):
        return 0 if text[at + 3] == "/" else _path_end(text, at, text.run_of(at + 2, PATH))
    if text.is_letter(at) and first in ALNUM or first == "_":
        return _relative_path(text, at)
    if first == "~":
        return _path_end(text, at, text.run_of(at, PATH)) if text[at + 1] == "/" else 0
    if first == ".":
        return _dot_path(text, at)
    if first == "\\" and text[at + 1] == "\\" and text[at + 2] in ALNUM:
        end = text.run_of(at + 2, PATH)
        return _path_end(text, at, end) if "\\" in text.text[at + 2 : end] else 0
    if first == "$" and text.is_latin(at + 1):
        end = text.run(at + 1, lambda place: text[place] in ALNUM or text[place] == "_")
        return _path_end(text, at, text.run_of(end, PATH)) if text[end] == "/" else 0
    return _absolute_path(text, at) if first == "/" else 0


def _path_end(text: Text, at: int, end: int) -> int:
    """Without the full stop of the sentence; but . and .. after a slash are directories."""
    last = end
    while last > at and text[last - 1] in (".", "?"):
        last -= 1
    return min(end, last + 2) if text[last - 1] in ("/", "\\") else last


def _dot_path(text: Text, at: int) -> int:
    """./x and ../x, and .git/config."""
    before = text.is_latin(at - 1) or text[at - 1] in (".", ")")
    slash = at + 2 if text[at + 1] == "." else at + 1
    if not before and text[slash] == "/" and (text[slash + 1] in ALNUM or text[slash + 1] in ("_", ".", "*", "~", "-")):
        return _path_end(text, at, text.run_of(at, PATH))
    return _relative_path(text, at) if not before and text[at + 1] in LOWER else 0


def _absolute_path(text: Text, at: int) -> int:
    """/usr/bin; /etc; /x.html. A single name is hardly ever a path after a Han character: 元/kg, 系统/Unix."""
    before = text[at - 1]
    if text.is_latin(at - 1) or text.is_script(at - 1) or before in frozenset(")]}%°℃/\\<"):
        return 0
    if not (text[at + 1] in ALNUM or text[at + 1] in ("_", ".", "~", "$", "@")):
        return 0
    end = text.run_of(at, PATH)
    names = text.text[at + 1 : end].split("/")
    if names[0] in MEASURES:
        return 0
    is_root = names[0] in ROOTS
    is_file = _has_extension(names[0]) or (names[0][:1] == "." and names[0][1:2] in LOWER)
    is_apart = text.kind(at - 1) not in ("han", "other_letter") and len(names[0]) > 1 and names[0][0] in LOWER
    is_deep = len(names) > 2 or (len(names) == 2 and names[1] != "")
    return _path_end(text, at, end) if is_deep or is_root or is_file or is_apart else 0


def _relative_path(text: Text, at: int) -> int:
    """docs/index.md, src/units/scan, App\\Models\\User; but not TCP/IP or mg/L."""
    end = text.run_of(at, PATH)
    piece = text.text[at:end]
    names = piece.replace("\\", "/").split("/")
    if len(names) < 2 or any(character in frozenset("+~@%=#&$*?") for character in piece):
        return 0
    trimmed = names[-1].rstrip(".")
    is_file = _has_extension(trimmed)
    is_deep = len(names) > 2 and not any(name in MEASURES for name in names) and len(names[0]) > 1
    is_plain = all(character in PLAIN_PATH for character in piece)
    is_windows = "/" not in piece
    return _path_end(text, at, end) if is_file or (is_deep and (is_plain or is_windows)) else 0


def _has_extension(name: str) -> bool:
    """Whether it ends in a dot and one to five small letters and digits, a letter first."""
    stem, dot, extension = name.rpartition(".")
    return (
        dot == "."
        and stem[:1] not in DIGITS_OR_NOTHING
        and 1 <= len(extension) <= 5
        and extension[0] in LOWER
        and all(character in LOWER or character in DIGITS_OR_NOTHING for character in extension)
    )


DIGITS_OR_NOTHING = frozenset([*"0123456789", ""])
BLANKS_AND_MARKS = frozenset("。！？；：，、.!?;:,")
LONGEST_TOPIC = 40  # characters between # and #, if there is a blank or a sentence mark among them
NO_TOPIC = frozenset("\n\r\v\f\x85\u2028\u2029<>={};\\\"")  # line ends, and what code has: #include <x>
TOPIC_QUOTES = frozenset("《「『“‘【")


def _name_end(text: Text, at: int) -> int:
    """The end of letters of any script, digits, Han characters, _ and -; 0 if none but the last two come."""

    def belongs(place: int) -> bool:
        if text.extends(place):
            return place > at
        return text.kind(place) in ("letter", "digit", "han", "other_letter") or text[place] in ("_", "-")

    end = text.run(at, belongs)
    return end if any(text[place] not in ("_", "-") for place in range(at, end)) else 0


def mention(text: Text, at: int) -> int:
    return _name_end(text, at + 1) if text.folded(at) == "@" and text[at - 1] != "\\" else 0


def hashtag(text: Text, at: int) -> int:
    if text.folded(at) != "#" or text.folded(at + 1) == "#" or text.folded(at - 1) == "#" or text[at - 1] == "&":
        return 0
    if end := _closed_hashtag(text, at):
        return end
    return 0 if text.is_latin(at - 1) else _name_end(text, at + 1)


def _closed_hashtag(text: Text, at: int) -> int:
    """#x#, to the second #. With a blank or a sentence mark inside, it must not be two hashtags: #1，#2."""
    is_word = text.kind(at + 1) in ("letter", "digit", "han", "other_letter")
    if text.extends(at + 1) or not (is_word or text[at + 1] in TOPIC_QUOTES or text[at + 1] == "_"):
        return 0
    end, is_mixed = at + 1, False
    while text.folded(end) != "#":
        is_mixed |= text[end] in BLANKS_AND_MARKS or text.kind(end) == "space"
        if end >= len(text) or text[end] in NO_TOPIC or (is_mixed and end - at > LONGEST_TOPIC):
            return 0
        end += 1
    if text.is_latin(at - 1) and (is_mixed or text.is_latin(end - 1)):
        return 0
    if is_mixed and (text.is_latin(end + 1) or text.kind(end - 1) == "space"):
        return 0
    return end + 1


