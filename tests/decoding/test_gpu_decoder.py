"""The GPU's decoder finds whom the CPU's finds: its kernels run here on a CPU, or on a GPU."""

from __future__ import annotations

import numpy as np
import pytest

import emulated_gpu
from posestream.decoding import paf_compatible as steps
from posestream.decoding.centers import CenterDecoder
from posestream.decoding.gpu_decoder import GpuDecoder
from posestream.decoding.one_person import OnePersonDecoder
from posestream.decoding.paf import PafDecoder
from posestream.errors import ConfigError, InferenceError, MissingDependencyError
from posestream.geometry import Letterbox
from posestream.kernels import on_cuda
from posestream.topology import COCO_17, TRTPOSE_HUMAN, Topology
from posestream.types import Fields

torch = pytest.importorskip("torch")


PAIR = Topology("pair", ("head", "tail"), ((0, 1),), ((0, 1),))
SIDE = 24


@pytest.fixture(params=["emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request):
    """Where kernels run: the device of tensors and how kernels are compiled for it."""
    return ("cpu", emulated_gpu.on_cpu) if request.param == "emulated" else ("cuda", on_cuda)


def noise(rng, keypoints, channels, *, batch=2, side=SIDE):
    """Smooth enough noise: a peak in every other place, fields that link some of them."""
    maps = rng.random((batch, keypoints, side, side)) ** 6
    fields = 0.5 * rng.standard_normal((batch, channels, side, side))
    fields += np.roll(fields, 1, axis=2) + np.roll(fields, 1, axis=3)
    return [array.astype(np.float16).astype(np.float32) for array in (maps, fields)]


def letterboxes(*contents, side=SIDE, stride=4):
    size = (side * stride, side * stride)
    return tuple(Letterbox((2 * w, 2 * h), (w, h), size) for w, h in contents)


def both(cpu, arrays, boxes, gpu, *, dtype=torch.float32, last=False, **options):
    """Decode the same maps on the CPU and on the GPU."""
    expected = cpu.decode(Fields(arrays, boxes))
    device, load = gpu
    layout = torch.channels_last if last else torch.contiguous_format
    maps = {
        name: torch.from_numpy(array).to(device, dtype).contiguous(memory_format=layout)
        for name, array in arrays.items()
    }
    decoder = GpuDecoder(cpu, load=load, **options)
    found = decoder.decode(decoder.prepare(maps), maps, boxes)
    decoder.close()
    return expected, found


def assert_same(expected, found, *, pixels=1e-3):
    assert [len(poses) for poses in expected] == [len(poses) for poses in found]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=pixels)
        np.testing.assert_allclose(ours.keypoint_scores, theirs.keypoint_scores, atol=1e-6)
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-5)
        np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=pixels)


def paf_maps(maps, fields):
    return {"confidence_maps": maps, "part_affinity_fields": fields}


@pytest.mark.parametrize("last", [False, True], ids=["channels_first", "channels_last"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=["f32", "f16"])
@pytest.mark.parametrize("setting", ["robust", "compatible"])
def test_noise_decodes_to_the_same_people(gpu, setting, dtype, last):
    maps, fields = noise(np.random.default_rng(1), 18, 42)
    cpu = PafDecoder(TRTPOSE_HUMAN, stride=4, setting=setting, min_keypoints=2, noise_sigmas=0)
    boxes = letterboxes((96, 96), (94, 61))
    expected, found = both(cpu, paf_maps(maps, fields), boxes, gpu, dtype=dtype, last=last)
    assert len(expected[0]) > 3
    assert_same(expected, found)


def test_more_peaks_than_there_is_room_for_leave_the_strongest(gpu):
    maps, fields = noise(np.random.default_rng(2), 2, 2)
    cpu = PafDecoder(PAIR, stride=4, max_peaks=7, min_keypoints=1, min_score=0)
    boxes = letterboxes((96, 96), (96, 96))
    expected, found = both(cpu, paf_maps(maps, fields), boxes, gpu)
    assert len(expected[0]) > 0
    assert_same(expected, found)


@pytest.mark.parametrize("setting", ["robust", "compatible"])
def test_plateaus_are_found_as_on_the_cpu(gpu, setting):
    rng = np.random.default_rng(3)
    maps, fields = noise(rng, 2, 2)
    maps = np.round(3 * maps) / 3  # few heights: plateaus of every size and shape
    maps[1] = 0.5
    cpu = PafDecoder(PAIR, stride=4, setting=setting, max_peaks=40, min_keypoints=1, min_score=0)
    boxes = letterboxes((96, 96), (96, 96))
    expected, found = both(cpu, paf_maps(maps, fields), boxes, gpu)
    assert_same(expected, found)


@pytest.mark.parametrize("setting", ["robust", "compatible"])
def test_numbers_that_are_not_finite_count_as_zero(gpu, setting):
    rng = np.random.default_rng(4)
    maps, fields = noise(rng, 2, 2)
    for array in (maps, fields):
        for value in (np.nan, np.inf, -np.inf):
            array[rng.random(array.shape) < 0.05] = value
    cpu = PafDecoder(PAIR, stride=4, setting=setting, min_keypoints=1, min_score=0, max_peaks=60)
    boxes = letterboxes((96, 96), (96, 96))
    expected, found = both(cpu, paf_maps(maps, fields), boxes, gpu)
    assert_same(expected, found)


@pytest.mark.parametrize("setting", ["robust", "compatible"])
def test_maps_of_a_few_cells_are_decoded(gpu, setting):
    rng = np.random.default_rng(5)
    maps = rng.random((1, 2, 1, 3)).astype(np.float32)
    fields = np.ones((1, 2, 1, 3), np.float32)
    cpu = PafDecoder(PAIR, stride=4, setting=setting, min_keypoints=1, min_score=0)
    boxes = (Letterbox((24, 8), (12, 4), (12, 4)),)
    expected, found = both(cpu, paf_maps(maps, fields), boxes, gpu)
    assert_same(expected, found)


def test_a_crowd_of_any_size_is_brought_home(gpu):
    maps, fields = noise(np.random.default_rng(10), 2, 2, side=48)
    cpu = PafDecoder(PAIR, stride=4, min_keypoints=2, min_score=0, noise_sigmas=0)
    boxes = letterboxes((192, 192), (192, 192), side=48)
    expected, found = both(cpu, paf_maps(maps, fields), boxes, gpu)
    assert len(expected[0]) > 20  # more than there is room for at first
    assert_same(expected, found)


def test_a_batch_that_is_not_full_and_threads_change_nothing(gpu):
    maps, fields = noise(np.random.default_rng(6), 2, 2, batch=5)
    cpu = PafDecoder(PAIR, stride=4, min_keypoints=1, min_score=0)
    boxes = letterboxes((96, 96), (50, 96), (96, 50), (30, 30))
    device, load = gpu
    there = {
        name: torch.from_numpy(array).to(device) for name, array in paf_maps(maps, fields).items()
    }
    expected = cpu.decode(Fields(paf_maps(maps[:4], fields[:4]), boxes))
    decoder = GpuDecoder(cpu, load=load, threads=3)
    batch = decoder.prepare(there)
    for _ in range(2):
        assert_same(expected, decoder.decode(batch, there, boxes))
    with pytest.raises(ValueError, match="6 frames, room for 5"):
        batch.place([boxes[0]] * 6)
    decoder.close()


GOLDEN = ("syn_56x56_P05_noisy", "syn_46x82_P06_noisy", "real_mobilenet_thin_apink1_46x54",
          "adv_border_peaks", "adv_negative_skirts", "adv_paf_huge")  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_every_step_repeats_the_original_to_the_last_bit(shared, gpu, name):
    with np.load(shared / "golden" / f"{name}.npz") as file:
        vectors = dict(file)
    check_golden(vectors, gpu, most=20)


@pytest.mark.gpu
@pytest.mark.parametrize("most", [20, 100])
def test_every_golden_vector_is_repeated_to_the_last_bit(shared, most):
    tied = ("const_plateau_paf", "plateaus", "regular_grid_ties", "paf_zero", "identical_points")
    for path in sorted((shared / "golden").glob("*.npz")):
        with np.load(path) as file:
            vectors = dict(file)
        check_golden(
            vectors,
            ("cuda", on_cuda),
            most=most,
            links=not path.stem.endswith(tied)
            and "nan" not in path.stem
            and "inf" not in path.stem,
        )


def check_golden(vectors, gpu, *, most, links=True):
    device, load = gpu
    topology = vectors["topology"]
    human = Topology(
        "golden",
        tuple(f"k{n}" for n in range(vectors["cmap"].shape[1])),
        tuple((int(a), int(b)) for a, b in topology[:, 2:]),
        tuple((int(x), int(y)) for y, x in topology[:, :2]),
    )
    cpu = PafDecoder(human, stride=1, setting="compatible", max_peaks=most)
    maps = {
        "confidence_maps": torch.from_numpy(vectors["cmap"]).to(device),
        "part_affinity_fields": torch.from_numpy(vectors["paf"]).to(device),
    }
    batch_size, _, height, width = vectors["cmap"].shape
    boxes = [Letterbox((width, height), (width, height), (width, height))] * batch_size
    decoder = GpuDecoder(cpu, load=load)
    batch = decoder.prepare(maps)
    decoder.decode(batch, maps, boxes)
    decoder.close()
    for n in range(batch_size):
        finite = np.where(np.isfinite(vectors["cmap"][n]), vectors["cmap"][n], np.float32(0))
        counts, cells = steps.find_peaks(finite, np.float32(0.1), 5, most)
        assert np.array_equal(batch.found["counts"][n], counts)
        refined = steps.refine_peaks(finite, counts, cells, 5)
        for k, count in enumerate(counts):
            ours = batch.found["peaks"][n, k, :count, 1::-1]
            assert np.array_equal(ours, refined[k, :count], equal_nan=True)
            if links:
                theirs = vectors[f"normalized_peaks_M{most}"][n, k, :count]
                assert np.array_equal(ours, theirs, equal_nan=True)
        if links:
            assert np.array_equal(batch.connections(n), vectors[f"connections_M{most}"][n])


def center_maps(rng, *, batch=2, keypoints=17, height=20, width=16):
    shape = (batch, keypoints, height, width)
    arrays = {
        "center_heatmap": rng.random((batch, 1, height, width)) ** 8,
        "box_size": rng.uniform(-2, 12, (batch, 2, height, width)),
        "keypoint_heatmap": rng.random(shape) ** 4,
        "keypoint_regression": 4 * rng.standard_normal((batch, 2 * keypoints, height, width)),
        "keypoint_offset": rng.random((batch, 2 * keypoints, height, width)),
    }
    return {name: a.astype(np.float16).astype(np.float32) for name, a in arrays.items()}


@pytest.mark.parametrize("last", [False, True], ids=["channels_first", "channels_last"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=["f32", "f16"])
@pytest.mark.parametrize("people", [100, 9])
def test_centers_decode_to_the_same_people(gpu, people, dtype, last):
    arrays = center_maps(np.random.default_rng(7))
    cpu = CenterDecoder(COCO_17, stride=4, max_people=people)
    boxes = tuple(Letterbox((128, 160), (64, 80), (64, 80)) for _ in range(2))
    expected, found = both(cpu, arrays, boxes, gpu, dtype=dtype, last=last)
    assert min(len(poses) for poses in expected) > 3
    assert_same(expected, found)


def test_centers_that_are_not_finite_or_tied_are_nobody_twice(gpu):
    rng = np.random.default_rng(8)
    arrays = center_maps(rng)
    arrays["center_heatmap"] = np.round(4 * arrays["center_heatmap"]) / 4
    for array in arrays.values():
        for value in (np.nan, np.inf, -np.inf):
            array[rng.random(array.shape) < 0.03] = value
    cpu = CenterDecoder(COCO_17, stride=4)
    boxes = tuple(Letterbox((128, 160), (64, 80), (64, 80)) for _ in range(2))
    assert_same(*both(cpu, arrays, boxes, gpu))


def test_no_center_is_nobody(gpu):
    arrays = center_maps(np.random.default_rng(9), batch=1)
    arrays["center_heatmap"][:] = 0
    boxes = (Letterbox((128, 160), (64, 80), (64, 80)),)
    expected, found = both(CenterDecoder(COCO_17, stride=4), arrays, boxes, gpu)
    assert [len(poses) for poses in (*expected, *found)] == [0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"part_affinity_fields": None}, "maps lack part_affinity_fields"),
        ({"confidence_maps": torch.zeros(1, 1, 8, 8)}, r"\(1, 1, 8, 8\), must be .* at least 2"),
        ({"part_affinity_fields": torch.zeros(1, 2, 8, 9)}, r"\(1, 2, 8, 9\), other maps are"),
        ({"confidence_maps": torch.zeros(1, 2, 8, 8).half()}, "float16, float32"),
        ({"confidence_maps": torch.zeros(1, 2, 0, 8)}, "must be"),
    ],
)
def test_maps_that_do_not_fit_are_refused(change, message):
    maps = {
        "confidence_maps": torch.zeros(1, 2, 8, 8),
        "part_affinity_fields": torch.zeros(1, 2, 8, 8),
        **change,
    }
    maps = {name: tensor for name, tensor in maps.items() if tensor is not None}
    decoder = GpuDecoder(PafDecoder(PAIR, stride=4), load=emulated_gpu.on_cpu)
    with pytest.raises(InferenceError, match=message):
        decoder.prepare(maps)


def test_a_decoder_without_a_form_for_the_gpu_is_refused():
    with pytest.raises(ConfigError, match="OnePersonDecoder has no form for the GPU"):
        GpuDecoder(OnePersonDecoder(lambda fields: np.zeros((0, 0, 3), np.float32)))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_error_says_what_is_missing():
    maps = {name: torch.zeros(1, 2, 8, 8) for name in ("confidence_maps", "part_affinity_fields")}
    with pytest.raises(MissingDependencyError, match="GPU"):
        GpuDecoder(PafDecoder(PAIR, stride=4)).prepare(maps)
