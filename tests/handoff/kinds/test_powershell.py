"""PowerShell's scripts, read by its documented rules and by a grammar of others; by PowerShell itself see ``test_env``.

The reader here knows nothing of the writer: it is written after "about_Quoting_Rules" and section 2.3.5.2 of the
language specification. A script is what it should be if, with its literals taken out, nothing of any value is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from crossaccount.access.requirements.assume_parameters import AssumeParameters
from crossaccount.handoff.entry import Entry, HandedOut, Mfa
from crossaccount.handoff.kinds import Shell
from crossaccount.handoff.kinds.shells import POWERSHELL, call
from tests.handoff.entries import TEXT, env_text, make_entry
from tests.scenarios import OF_PEOPLE

SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"
DOUBLE_QUOTES = '"\u201c\u201d\u201e'
LITERAL = "\N{REPLACEMENT CHARACTER}"
SUM = re.compile(rf"\({LITERAL}( \+ ({LITERAL}|\[char\]([0-9]+)))+\)")
CYRILLIC_VE = "\u0412"  # its second byte in UTF-8 is a right single quote in Windows' western encoding
NASTY = st.one_of(
    TEXT, st.text(st.sampled_from([*SINGLE_QUOTES, *DOUBLE_QUOTES, *"\\ $`;&|(){}#@,%\n\r", CYRILLIC_VE]))
)


def _read(script: str) -> tuple[str, list[str]]:
    """A script with :data:`LITERAL` in the place of each verbatim text, and the texts."""
    skeleton: list[str] = []
    literals: list[str] = []
    at = 0
    while at < len(script):
        character = script[at]
        at += 1
        if character == "#":
            end = re.compile(r"[\r\n]|\Z").search(script, at)
            assert end is not None
            at = end.start()
        elif character in DOUBLE_QUOTES:
            # Our own texts alone: an expandable one would have to be understood.
            end = script.index('"', at)
            skeleton.append(script[at - 1 : end + 1])
            at = end + 1
        elif character in SINGLE_QUOTES:
            text: list[str] = []
            while script[at] not in SINGLE_QUOTES or (at + 1 < len(script) and script[at + 1] in SINGLE_QUOTES):
                at += script[at] in SINGLE_QUOTES
                text.append(script[at])
                at += 1
            at += 1
            literals.append("".join(text))
            skeleton.append(LITERAL)
        else:
            skeleton.append(character)
    return "".join(skeleton), literals


def _values(script: str) -> tuple[str, list[str]]:
    """As :func:`_read`, with sums of literals and ``[char]`` as the one text that they make."""
    skeleton, literals = _read(script)
    waiting = iter(literals)
    values: list[str] = []
    out: list[str] = []
    at = 0
    for found in re.finditer(rf"{SUM.pattern}|{LITERAL}", skeleton):
        out += [skeleton[at : found.start()], LITERAL]
        at = found.end()
        units = b"".join(
            next(waiting).encode("utf-16-be", "surrogatepass") if part == LITERAL else int(part[6:]).to_bytes(2)
            for part in re.findall(rf"{LITERAL}|\[char\][0-9]+", found[0])
        )
        values.append(units.decode("utf-16-be", "surrogatepass"))
    return "".join([*out, skeleton[at:]]), values


def _entry(role: str, name: str, external_id: str, region: str, title: str, serial: str) -> Entry:
    parameters = AssumeParameters(name, external_id=external_id, tags={"team": name}, mfa=True)
    mfa = Mfa(serial, known=True)
    return make_entry(
        role=role,
        region=region,
        alternatives=(parameters,),
        shown=lambda arn: f"{title}{arn}",
        mfa=mfa,
    )


@given(words=st.lists(NASTY, min_size=1, max_size=6))
def test_every_word_is_read_as_itself_and_as_one(words: Sequence[str]) -> None:
    words = [word for word in words if not POWERSHELL.unquotable(word)]
    skeleton, values = _values(" ".join(map(POWERSHELL.quoted, words)))
    assert (skeleton, values) == (" ".join([LITERAL] * len(words)), list(words))


@given(word=NASTY)
def test_a_word_means_the_same_in_whatever_encoding_the_script_is_read(word: str) -> None:
    assert POWERSHELL.quoted(word).isascii()


@given(role=NASTY, name=NASTY, external_id=NASTY, region=NASTY, title=TEXT, serial=NASTY, words=st.lists(NASTY))
def test_no_value_is_left_where_the_literals_are_taken_out(
    role: str, name: str, external_id: str, region: str, title: str, serial: str, words: list[str]
) -> None:
    made = call(_entry(role, name, external_id, region, title, serial), tuple(words))
    if any(map(POWERSHELL.unquotable, made.values)):
        return
    plain = call(
        _entry("r", "n", external_id and "e", region and "eu-1", "t", serial and "s"), tuple("w" for _ in words)
    )
    skeleton, values = _values(POWERSHELL.script(made))
    assert skeleton == _values(POWERSHELL.script(plain))[0]
    assert values == [
        *([f"MFA code of {serial}"] if serial else []),
        *(value for _, value in made.options),
        *filter(None, [serial]),
        "the role could not be assumed",
        *filter(None, [region, region]),
        *("Env:AWS_PROFILE", "Env:AWS_DEFAULT_PROFILE"),
        *words,
    ]


@pytest.mark.parametrize("text", ["", 'a"b', "a\0", "a b\\"])
def test_what_windows_powershell_would_lose_is_refused(text: str) -> None:
    assert POWERSHELL.unquotable(text)
    assert not POWERSHELL.unquotable("a\\")


def test_where_there_is_no_aws_nothing_runs() -> None:
    """The command does not fail then: PowerShell goes on, and the last exit code is an older one."""
    lines = POWERSHELL.script(call(make_entry(), ("run",))).splitlines()
    before, assume, check = (lines.index(next(x for x in lines if x.startswith(each))) for each in _IN_ORDER)
    assert [before, assume, check] == [before, before + 1, before + 2]
    assert lines[check].startswith("if (-not $crossaccountSession -or $LASTEXITCODE -ne 0) { throw ")


_IN_ORDER = ("$crossaccountSession = $null", "$crossaccountSession = aws", "if (")


def _nodes(node: Node, kind: str) -> list[Node]:
    return [
        *([node] if node.type == kind else []),
        *(found for child in node.children for found in _nodes(child, kind)),
    ]


@pytest.mark.parametrize("command", [(), ("npm", "run", "it's; $x")])
@pytest.mark.parametrize("name", OF_PEOPLE)
def test_the_grammar_of_others_reads_the_same(
    handed: Callable[..., HandedOut], name: str, command: tuple[str, ...]
) -> None:
    (entry, *_) = handed(name).entries
    script = env_text(HandedOut((entry,)), Shell.powershell, command)
    tree = Parser(Language(tree_sitter_powershell.language())).parse(script.encode())
    assert not tree.root_node.has_error, tree.root_node
    literals = [(each.text or b"").decode() for each in _nodes(tree.root_node, "verbatim_string_characters")]
    assert [each[1:-1].replace("''", "'") for each in literals] == _values(script)[1]
