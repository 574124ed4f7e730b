"""Sources of R, Go, C and C++ as streams of tokens: comments gone, texts decoded, each token with its line."""

import re
from typing import NamedTuple

MOST_TOKENS = 2_000_000


class Token(NamedTuple):
    kind: str  # "name", "text", "number", "sign"
    text: str  # of a text: what it holds, escapes decoded
    line: int


NAME = r"(?P<name>[^\W\d]\w*)"
NUMBER = r"(?P<number>\.?\d(?:[\w.]|[eEpP][+-])*)"
DOUBLE = r'"(?P<double>(?:[^"\\\n]|\\.)*)"?'
SINGLE = r"'(?P<single>(?:[^'\\\n]|\\.)*)'?"
SIGN = r"(?P<sign>\S)"

C = re.compile("|".join([r"(?P<comment>//(?:[^\n\\]|\\.|\\\n)*|/\*.*?(?:\*/|\Z))", r'(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\((?P<raw>.*?)\)(?P=mark)"',
                         r"(?:u8|[uUL])?" + DOUBLE, SINGLE, NAME, NUMBER, r"(?P<two>::|->)", SIGN]), re.S)
GO = re.compile("|".join([r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))", r"`(?P<raw>[^`]*)`?", DOUBLE, SINGLE, NAME, NUMBER, r"(?P<two>:=|<-)", SIGN]), re.S)
R = re.compile("|".join([r"(?P<comment>#[^\n]*)", r"""[rR](?P<quote>["'])(?P<dashes>-*)(?P<open>[(\[{])(?P<raw>.*?)[)\]}](?P=dashes)(?P=quote)""",
                         r'"(?P<double>(?:[^"\\]|\\.)*)"?', r"'(?P<single>(?:[^'\\]|\\.)*)'?", r"`(?P<ticked>[^`]*)`?",
                         r"(?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*)", NUMBER, r"(?P<two>:::?|<<?-|\|>)", SIGN]), re.S)

ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u\{?([0-9a-fA-F]{1,8})\}?|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))", re.S)
PLAIN = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def decoded(text):
    if "\\" not in text:
        return text

    def one(match):
        for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
            if match.group(group):
                number = int(match.group(group), base)
                return chr(number) if number < 0x110000 else "?"
        return PLAIN.get(match.group(5), match.group(5))

    return ESCAPE.sub(one, text)


def stream(text, language):
    """All tokens. Adjacent texts of C are one text, as its compiler joins them."""
    made, line, at = [], 1, 0
    for match in language.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        kind = match.lastgroup
        groups = match.groupdict()
        if groups.get("comment") is not None:
            continue
        if groups.get("name") is not None or groups.get("ticked") is not None:
            made.append(Token("name", groups["name"] if groups.get("name") is not None else groups["ticked"], line))
        elif groups.get("raw") is not None:
            joined(made, Token("text", groups["raw"], line), language)
        elif groups.get("double") is not None:
            joined(made, Token("text", decoded(groups["double"]), line), language)
        elif groups.get("single") is not None:
            made.append(Token("text", decoded(groups["single"]), line))
        else:
            made.append(Token("number" if kind == "number" else "sign", match.group(), line))
        if len(made) > MOST_TOKENS:
            break
    return made


def joined(made, token, language):
    if language is C and made and made[-1].kind == "text":
        made[-1] = Token("text", made[-1].text + token.text, made[-1].line)
    else:
        made.append(token)


def literals(tokens):
    return [(token.line, token.text) for token in tokens if token.kind == "text" and len(token.text) > 5]


class Calls:
    """Walks a stream and finds `name(`, with what qualifies the name and with the arguments' tokens."""

    def __init__(self, tokens):
        self.tokens = tokens

    def all(self):
        """(position, name) of every name before an opening parenthesis."""
        tokens = self.tokens
        for i in range(len(tokens) - 1):
            if tokens[i].kind == "name" and tokens[i + 1].text == "(" and tokens[i + 1].kind == "sign":
                yield i, tokens[i].text

    def before(self, i, back=1):
        return self.tokens[i - back] if i >= back else Token("sign", "", 0)

    def arguments(self, i, most=400):
        """The tokens between the parentheses of the call whose name stands at i."""
        depth, inside = 0, []
        for token in self.tokens[i + 1:i + 1 + most]:
            if token.kind == "sign" and token.text in "([{":
                depth += 1
                if depth == 1:
                    continue
            if token.kind == "sign" and token.text in ")]}":
                depth -= 1
                if depth == 0:
                    break
            inside.append(token)
        return inside
