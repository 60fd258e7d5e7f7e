"""Tags, entities, placeholders, emoticons, runs of one mark: the specification. Each function gives the end, or 0."""

from __future__ import annotations

from cws.units.characters import ALNUM, DECIMAL, HEX, Text

NAME = ALNUM | frozenset("_:.-")
# After a letter only these are tags: List<String> and vector<int> are generics.
TAGS = frozenset((
    "a", "abbr", "b", "blockquote", "body", "br", "center", "code", "dd", "del", "div", "dl", "dt", "em", "font",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "iframe", "img",
    "input", "ins", "kbd", "label", "li", "link", "mark", "meta", "nav", "ol", "option", "p", "pre", "s",
    "script", "section", "select", "small", "span", "strong", "style", "sub", "sup", "table", "tbody", "td",
    "textarea", "tfoot", "th", "thead", "title", "tr", "u", "ul", "var", "video",
))  # fmt: skip
ATTRIBUTE = ALNUM | frozenset("_:.-=/ \t%#@?!,;+&")
LONGEST_NAME, LONGEST_ATTRIBUTES = 64, 900  # of a tag that has a blank inside
LONGEST_TEMPLATE = 100  # characters of {{ }} that has a blank inside
EMOTICONS = (
    "^_^", "^-^", "^o^", "^O^", ">_<", "-_-", "=_=", "@_@", "*_*", "T_T", "QAQ", "o_O", "O_o", ":-)", ":-(", ";-)",
    ":-D", ":-P", ":)", ";)",
)  # fmt: skip


def markup(text: Text, at: int) -> int:
    first = text[at]
    if first == "<":
        return _tag_end(text, at)
    if first == "-":
        return at + 3 if text.starts(at, "-->") and text[at - 1] != "-" else 0
    if first == "&":
        return _entity_end(text, at)
    if first == "%":
        return _format_end(text, at) or _named_end(text, at)
    return _named_end(text, at) if first in ("$", "#", "{") else 0


def _tag_end(text: Text, at: int) -> int:
    if text.starts(at, "<!--"):
        return at + 4
    begin = at + 2 if text[at + 1] in ("/", "!", "?") else at + 1
    if not (text[begin] < "\x80" and text.is_letter(begin)):
        return 0
    end = text.run_of(begin, NAME)
    name = text.text[begin:end]
    has_attributes = text[end] in (" ", "\t") and end - begin <= LONGEST_NAME
    if has_attributes:
        end = _attributes_end(text, end)
    elif text.starts(end, "/>"):
        end += 2
    elif text[end] == ">":
        end += 1
    else:
        return 0
    after_word = text.is_letter(at - 1) or text[at - 1] == "_"
    if after_word and not (has_attributes or begin == at + 2 or name.lower() in TAGS):
        return 0
    return end


def _attributes_end(text: Text, at: int) -> int:
    """The end of the attributes of a tag and of the tag: they have a value, or a slash ends them. No URL is inside."""
    quote, has_value = "", False
    limit = min(len(text), at + LONGEST_ATTRIBUTES)
    while at < limit:
        character = text[at]
        if character in ("<", "\n", "\r") or text.starts(at, "://"):
            return 0
        if quote:
            quote = "" if character == quote else quote
        elif character in ('"', "'"):
            quote = character
        elif character == ">":
            return at + 1 if has_value or text[at - 1] in ("/", "?") else 0
        elif character not in ATTRIBUTE:
            return 0
        has_value |= character == "=" and not quote
        at += 1
    return 0


def _entity_end(text: Text, at: int) -> int:
    """&nbsp; &#183; &#xB7;"""
    if text[at + 1] == "#":
        begin = at + 3 if text[at + 2] in ("x", "X") else at + 2
        end = text.run_of(begin, DECIMAL if begin == at + 2 else HEX, 8)
    else:
        begin = at + 1
        end = text.run_of(begin, ALNUM, 10) if text[begin] not in DECIMAL else begin
    return end + 1 if end > begin and text[end] == ";" else 0


def _format_end(text: Text, at: int) -> int:
    """%s, %5.2f, %-3d, %1$s, %(name)s; not after a number or word, and not before a letter or digit."""
    if text.is_latin(at - 1) or text[at - 1] in (")", "%"):
        return 0
    end = at + 1
    if text[end] == "(":
        end = text.run_of(end + 1, NAME)
        if text[end] != ")":
            return 0
        end += 1
    end = text.run_of(end, frozenset("-+0#"), 4)
    end = text.run_of(end, DECIMAL, 4)
    if text[end] == "$":
        end += 1
    if text[end] == ".":
        end = text.run_of(end + 1, DECIMAL, 4)
    end = text.run_of(end, frozenset("hlzL"), 2)
    return end + 1 if text[end] in frozenset("sdifxXcegoupr") and not text.is_latin(end + 1) else 0


def _named_end(text: Text, at: int) -> int:
    """{{x}}, {% x %}, ${x}, #{x}, %{x}, {x}; the last not where it may be an argument or a set: f{x}, -{x}-."""
    if text[at] != "{":
        end = text.run_of(at + 2, NAME)
        return end + 1 if text[at + 1] == "{" and text[end] == "}" and end > at + 2 else 0
    if text[at + 1] in ("{", "%"):
        return _template_end(text, at)
    end = text.run_of(at + 1, NAME)
    if text[end] != "}" or end == at + 1 or text[end + 1] in ("-", "}"):
        return 0
    return 0 if text.is_latin(at - 1) or text[at - 1] in frozenset("-\\})]^{$") else end + 1


def _template_end(text: Text, at: int) -> int:
    closing = "}" if text[at + 1] == "{" else "%"
    end, has_blank = at + 2, False
    while text[end] and text[end] not in frozenset("{}%\n\r") and not (has_blank and end - at > LONGEST_TEMPLATE):
        has_blank |= text.kind(end) == "space"
        end += 1
    return end + 2 if end > at + 2 and text[end] == closing and text[end + 1] == "}" else 0


def emoticon(text: Text, at: int) -> int:
    if text.is_latin(at) and text.is_latin(at - 1):
        return 0
    for face in EMOTICONS:
        end = at + len(face)
        if text.starts(at, face) and not (text.is_latin(end - 1) and text.is_latin(end)):
            return end
    return 0


def run_of_one_mark(text: Text, at: int) -> int:
    if text.kind(at) != "mark" or text.is_emoji(at):
        return 0
    end = text.run(at, lambda place: text[place] == text[at] and not text.extends(place + 1))
    return end if end > at + 1 else 0
