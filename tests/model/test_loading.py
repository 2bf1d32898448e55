"""A name in, an engine out, and a clear word when there is no such model."""

import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lab_utils import load_engine
from lab_utils.model.loading import TUTOR
from tests.models import CONFIGS, byte_tokenizer, save_checkpoint, tiny_model


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_folder_with_any_causal_model_streams(kind: str, tmp_path: Path) -> None:
    engine = load_engine(save_checkpoint(tmp_path / "mine", kind))
    tokens = list(engine.generate_stream("hi", 5, temperature=0))
    assert engine.name == "mine"
    assert len(tokens) == 5 and tokens[-1].finish_reason == "length"


def test_a_loaded_model_is_the_saved_one(tmp_path: Path) -> None:
    engine = load_engine(str(save_checkpoint(tmp_path)))
    ids = torch.tensor([list(b"hi")])
    expected = tiny_model().generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=9, do_sample=False,
        pad_token_id=0,
    )
    answer = engine.generate("hi", 9, temperature=0)
    assert answer.token_ids == expected[0, 2:].tolist()


def test_the_folder_one_stands_in_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(save_checkpoint(tmp_path / "mine"))
    assert load_engine(".").name == "mine"


@pytest.mark.parametrize(("dtype", "expected"), [
    ("auto", torch.float32), ("float32", torch.float32), ("bfloat16", torch.bfloat16),
])
def test_the_dtype_is_as_asked(
    dtype: str, expected: torch.dtype, tmp_path: Path
) -> None:
    engine = load_engine(save_checkpoint(tmp_path), dtype=dtype)  # type: ignore[arg-type]
    assert f"torch.{engine.dtype}" == str(expected)


def test_an_unknown_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="float16'"):
        load_engine("tutor", dtype="float16")  # type: ignore[arg-type]


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no config\.json"):
        load_engine(tmp_path)


@pytest.mark.parametrize("name", [
    "./missing", "missing/one/two", "~/missing", "/missing", "", "../x", "a\\b",
])
def test_a_missing_folder_is_said_to_be_missing(name: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        load_engine(name)
    assert "no folder" in str(caught.value) or "config.json" in str(caught.value)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no-such-model"])
def test_an_unknown_hub_id_is_said_to_be_unknown(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="could not load it"):
        load_engine(name)


@pytest.mark.parametrize("shape", ["", "huge", "micro "])
def test_an_unknown_shape_names_the_known_ones(shape: str) -> None:
    with pytest.raises(ValueError, match="micro, 135m"):
        load_engine(f"random:{shape}")


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_row_62_pickled_weights_are_refused_and_not_read(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "mine")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    with pytest.raises(FileNotFoundError, match="safetensors"):
        load_engine(folder)
    assert not (tmp_path / "boom").exists()


def test_row_62_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {
        "AutoConfig": "evil.EvilConfig", "AutoModelForCausalLM": "evil.EvilModel"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"import os; os.mkdir({str(tmp_path / 'boom')!r})")
    with pytest.raises(FileNotFoundError):
        load_engine(folder)
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize(("file", "content"), [
    ("config.json", "{"), ("config.json", '{"model_type": "no-such-type"}'),
    ("model.safetensors", "not weights"), ("tokenizer.json", "{"),
])
def test_a_broken_checkpoint_is_an_error_that_names_the_model(
    file: str, content: str, tmp_path: Path
) -> None:
    folder = save_checkpoint(tmp_path / "mine")
    (folder / file).write_text(content)
    with pytest.raises(FileNotFoundError, match="mine"):
        load_engine(folder)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path / "mine")
    with pytest.raises(FileNotFoundError, match="mine"):
        load_engine(tmp_path / "mine")


def test_random_weights_never_end_and_are_the_same_every_time() -> None:
    assert TUTOR.is_dir(), "its tokenizer comes from the embedded model"
    first, second = load_engine("random:micro"), load_engine("random:micro")
    answer = first.generate("hi", 40, temperature=0)
    assert first.name == "random:micro"
    assert answer.completion_tokens == 40 and answer.finish_reason == "length"
    assert answer.token_ids == second.generate("hi", 40, temperature=0).token_ids
    assert max(answer.token_ids) < len(first.tokenizer)
    assert first.tokenizer.eos_token_id not in answer.token_ids
    assert first.generate("hi", 300, 2.0, seed=1).completion_tokens == 300


def test_random_weights_leave_torch_as_it_was() -> None:
    before, state = torch.get_default_dtype(), torch.get_rng_state()
    load_engine("random:micro", dtype="bfloat16")
    assert torch.get_default_dtype() == before
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.program
def test_without_network_an_unknown_hub_id_fails_within_seconds() -> None:
    code = "from lab_utils import load_engine; load_engine('nobody/no-such-model')"
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"}
    environment.pop("HF_HUB_OFFLINE", None)
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )
    assert "FileNotFoundError: expected a model named" in result.stderr
    assert time.monotonic() - started < 30, "the loaders' retries take 50 s"


def test_the_byte_tokenizer_of_these_tests_is_one() -> None:
    text = "a😀é\n"
    tokenizer = byte_tokenizer()
    assert tokenizer.encode(text) == list(text.encode())
    assert tokenizer.decode(list(text.encode())) == text
