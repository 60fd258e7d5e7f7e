"""URLs, e-mail addresses, mentions and hashtags: the specification. Each function gives the end, or 0 for none."""

from __future__ import annotations

from cws.units.characters import ALNUM, Text

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
DOMAINS = frozenset(["com", "cn", "net", "org", "edu", "gov", "info"])
DOMAINS_BEFORE_SLASH = DOMAINS.union((
    "io", "me", "cc", "tv", "co", "jp", "uk", "de", "fr", "ru", "tw", "hk", "kr", "us", "eu", "top", "xyz",
    "vip", "club", "site", "online", "tech", "dev", "app", "ai", "la", "so", "in", "gl", "be", "ly",
))  # fmt: skip
ATEXT = ALNUM | frozenset("!#$%&'*+-/=?^_`{|}~.")  # of RFC 5322, and the dot between atoms


def scheme_end(text: Text, at: int) -> int:
    """Where the rest of a URL begins that has its scheme here."""
    if not (text[at] < "\x80" and text.is_letter(at)):
        return 0
    end = text.run_of(at, SCHEME, LONGEST_SCHEME)
    if text.starts(end, "://"):
        return end + 3
    if (
        text.text[at:end].lower() in BARE_SCHEMES
        and text[end] == ":"
        and (text[end + 1] in ALNUM or text[end + 1] in ("+", "?"))
    ):
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


BLANKS_AND_MARKS = frozenset("。！？；：，、.!?;:,")
LONGEST_TOPIC = 40  # characters between # and #, if there is a blank or a sentence mark among them
NO_TOPIC = frozenset('\n\r\v\f\x85\u2028\u2029<>={};\\"')  # line ends, and what code has: #include <x>
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
