"""Packed weights: the same products, and what happens where they cannot be had."""

import copy

import pytest
import torch
import torch.nn.functional as F

from lab_utils.model import packed
from lab_utils.model.kv_cache import KVCache
from lab_utils.model.llama import LeanLlama, Piece
from lab_utils.model.packed import Matrix, obstacle
from tests.model.test_llama import CONFIGS, PROMPTS, lean_of, model_of

SIZES = [(8, 16), (300, 256), (1024, 640), (33, 4100)]


@pytest.fixture(params=["packed", "kept both ways", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every matrix packed, kept both ways, or not packed at all."""
    way: str = request.param
    one_row_from = 10**9 if way == "kept both ways" else 0
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setitem(packed.PACKED_FROM, dtype, 0)
        monkeypatch.setitem(packed.ONE_ROW_FROM, dtype, one_row_from)
    if way == "plain":
        monkeypatch.setattr(packed, "obstacle", lambda dtype: "not here")
    return way


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rows", [1, 3, 8, 70])
@pytest.mark.parametrize("biased", [False, True])
def test_a_matrix_computes_what_linear_computes(
    way: str, size: tuple[int, int], rows: int, biased: bool
) -> None:
    torch.manual_seed(0)
    weight, given = torch.randn(size) / size[1] ** 0.5, torch.randn(rows, size[1])
    bias = torch.randn(size[0]) if biased else None
    expected = F.linear(given, weight, bias)
    torch.testing.assert_close(Matrix(weight, bias)(given), expected,
                               rtol=1e-5, atol=1e-5)


def test_a_single_row_needs_no_dimension_of_its_own(way: str) -> None:
    weight, row = torch.randn(300, 256), torch.randn(256)
    product = Matrix(weight)(row)
    torch.testing.assert_close(product, F.linear(row, weight), rtol=1e-5, atol=1e-4)
    assert product.shape == (300,)


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_model_answers_the_same_whichever_way_its_weights_are_kept(
    way: str, kind: str
) -> None:
    model = model_of(CONFIGS[kind])
    lean = lean_of(model)
    for prompt in PROMPTS:
        with torch.no_grad():
            expected = model(torch.tensor([prompt])).logits[0, -1]
        got = lean.prefill(KVCache(lean, 1, 128), [Piece(0, prompt, 0)])[0]
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-4)


def test_bfloat16_is_within_the_rounding_of_its_three_digits(way: str) -> None:
    torch.manual_seed(0)
    weight, rows = torch.randn(300, 256).bfloat16(), torch.randn(8, 256).bfloat16()
    expected = F.linear(rows.float(), weight.float())
    difference = (Matrix(weight)(rows).float() - expected).abs().max()
    assert difference < 0.01 * expected.abs().max()


@pytest.mark.parametrize("broken", [RuntimeError("no oneDNN\nin this build"),
                                    AttributeError("_reorder_linear_weight")])
def test_where_torch_cannot_pack_it_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    def fail(weight: torch.Tensor) -> torch.Tensor:
        raise broken

    monkeypatch.setattr(packed, "_pack", fail)
    obstacle.cache_clear()
    try:
        said = obstacle(torch.float32)
        weight, rows = torch.randn(1024, 640), torch.randn(3, 640)
        torch.testing.assert_close(Matrix(weight)(rows), F.linear(rows, weight),
                               rtol=1e-5, atol=1e-4)
    finally:
        obstacle.cache_clear()
    assert said is not None
    assert str(broken).splitlines()[0] in said


def test_where_packed_weights_compute_something_else_they_are_not_used(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "_pack", lambda weight: weight)
    monkeypatch.setattr(packed, "_multiply", lambda rows, weight, bias: rows @ weight.T
                        + 1)
    obstacle.cache_clear()
    try:
        said = obstacle(torch.float32)
    finally:
        obstacle.cache_clear()
    assert said is not None


def test_dtypes_that_nobody_packs_stay_as_they_are() -> None:
    weight, rows = torch.randn(1024, 640).double(), torch.randn(3, 640).double()
    torch.testing.assert_close(Matrix(weight)(rows), F.linear(rows, weight),
                               rtol=1e-5, atol=1e-4)


def test_a_models_own_weights_are_given_up_as_they_are_taken() -> None:
    model = copy.deepcopy(model_of(CONFIGS["llama"]))
    LeanLlama.of(model)
    matrices = [weight for name, weight in model.named_parameters()
                if "proj" in name or "head" in name]
    assert len(matrices) == 3 * 7 + 1
    assert all(weight.numel() == 0 for weight in matrices)
