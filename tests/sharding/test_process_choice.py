"""How many processes a run takes, and who does what."""

import pytest

from posestream.assembly_streams import input_streams
from posestream.config import load_config
from posestream.errors import ConfigError
from posestream.sharding.choosing import on_one_gpu, processes_for
from posestream.sharding.shares import dealt, share_config
from posestream.streaming import Streams


def settings(**given):
    return load_config(None, {"input": ["fake:"] * 4, "output": "out", **given})


def chosen(streams: int, *, cores: int = 16, **given) -> int:
    return processes_for(settings(**given), streams, cores=cores)


def test_on_a_cpu_there_is_one_unless_somebody_asks_for_more():
    assert chosen(500) == 1
    assert chosen(500, device="cpu") == 1
    assert chosen(500, processes=3) == 3


@pytest.mark.parametrize(
    ("streams", "device", "cores", "processes"),
    [
        (1, "cuda", 16, 1),
        (32, "cuda", 16, 1),
        (33, "cuda:0", 16, 2),
        (128, "cuda", 16, 4),
        (128, "cuda", 3, 3),
        (8, "cuda:0,cuda:1", 16, 2),
        (8, "cuda:0,cuda:1", 1, 2),
        (200, "cuda:0,cuda:1", 16, 7),
        (1, "cuda:0,cuda:1", 16, 1),
    ],
)
def test_on_gpus_there_is_one_for_each_and_for_every_32_streams(
    streams: int, device: str, cores: int, processes: int
):
    assert chosen(streams, device=device, cores=cores) == processes


def test_there_are_never_more_processes_than_streams():
    assert chosen(3, processes=8) == 3


def test_fewer_processes_than_gpus_are_refused():
    with pytest.raises(ConfigError, match=r"processes: 2 is not allowed with 3 GPUs .* 3 or more"):
        chosen(8, processes=2, device="cuda:0,cuda:1,cuda:4")


@pytest.mark.parametrize("wrong", [0, 257, "many", "2.5", -1, True])
def test_what_is_no_number_of_processes_is_refused(wrong: object):
    with pytest.raises(ConfigError, match="processes: must be auto or a number from 1 to 256"):
        settings(processes=wrong)


def test_a_single_stream_runs_on_the_first_of_several_gpus():
    assert on_one_gpu(settings(device="cuda:2,cuda:3")).estimator.device == "cuda:2"
    config = settings(device="cuda:2")
    assert on_one_gpu(config) is config


def test_streams_are_dealt_in_turns():
    assert dealt(5, 2) == [(0, 2, 4), (1, 3)]
    assert dealt(3, 3) == [(0,), (1,), (2,)]


def test_each_process_has_one_gpu():
    config = settings(device="cuda:0,cuda:2", input=["fake:"] * 6)
    devices = [
        share_config(config, input_streams(config), own, place=n, of=3).estimator.device
        for n, own in enumerate(dealt(6, 3))
    ]
    assert devices == ["cuda:0", "cuda:2", "cuda:0"]


def test_processes_on_a_cpu_share_its_cores_and_the_files_that_may_be_open():
    config = settings(threads=5, concurrent=6, input=["fake:"] * 8)
    inputs = input_streams(config)
    shares = [share_config(config, inputs, own, place=n, of=2) for n, own in enumerate(dealt(8, 2))]
    assert [share.estimator.threads for share in shares] == [2, 2]
    assert [share.sharing.concurrent for share in shares] == [3, 3]
    assert [share.sharing.processes for share in shares] == [1, 1]


def test_where_all_files_may_be_open_at_once_each_process_may_open_all_of_its():
    config = settings(concurrent=5, input=["fake:?realtime=1", *["fake:"] * 5])
    inputs = input_streams(config)
    for place, own in enumerate(dealt(6, 4)):
        share = share_config(config, inputs, own, place=place, of=4)
        assert share.sharing.concurrent >= sum(inputs[n].takes_turns for n in own)


def test_what_shows_all_streams_is_for_the_parent_and_what_sends_each_is_not():
    config = settings(show=True, serve=8080, publish="rtsp://server/all")
    share = share_config(config, input_streams(config), (0, 1), place=0, of=2)
    assert (share.outputs.show, share.serving.serve, share.outputs.publish) == (False, None, None)
    assert not share.tiling.mosaic
    each = settings(publish="rtsp://server/{stream}")
    share = share_config(each, input_streams(each), (0, 1), place=0, of=2)
    assert share.outputs.publish == "rtsp://server/{stream}"


def test_streams_that_come_and_go_run_in_one_process():
    with pytest.raises(ConfigError, match="processes: 2 is not allowed here"):
        Streams(processes=2)
