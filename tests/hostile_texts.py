"""Texts that a model may write and no report may obey."""

import unicodedata

ESC, BEL, CSI, OSC, ST = "\x1b", "\x07", "\x9b", "\x9d", "\x9c"

TERMINAL = {
    "clear screen": f"{ESC}[2J{ESC}[H all right",
    "red": f"{ESC}[31mred{ESC}[0m",
    "cursor up": f"x{ESC}[5A{ESC}[2Koverwritten",
    "window title": f"{ESC}]0;title{BEL}",
    "hyperlink": f"{ESC}]8;;https://evil.example{ESC}\\click{ESC}]8;;{ESC}\\",
    "clipboard": f"{ESC}]52;c;cm0gLXJmIC8={BEL}",
    "device control": f"{ESC}P+q544e{ESC}\\",
    "report status": f"{ESC}[6n",
    "c1 csi": f"{CSI}31mred",
    "c1 osc": f"{OSC}0;title{ST}",
    "reset": f"{ESC}c",
    "backspaces": "wrong\b\b\b\b\bright",
    "carriage return": "wrong\rright",
    "crlf": "one\r\ntwo",
    "vertical": "a\x0bb\x0cc",
    "bell": "\x07\x07",
    "shift out": "\x0elqk\x0f",
    "delete": "a\x7fb",
    "next line": "a\x85b",
}
COMMANDS = {
    "github error": "::error::broken",
    "github error on a new line": "fine\n::error file=a.py,line=1::broken",
    "github mask": "::add-mask::e",
    "github stop": "::stop-commands::x",
    "github indented": "   ::warning::x",
    "github many colons": ":::::error::x",
    "github at a fold": "x" * 55 + " ::set-output name=a::b " + "y" * 58 + "::error::z",
    "old github": "##[error]broken",
    "old github, more signs": "####[error]broken",
    "azure": "##vso[task.setvariable variable=PATH]/evil",
    "azure inside": "so: ##vso[task.complete result=Failed]",
    "teamcity": "##teamcity[buildStatus status='SUCCESS']",
    "gitlab section": f"section_start:1560896352:a\r{ESC}[0Kb",
}
MARKUP = {
    "table row": "a | b | c |\n| d | e |",
    "escaped pipe": "a \\| b \\\\| c",
    "link": "[click](https://evil.example)",
    "reference link": "[a][b]\n\n[b]: https://evil.example",
    "autolink": "<https://evil.example>",
    "bare link": "see https://evil.example/x or www.evil.example",
    "image": "![x](https://evil.example/pixel.png)",
    "mention": "@everyone and @org/team, fixes #1, org/repo#2",
    "mail": "mail me@evil.example now",
    "heading": "# Heading\n## Another",
    "setext": "Heading\n=======",
    "fence": "```\ncode\n```",
    "tilde fence": "~~~\ncode",
    "code": "`code` ``more``",
    "emphasis": "**bold** _it_ ~~gone~~ ***",
    "list": "\n- item\n1. item\n> quote\n---",
    "math": "$\\sqrt{2}$ $$x$$",
    "html": "<b>bold</b><br/><h1>x</h1>",
    "script": "<script>alert(1)</script>",
    "handler": "<img src=x onerror=alert(1)>",
    "closing": '</td></tr></table></div>"><script>x</script>',
    "attribute": '" onmouseover="alert(1)" x=\'',
    "comment": "<!-- x --> ]]> <![CDATA[x]]> <?php x ?>",
    "entities": "&lt;script&gt; &amp;amp; &#60; &#x202e; &nbsp;",
    "rich markup": "[bold red]x[/] [link=https://evil.example]y[/link] :smile:",
}
FORMULAS = {
    "formula": "=1+1",
    "command": "=cmd|' /C calc'!A0",
    "import": '=IMPORTXML("https://evil.example","//a")',
    "plus": "+1+1",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1;1)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "line feed": "\n=1+1",
    "full-width formula": "\uff1d1+1",
    "quotes": '"a","b"\n"c"',
    "lone quote": '"',
    "semicolons": 'a;b;"c',
}
UNICODE = {
    "bidirectional": "abc\u202egnp.exe\u202c \u2066x\u2069",
    "marks of direction": "a\u200eb\u200fc\u061cd",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "tag characters": "x" + "".join(chr(0xE0000 + ord(character)) for character in "evil"),
    "selectors": "x\U000e0101\U000e0102\ufe00",
    "fillers": "\u3164\u115f\u1160\uffa0\u2800\u034f",
    "soft hyphen": "a\u00adb",
    "line separator": "a\u2028b\u2029c",
    "separators": "a\x1cb\x1dc\x1ed\x1fe",
    "high surrogate": "a\ud800b",
    "low surrogate": "\udfff",
    "escaped byte": "a\udcffb",
    "swapped surrogates": "\udc00\ud800",
    "no character": "\ufffe\uffff\ufdd0\U0010ffff",
    "private use": "\ue000\U000f0000",
    "unassigned": "\u0378\U000e0080",
    "nul": "a\x00b",
    "every control": "".join(map(chr, (*range(32), *range(127, 160)))),
    "long": "0123456789" * 10_000,
    "long line of words": "word " * 2_000,
    "combining flood": "Z" + "\u0301\u0489" * 500,
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1e9\U0001f1ea",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 1 + 2",
    "full width": "\uff21\uff22\uff23\u3000\u65e5\u672c\u8a9e" * 20,
    "no-break spaces": "a\u00a0b\u2003c\u3000d",
    "empty": "",
    "spaces": "   ",
    "backslashes": "C:\\new\\x1b[31m \\n",
}
HOSTILE = TERMINAL | COMMANDS | MARKUP | FORMULAS | UNICODE


def unseen(text: str) -> list[str]:
    """Return the characters of a text that draw nothing or move what others draw."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    more = "\u3164\u115f\u1160\uffa0\u2800\u034f\ufe00\U000e0101\U000e0102"
    return [
        character
        for character in text
        if unicodedata.category(character) in hidden or character in more
    ]
