"""The kernels against the network's plain parts, on the device that KERNEL_DEVICE names.

`test_kernels` runs this file in a process of its own: interpreted on the CPU, compiled on a GPU.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.engine.acceleration.kernels import (
    add_bias_and_activate,
    add_bias_and_skip,
    fused_detail,
    fused_trunk,
    shuffle_and_activate,
    warp_and_join,
)
from vsrealbasicvsr.engine.acceleration.parts import _fused, _plain
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.basicvsr import BasicVSR
from vsrealbasicvsr.network.layers import warp

# NumPy, which interprets the kernels, warns of every infinity.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

DEVICE = torch.device(os.environ["KERNEL_DEVICE"])
LAST_BIT = {torch.float32: 1e-5, torch.float16: 2**-10, torch.bfloat16: 2**-7}
"""How far two roundings of nearly the same number lie apart; Triton's interpreter cuts bfloat16 off."""
NEAR = 1e-5 if DEVICE.type == "cpu" else 1e-4
"""float32 convolutions against float32 convolutions; on a GPU memory formats have algorithms of their own."""

each_dtype = pytest.mark.parametrize("dtype", LAST_BIT, ids=str)
each_shape = pytest.mark.parametrize(
    "shape", [(2, 8, 5, 7), (1, 8, 1, 1), (1, 3, 1, 5), (1, 70, 2, 35)], ids=str
)


@pytest.fixture(autouse=True)
def conditions() -> Iterator[None]:
    torch.manual_seed(11)
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def noise(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape).to(DEVICE, dtype)


def lasting(x: Tensor) -> Tensor:
    return x.clone(memory_format=torch.channels_last)


def biased(x: Tensor, bias: Tensor) -> Tensor:
    return x.float() + bias.float()[:, None, None]


def assert_equal_to_the_last_bit(ours: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(ours, expected.to(ours.dtype), rtol=LAST_BIT[ours.dtype], atol=1e-5)


def assert_channels_last(x: Tensor) -> None:
    assert x.is_contiguous(memory_format=torch.channels_last)


# Warping and joining


@each_dtype
@each_shape
def test_features_are_warped_as_by_the_network(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    n, _, height, width = shape
    picture, features, flow = (
        noise(n, 3, height, width),
        noise(*shape, dtype=dtype),
        3 * noise(n, 2, height, width),
    )
    joined = warp_and_join(picture, features, flow)
    assert joined.dtype == dtype
    assert_channels_last(joined)
    assert_equal_to_the_last_bit(joined, torch.cat((picture.to(dtype), warp(features, flow)), dim=1))


def test_a_flow_of_whole_pixels_changes_no_bit() -> None:
    features, flow = noise(1, 4, 6, 5), torch.zeros(1, 2, 6, 5, device=DEVICE)
    flow[:, 0], flow[:, 1] = 2.0, -1.0
    expected = torch.zeros_like(features)
    expected[:, :, 1:, :3] = features[:, :, :5, 2:]
    assert torch.equal(warp_and_join(noise(1, 3, 6, 5), features, flow)[:, 3:], expected)


@pytest.mark.parametrize("far", [-1.0, 4.0, 1e4, -1e10, 3e38])
@pytest.mark.parametrize("axis", [0, 1])
def test_features_from_outside_are_zero(axis: int, far: float) -> None:
    flow = torch.zeros(1, 2, 4, 4, device=DEVICE)
    flow[0, axis, 0, 0] = far
    joined = warp_and_join(noise(1, 3, 4, 4), noise(1, 4, 4, 4), flow)
    assert (joined[0, 3:, 0, 0] == 0).all()
    assert (joined[0, 3:, 1:, 1:] != 0).all()


@pytest.mark.parametrize("spoiled", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_flow_that_is_not_finite_shows_where_it_is(axis: int, spoiled: float) -> None:
    picture, features, flow = noise(1, 3, 3, 4), noise(1, 4, 3, 4), noise(1, 2, 3, 4)
    flow[0, axis, 1, 2] = spoiled
    joined = warp_and_join(picture, features, flow)
    assert torch.equal(joined[:, :3], picture)
    where = torch.zeros(3, 4, dtype=torch.bool, device=DEVICE)
    where[1, 2] = True
    assert torch.equal(joined[0, 3:].isnan(), where.expand(4, 3, 4))


def test_nothing_beside_a_picture_in_memory_is_read() -> None:
    features = lasting(torch.full((3, 4, 5, 6), float("nan"), device=DEVICE))
    features[1] = noise(4, 5, 6)
    flow = torch.full((3, 2, 5, 6), float("nan"), device=DEVICE)
    flow[1] = 20 * noise(2, 5, 6)
    pictures = torch.full((3, 3, 5, 6), float("nan"), device=DEVICE)
    pictures[1] = noise(3, 5, 6)
    assert warp_and_join(pictures[1:2], features[1:2], flow[1:2]).isfinite().all()


def test_any_strides_are_taken() -> None:
    picture, features, flow = noise(2, 3, 5, 6), noise(2, 4, 5, 6), noise(2, 2, 5, 6)
    expected = warp_and_join(picture, lasting(features), flow)
    turned = [x.transpose(2, 3).contiguous().transpose(2, 3) for x in (picture, features, flow)]
    assert torch.equal(warp_and_join(*turned), expected)
    assert torch.equal(warp_and_join(lasting(picture), features, lasting(flow)), expected)
    every_second = noise(2, 4, 10, 6)[:, :, ::2]
    assert torch.equal(
        warp_and_join(picture, every_second, flow), warp_and_join(picture, every_second.contiguous(), flow)
    )


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"picture is \(1, 3, 4, 5\) and must be \(1, 3, 4, 4\)"):
        warp_and_join(noise(1, 3, 4, 5), noise(1, 8, 4, 4), noise(1, 2, 4, 4))
    with pytest.raises(ValueError, match="flow is"):
        warp_and_join(noise(1, 3, 4, 4), noise(1, 8, 4, 4), noise(2, 2, 4, 4))


# What follows a convolution


@each_dtype
@each_shape
@pytest.mark.parametrize("slope", [0.1, 0.0])
def test_bias_and_activation_in_place(slope: float, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x, bias = lasting(noise(*shape, dtype=dtype)), noise(shape[1], dtype=dtype)
    expected = F.leaky_relu(biased(x, bias), slope)
    assert add_bias_and_activate(x, bias, slope) is x
    assert_equal_to_the_last_bit(x, expected)


@each_dtype
@each_shape
def test_bias_and_skip_in_place(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x, bias, skip = (
        lasting(noise(*shape, dtype=dtype)),
        noise(shape[1], dtype=dtype),
        noise(*shape, dtype=dtype),
    )
    expected, before = skip.float() + biased(x, bias), skip.clone()
    assert add_bias_and_skip(x, bias, skip) is x
    assert_equal_to_the_last_bit(x, expected)
    assert torch.equal(skip, before)


@pytest.mark.parametrize("slope", [0.1, 0.0])
def test_activations_treat_numbers_that_are_not_finite_as_torch_does(slope: float) -> None:
    x = lasting(torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0]).view(1, 4, 1, 1).to(DEVICE))
    expected = F.leaky_relu(x, slope) if slope else F.relu(x)
    ours = add_bias_and_activate(x, torch.zeros(4, device=DEVICE), slope)
    torch.testing.assert_close(ours, expected, rtol=0, atol=0, equal_nan=True)


def test_nothing_beside_a_tensor_in_memory_is_written() -> None:
    for work in (
        lambda x: add_bias_and_activate(x, noise(6), 0.1),
        lambda x: add_bias_and_skip(x, noise(6), noise(1, 6, 3, 5)),
    ):
        batch = lasting(noise(3, 6, 3, 5))
        before = batch.clone()
        work(batch[1:2])
        assert torch.equal(batch[::2], before[::2])
        assert (batch[1] != before[1]).any()


def test_what_would_not_be_in_place_is_refused() -> None:
    x = noise(1, 8, 4, 5)
    with pytest.raises(ValueError, match="not channels-last"):
        add_bias_and_activate(x, noise(8), 0.1)
    with pytest.raises(ValueError, match="not channels-last"):
        add_bias_and_skip(x, noise(8), x)


def test_what_does_not_fit_is_refused() -> None:
    x = lasting(noise(1, 8, 4, 5))
    with pytest.raises(ValueError, match=r"bias is \(7,\) and must be \(8,\)"):
        add_bias_and_activate(x, noise(7), 0.1)
    with pytest.raises(ValueError, match="skip is"):
        add_bias_and_skip(x, noise(8), x[:, :, 1:])
    with pytest.raises(ValueError, match="bias is"):
        shuffle_and_activate(x, noise(2), 0.1)
    with pytest.raises(ValueError, match="multiple of 4"):
        shuffle_and_activate(x[:, :6], noise(6), 0.1)


@each_shape
def test_channels_are_shuffled_in_the_order_of_torch(shape: tuple[int, ...]) -> None:
    n, channels, height, width = shape
    x = torch.arange(n * 4 * channels * height * width, device=DEVICE).view(n, -1, height, width).float()
    shuffled = shuffle_and_activate(x, torch.zeros(4 * channels, device=DEVICE), 0.1)
    assert_channels_last(shuffled)
    assert torch.equal(shuffled, F.pixel_shuffle(x, 2))
    assert torch.equal(
        shuffled, shuffle_and_activate(lasting(x), torch.zeros(4 * channels, device=DEVICE), 0.1)
    )


@each_dtype
@pytest.mark.parametrize("slope", [0.1, 0.0])
def test_bias_and_activation_of_what_is_shuffled(slope: float, dtype: torch.dtype) -> None:
    x, bias = noise(2, 12, 5, 18, dtype=dtype), noise(12, dtype=dtype)
    expected = F.leaky_relu(F.pixel_shuffle(biased(x, bias), 2), slope)
    assert_equal_to_the_last_bit(shuffle_and_activate(x, bias, slope), expected)


# The network's parts


@pytest.fixture(scope="module")
def basicvsr() -> BasicVSR:
    torch.manual_seed(5)
    network = BasicVSR(16, 2)
    with torch.no_grad():  # of a bias that is zero nobody would know where it went
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.1)
    return network.to(DEVICE).eval()


each_size = pytest.mark.parametrize("size", [(2, 3, 4), (1, 1, 1), (1, 2, 33)], ids=str)


@each_size
def test_a_step_of_propagation_equals_the_networks(basicvsr: BasicVSR, size: tuple[int, ...]) -> None:
    n, height, width = size
    frame, features, flow = (
        noise(n, 3, height, width),
        noise(n, 16, height, width),
        2 * noise(n, 2, height, width),
    )
    for trunk in (basicvsr.backward_resblocks, basicvsr.forward_resblocks):
        expected = basicvsr.propagate(trunk, frame, features, flow)
        joined = warp_and_join(frame, features, flow)
        before = joined.clone()
        ours = fused_trunk(trunk, joined)
        torch.testing.assert_close(ours, expected, rtol=NEAR, atol=NEAR)
        assert_channels_last(ours)
        assert torch.equal(joined, before)
        torch.testing.assert_close(fused_trunk(trunk, joined.contiguous()), ours, rtol=NEAR, atol=NEAR)


@each_size
def test_reconstruction_equals_the_networks(basicvsr: BasicVSR, size: tuple[int, ...]) -> None:
    n, height, width = size
    features = noise(2, n, 16, height, width)
    expected = basicvsr.detail(*features)
    torch.testing.assert_close(fused_detail(basicvsr, *features), expected, rtol=NEAR, atol=NEAR)


@each_size
def test_the_engines_fused_parts_equal_the_plain_ones(size: tuple[int, ...]) -> None:
    n, height, width = size
    torch.manual_seed(6)
    network = RealBasicVSR(16, 1, 1).to(DEVICE).eval().requires_grad_(False)
    plain = _plain(network)
    fused = _fused(network, plain)
    picture, features, flow = (
        noise(n, 3, height, width),
        noise(n, 16, height, width),
        noise(n, 2, height, width),
    )
    rows = torch.arange(height, dtype=torch.float32, device=DEVICE)
    assert plain.cleaning is not None
    assert fused.cleaning is not None
    pairs = [(plain.cleaning(picture), fused.cleaning(picture))]
    for direction in plain.advance:
        one, other = plain.advance[direction], fused.advance[direction]
        pairs.append((one(picture), other(picture)))
        pairs.append((one(picture, rows, features, flow), other(picture, rows, features, flow)))
        half = height // 2 + 1
        strip = picture[:, :, :half], rows[:half], features, flow[:, :, :half]
        pairs.append((one(*strip), other(*strip)))
    for expected, ours in pairs:
        torch.testing.assert_close(ours, expected, rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_as_near_to_fp32_as_the_networks(basicvsr: BasicVSR, dtype: torch.dtype) -> None:
    x, features = noise(1, 19, 5, 6), noise(2, 1, 16, 5, 6)
    half = BasicVSR(16, 2).to(DEVICE, dtype)
    half.load_state_dict(basicvsr.state_dict())

    def error(ours: Tensor, exact: Tensor) -> float:
        return float((ours.float() - exact).pow(2).mean().sqrt())

    cut_off = (
        dtype == torch.bfloat16 and DEVICE.type == "cpu"
    )  # by the interpreter; twice the error of rounding
    most = 4.0 if cut_off else 1.5
    exact = basicvsr.forward_resblocks(x)
    features_error = error(fused_trunk(half.forward_resblocks, x.to(dtype)), exact)
    assert 0 < features_error < most * error(half.forward_resblocks(x.to(dtype)), exact)
    exact = basicvsr.detail(*features)
    detail = fused_detail(half, *features.to(dtype))
    assert 0 < error(detail, exact) < most * error(half.detail(*features.to(dtype)), exact)


# Tensors of more than 2^31 numbers, on a GPU; the same code on few numbers, on the CPU


def far(per_row: int) -> tuple[int, int]:
    """Height and width of what ends beyond the reach of an int32."""
    if DEVICE.type == "cpu":
        return 14, 9
    torch.cuda.empty_cache()
    if torch.cuda.mem_get_info(DEVICE)[0] < 14e9:
        pytest.skip("14 GB of free device memory are needed")
    return 2**31 // (per_row * 7680) + 16, 7680


def blank(channels: int, height: int, width: int) -> Tensor:
    """Zeros, but for twelve last rows of noise."""
    x = torch.zeros(1, channels, height, width, dtype=torch.float16, device=DEVICE)
    x = x.contiguous(memory_format=torch.channels_last)
    x[:, :, -12:] = noise(1, channels, 12, width)
    return x


def test_features_are_warped_at_the_end_of_a_large_tensor() -> None:
    height, width = far(64)
    features, picture = blank(64, height, width), blank(3, height, width)
    flow = (
        torch.randint(-24, 25, (1, 2, height, width), device=DEVICE) / 8
    )  # exact, however large the coordinate
    ends = [x[:, :, -12:] for x in (picture, features, flow)]
    joined = warp_and_join(picture, features, flow)[:, :, -4:]
    expected = torch.cat((ends[0], warp(ends[1], ends[2])), dim=1)[:, :, -4:]
    torch.testing.assert_close(joined, expected, rtol=0, atol=1e-2)


def test_bias_activation_and_skip_at_the_end_of_a_large_tensor() -> None:
    x, bias = blank(64, *far(64)), noise(64)
    end = x[:, :, -12:].clone()
    activated = F.leaky_relu(biased(end, bias), 0.1).half()
    assert_equal_to_the_last_bit(add_bias_and_activate(x, bias, 0.1)[:, :, -12:], activated)
    end = x[:, :, -12:].clone()
    assert_equal_to_the_last_bit(add_bias_and_skip(x, bias, x)[:, :, -12:], end.float() + biased(end, bias))


def test_channels_are_shuffled_at_the_end_of_a_large_tensor() -> None:
    x, bias = blank(64, *far(64)), noise(64)
    expected = F.leaky_relu(F.pixel_shuffle(biased(x[:, :, -12:], bias), 2), 0.1)
    assert_equal_to_the_last_bit(shuffle_and_activate(x, bias, 0.1)[:, :, -24:], expected)
