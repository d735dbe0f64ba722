"""A lack of memory is recognised on every device, and whatever ran into it reports it in one line."""

import numpy as np
import pytest
import torch
from support.study import TINY, values

import globscope
from globscope.api import EvaluationError, Loss, PopulationError, UserCodeError, is_out_of_memory
from globscope.builtin.reducers.pca import Pca
from globscope.builtin.tasks.classification import Classification
from globscope.population.train import fit
from globscope.population.training_run import TrainingRun
from globscope.spec.training import Recipe, Train
from globscope.values.chart import Progress


def array_without_room():
    """Return what NumPy raises for an array that no machine holds."""
    try:
        np.empty(1 << 58)
    except MemoryError as error:
        return error
    raise AssertionError


CUBLAS = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
# As torch, its allocators and the libraries below it write them.
LACKS = {
    "Python": MemoryError(),
    "NumPy": array_without_room(),
    "CUDA's allocator": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total"),
    "CUDA's runtime": RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA`"),
    "CUDA's driver": RuntimeError("CUDA driver error: out of memory"),
    "cuBLAS": CUBLAS,
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "cuDNN 9": RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    "cuDNN's search": RuntimeError("GET was unable to find an engine to execute this computation"),
    "cuDNN's older search": RuntimeError("Unable to find a valid cuDNN algorithm to run convolution"),
    "cuSOLVER": RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`"),
    "HIP": RuntimeError("HIP error: out of memory"),
    "hipBLAS": RuntimeError("CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`"),
    "MPS": RuntimeError("MPS backend out of memory (MPS allocated: 8.95 GB, other allocations: 1 KB, max allowed: 9)"),
    "MPS's buffers": RuntimeError("Invalid buffer size: 24.00 GB"),
    "CPU": RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"),
    "CPU of Windows": RuntimeError("[enforce fail] data. DefaultCPUAllocator: not enough memory: you tried to"),
    "sizes beyond 64 bits": RuntimeError("Storage size calculation overflowed with sizes=[1000000, 1000000000000]"),
}
OTHERS = {
    "shapes": RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
    "an index on the device": RuntimeError("CUDA error: device-side assert triggered"),
    # As often an index that is out of range as a lack of memory.
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    "a value": ValueError("the model is out of memory cells"),
}


@pytest.mark.parametrize("case", LACKS)
def test_a_lack_of_memory_is_known_by_its_class_or_its_text(case):
    assert is_out_of_memory(LACKS[case])


@pytest.mark.parametrize("case", OTHERS)
def test_another_error_is_no_lack_of_memory(case):
    assert not is_out_of_memory(OTHERS[case])


def failing(*args, **options):
    raise CUBLAS


@pytest.fixture
def probe():
    return Classification(hidden=(4,), train_examples=40).build("cpu")


@pytest.mark.parametrize(("row", "remedy"), [(None, "lower batch_size"), (0, "lower batch_size or train.at_once")])
def test_a_training_step_without_memory_says_what_needs_less(row, remedy, probe, monkeypatch, tmp_path):
    run = TrainingRun(name="A", recipe=Recipe(epochs=1), train=Train(), seed=0, row=row)
    monkeypatch.setattr(probe, "objective", failing)
    with pytest.raises(PopulationError, match=rf"^variant 'A': a training step does not fit into memory; {remedy}$"):
        fit(run, probe, tmp_path, Progress())


def test_a_second_derivative_without_memory_says_what_needs_less(probe, monkeypatch):
    hessian = Loss.of(probe, "cpu", None, np.random.default_rng(0)).at(np.zeros(probe.layout.size), {})
    monkeypatch.setattr(probe, "objective", failing)
    with pytest.raises(EvaluationError, match=r"differentiated twice, does not fit into memory; lower batch_size$"):
        hessian.products(np.ones((1, probe.layout.size)))


def test_data_that_do_not_fit_on_the_device_are_reported(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "to", failing)
    with pytest.raises(UserCodeError, match=r"^task\.(model|data): .* not fit into (the )?memory"):
        Classification(hidden=(4,)).build("cpu")


def test_a_component_without_memory_is_reported_by_its_name(monkeypatch, spec_file, tmp_path):
    monkeypatch.setattr(Pca, "reduce", failing)
    text = r"^reducer 'pca' \(globscope [\d.]+\) ran out of memory: CUDA error: CUBLAS_STATUS_ALLOC_FAILED"
    with pytest.raises(EvaluationError, match=text):
        values(globscope.load(spec_file(TINY), folder=tmp_path / "run"))
