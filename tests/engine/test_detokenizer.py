"""Pieces of text that, joined, are the whole text, and nothing of a stop string."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from lab_utils.engine.detokenizer import INCOMPLETE, Detokenizer
from tests.models import END, byte_tokenizer

BYTES = byte_tokenizer()


def pieces(ids: list[int], stop: tuple[str, ...] = ()) -> list[str]:
    """What is shown after each id, and at the end."""
    detokenizer = Detokenizer(BYTES, stop)
    return [*(detokenizer.push(token_id) for token_id in ids), detokenizer.finish()]


def test_row_52_a_character_comes_whole_at_its_last_byte() -> None:
    shown = pieces(list("a😀é".encode()))
    assert shown == ["a", "", "", "", "😀", "", "é", ""]


def test_row_52_bytes_that_never_become_a_character_come_at_the_end() -> None:
    shown = pieces(list("a😀".encode())[:-1])
    assert shown == ["a", "", "", "", INCOMPLETE]


def test_row_52_a_genuine_replacement_character_is_text_like_any_other() -> None:
    assert "".join(pieces(list(f"a{INCOMPLETE}b".encode()))) == f"a{INCOMPLETE}b"


def test_special_tokens_are_not_shown() -> None:
    assert pieces([*b"hi", END]) == ["h", "i", "", ""]


@given(st.lists(st.integers(0, END), max_size=40))
@settings(deadline=None, max_examples=300)
def test_row_52_the_pieces_joined_are_the_whole_text(ids: list[int]) -> None:
    assert "".join(pieces(ids)) == BYTES.decode(ids, skip_special_tokens=True)


@given(st.text(max_size=20))
@settings(deadline=None, max_examples=100)
def test_row_52_no_piece_holds_half_a_character(text: str) -> None:
    for piece in pieces(list(text.encode())):
        assert INCOMPLETE not in piece or INCOMPLETE in text


def test_a_word_keeps_its_space_after_a_token_without_text() -> None:
    # Llama 2's tokenizer drops the space at the beginning of whatever it decodes.
    core = Tokenizer(models.WordLevel({"▁one": 0, "▁two": 1, "▁three": 2, "<s>": 3}))
    core.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)
    ])
    core.add_special_tokens(["<s>"])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>")
    for ids in ([0, 1, 2], [3, 0, 1], [0, 3, 1, 2], [0, 3, 3, 3, 1, 3, 2]):
        detokenizer = Detokenizer(tokenizer)
        joined = "".join(detokenizer.push(token_id) for token_id in ids)
        assert joined == tokenizer.decode(ids, skip_special_tokens=True)


class Script:
    """A tokenizer whose token number n is the n-th piece of a text."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool) -> str:
        return "".join(self.pieces[token_id] for token_id in token_ids)


def cut(text: str, places: list[int]) -> list[str]:
    """`text` in pieces, cut at `places`."""
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


def shown_with_stop(parts: list[str], stop: tuple[str, ...]) -> tuple[str, bool]:
    """What is shown of `parts` until a stop string is complete, and if one was."""
    detokenizer = Detokenizer(Script(parts), stop)
    text = ""
    for index in range(len(parts)):
        text += detokenizer.push(index)
        if detokenizer.stopped:
            break
    return text + detokenizer.finish(), detokenizer.stopped


PLACES = st.lists(st.integers(0, 100), max_size=12)


@given(st.text("abx", max_size=12), st.text("abx", max_size=6), PLACES)
@settings(deadline=None, max_examples=200)
def test_row_53_a_stop_string_is_never_shown_however_it_is_cut(
    before: str, after: str, places: list[int]
) -> None:
    stop = "abab"
    text = before + stop + after
    assert shown_with_stop(cut(text, places), (stop,)) == (
        text[: text.index(stop)], True
    )


@given(st.text("abx", max_size=20), PLACES)
@settings(deadline=None, max_examples=200)
def test_row_53_the_beginning_of_a_stop_string_that_never_ends_is_text(
    text: str, places: list[int]
) -> None:
    text = text.replace("abab", "")
    if "abab" not in text:
        assert shown_with_stop(cut(text, places), ("abab",)) == (text, False)


@given(st.text("abcx", max_size=15), PLACES,
       st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=3))
@settings(deadline=None, max_examples=200)
def test_row_53_of_several_stop_strings_none_is_shown(
    text: str, places: list[int], stops: list[str]
) -> None:
    shown, stopped = shown_with_stop(cut(text, places), tuple(stops))
    assert text.startswith(shown)
    assert not any(stop in shown for stop in stops)
    assert stopped == any(stop in text for stop in stops)
    assert stopped or shown == text


def test_row_53_text_is_held_back_only_while_it_may_be_a_stop_string() -> None:
    detokenizer = Detokenizer(Script(["one E", "N", "X two"]), ("END",))
    assert [detokenizer.push(index) for index in range(3)] == ["one ", "", "ENX two"]


def test_after_a_stop_string_nothing_comes() -> None:
    detokenizer = Detokenizer(Script(["a STOP b", " c"]), ("STOP",))
    assert detokenizer.push(0) == "a "
    assert detokenizer.push(1) == ""
    assert detokenizer.finish() == ""


def test_finishing_flushes_what_was_held() -> None:
    detokenizer = Detokenizer(Script(["fiz"]), ("zz",))
    assert (detokenizer.push(0), detokenizer.finish()) == ("fi", "z")
