"""A conversation in, token ids out, through the checkpoint's own chat template.

The template writes the conversation as one text with control tokens in it, such as
`<|user|>`, and the tokenizer turns those into single ids. Whoever sends a message
could write them, too, and so speak as the system. So control tokens in what somebody
said are hidden from the template and from the tokenizer, and come back as plain text.
"""

import copy
import re
from collections.abc import Sequence

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from lab_utils.prompts import Chat, Message
from lab_utils.tokens import InvalidRequest

STAND_INS = range(0xF0000, 0x10FFFE)
"""Characters that Unicode leaves to private agreements, which nobody types."""


class ChatEncoder:
    """Encodes chats for the model that `tokenizer` belongs to; for several threads."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.added_tokens_decoder.values()
        self._controls = [token.content for token in added if token.special]
        longest_first = sorted(self._controls, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        # It takes control tokens for text, which is a state of a tokenizer: the other
        # one must not change it while another thread encodes.
        self._plain = copy.deepcopy(tokenizer)
        self._as_text("")

    def encode(self, chat: Chat) -> list[int]:
        """The ids of `chat` up to where the answer begins; `InvalidRequest` if there is
        no template, or if it cannot write this chat."""
        said = [message.content for message in chat.messages]
        if not any(self._control.search(text) for text in said):
            return self._as_written(self._write(chat.messages))
        return self._encode_hiding(chat, "".join(said))

    def _encode_hiding(self, chat: Chat, said: str) -> list[int]:
        unused = (chr(code) for code in STAND_INS if chr(code) not in said)
        stand_ins = dict(zip(self._controls, unused, strict=False))
        shown = str.maketrans({hidden: text for text, hidden in stand_ins.items()})
        hidden = [
            Message(message.role, self._control.sub(
                lambda found: stand_ins[found.group()], message.content))
            for message in chat.messages
        ]
        written, ids, end = self._write(hidden), list[int](), 0
        for found in self._control.finditer(written):  # the template's own
            ids += self._as_text(written[end : found.start()].translate(shown))
            ids += self._as_written(found.group())
            end = found.end()
        return ids + self._as_text(written[end:].translate(shown))

    def _write(self, messages: Sequence[Message]) -> str:
        if not self._tokenizer.chat_template:
            raise InvalidRequest(
                "messages cannot be answered: this model has no chat template. Send "
                "the text as a prompt.", "messages", "no_chat_template",
            )
        turns = [{"role": each.role, "content": each.content} for each in messages]
        try:
            written = self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True
            )
        except TemplateError as error:  # such as "roles must alternate"
            raise InvalidRequest(
                f"messages cannot be written by this model's chat template: {error}.",
                "messages",
            ) from error
        return str(written)

    def _as_written(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(
            text, add_special_tokens=False, verbose=False
        )
        return ids

    def _as_text(self, text: str) -> list[int]:
        ids: list[int] = self._plain.encode(
            text, add_special_tokens=False, split_special_tokens=True, verbose=False
        )
        return ids
