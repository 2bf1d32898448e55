"""Our sampling is transformers' sampling, one request at a time."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from lab_utils.engine.sampling import keep_top_p, make_generator, sample
from lab_utils.tokens import SamplingParams

LOGITS = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=50, unique=True)


@given(LOGITS, st.floats(0.01, 0.999), st.floats(0.05, 2))
@settings(deadline=None, max_examples=100)
def test_top_p_keeps_what_transformers_keeps(
    values: list[float], top_p: float, temperature: float
) -> None:
    logits = torch.tensor(values) / temperature
    ids = torch.tensor([[0]])
    warped = TopPLogitsWarper(top_p)(ids, logits[None])[0]
    assert torch.equal(keep_top_p(logits, top_p), warped)


@given(LOGITS, st.floats(0.3, 0.999), st.floats(0.05, 2), st.integers(0, 2**63 - 1))
@settings(deadline=None, max_examples=100)
def test_a_sample_is_drawn_from_transformers_distribution(
    values: list[float], top_p: float, temperature: float, seed: int
) -> None:
    logits, ids = torch.tensor(values), torch.tensor([[0]])
    warped = TemperatureLogitsWarper(temperature)(ids, logits[None])
    warped = TopPLogitsWarper(top_p)(ids, warped)
    probabilities, generator = warped.softmax(-1)[0], make_generator(seed)
    expected = torch.multinomial(probabilities, 1, generator=generator)
    params = SamplingParams(temperature=temperature, top_p=top_p)
    assert sample(logits, params, make_generator(seed)) == int(expected)


@given(LOGITS, st.sampled_from([0.0, 1e-320, 1e-30, 9e-5]))
@settings(deadline=None, max_examples=50)
def test_no_temperature_takes_the_most_likely(
    values: list[float], temperature: float
) -> None:
    logits = torch.tensor(values)
    params = SamplingParams(temperature=temperature)
    assert sample(logits, params, make_generator(None)) == int(logits.argmax())


def test_a_tiny_top_p_keeps_one_token() -> None:
    kept = keep_top_p(torch.tensor([1.0, 3.0, 2.0]), 1e-320)
    assert kept.isfinite().tolist() == [False, True, False]


def test_the_same_seed_draws_the_same() -> None:
    logits, params = torch.zeros(1000), SamplingParams(temperature=1)

    def draw(seed: int | None) -> list[int]:
        generator = make_generator(seed)
        return [sample(logits, params, generator) for _ in range(5)]

    assert draw(7) == draw(7) != draw(8)
    assert draw(None) != draw(None)


def test_impossible_tokens_are_never_drawn() -> None:
    logits = torch.full((1000,), -torch.inf)
    logits[[3, 5]] = 0.0
    generator, params = make_generator(1), SamplingParams(temperature=2, top_p=0.99)
    assert {sample(logits, params, generator) for _ in range(50)} == {3, 5}
