"""Streams that begin anew, or as another one."""

from gpu_stand_ins import KEY, packet

from posestream.gpu.parameter_sets import ParameterWatch, begins_sequence, sequence_parameters

HEVC_IDR, HEVC_CRA = b"\0\0\1\x42\x01sps\0\0\0\1\x26\x01slice", b"\0\0\1\x2a\x01slice"


def test_parameters_are_found_behind_other_units():
    data = b"\0\0\0\1\x09\x10\0\0\0\1\x67first\0\0\1\x68pps\0\0\1\x65slice"
    assert sequence_parameters("h264", data) == b"\x67first"


def test_packets_without_parameters_have_none():
    assert sequence_parameters("h264", b"\0\0\1\x65slice") is None
    assert sequence_parameters("vp9", KEY) is None


def test_other_parameters_are_noticed_and_the_same_are_not():
    watch = ParameterWatch("h264")
    again = packet(1, key=True, data=KEY.replace(b"parameters", b"PARAMETERS"))
    assert [watch.changed(p) for p in (packet(0, key=True), packet(1, key=True), again)] == [
        False,
        False,
        True,
    ]
    assert not watch.changed(again)


def test_only_key_frames_are_looked_at():
    watch = ParameterWatch("h264")
    assert not watch.changed(packet(0, key=True))
    assert not watch.changed(packet(1, data=KEY.replace(b"parameters", b"PARAMETERS")))


def test_an_instantaneous_refresh_begins_a_sequence():
    assert begins_sequence("h264", packet(0, key=True))
    assert begins_sequence("hevc", packet(0, key=True, data=HEVC_IDR))


def test_a_key_frame_that_pictures_before_it_may_follow_begins_none():
    assert not begins_sequence("hevc", packet(0, key=True, data=HEVC_CRA))
    assert not begins_sequence("h264", packet(0, key=True, data=b"\0\0\1\x41recovery point"))
    assert not begins_sequence("h264", packet(0))
