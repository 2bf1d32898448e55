"""What an engine is asked with: a text, the ids of tokens, or a conversation."""

from dataclasses import dataclass

from lab_utils.tokens import MAX_INT, check, check_unicode, is_int

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: who speaks (one of `ROLES`), and what."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation; the model's chat template writes it as one prompt."""

    messages: tuple[Message, ...]


Prompt = str | list[int] | Chat  # a text goes to the model as it is, a list is ids


def check_prompt(prompt: Prompt) -> None:
    """Raise `InvalidRequest` if `prompt` is empty, no valid Unicode or no `Prompt`."""
    if isinstance(prompt, Chat):
        check(prompt.messages, "messages", "at least one message", [])
        for turn in prompt.messages:
            check(turn.role in ROLES, "messages", f"of roles {ROLES}", turn.role)
            check_unicode(turn.content, "messages")
    elif isinstance(prompt, list):
        check(prompt, "prompt", "a text, or the ids of at least one token", [])
        for id in prompt:
            check(is_int(id) and 0 <= id <= MAX_INT, "prompt", "ids of tokens", id)
    else:
        check(isinstance(prompt, str) and prompt != "", "prompt",
              "a text of at least one character", prompt)
        check_unicode(prompt, "prompt")
