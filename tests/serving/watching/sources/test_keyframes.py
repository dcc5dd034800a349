"""What is not decoded is never missed: a look needs the pictures since its key frame, and no others."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.watching.sources.keyframes import KeyFrames

FPS = 30


def _decoded(keys, due_s, seconds, *, all_of_them=False):
    """The numbers of the packets that are decoded, and those at which a look was due and could be had."""
    thrift, decoded, looked, wanted = KeyFrames(), [], [], 0.0
    for number in range(seconds * FPS):
        own_s = number / FPS
        if not thrift.needed(own_s, key=number in keys):
            continue
        decoded.append(number)
        if own_s >= wanted - 1e-9:
            looked.append(number)
            wanted = max(wanted + due_s, own_s)
        if not all_of_them:
            thrift.rest(own_s, wanted - own_s)
    return decoded, looked


def _is_whole(decoded, keys):
    """Whether each decoded picture follows a decoded one without a gap, is a key frame, or one is late."""
    known = set(decoded)
    return all(number in keys or number - 1 in known or _is_late(number, keys) for number in decoded)


def _is_late(number, keys):
    """Whether the last key frame lies farther back than the one before it lay from it."""
    one, last = sorted(key for key in keys if key <= number)[-2:]
    return number - last > last - one


def test_at_a_look_a_second_only_key_frames_are_decoded():
    """A key frame a second: each is the look, once the first two told how far apart they lie."""
    keys = set(range(0, 600, FPS))
    decoded, looked = _decoded(keys, 1.0, 20)
    assert looked == sorted(keys)
    assert len(decoded) == FPS + len(keys) - 1


def test_at_two_looks_a_second_the_way_to_the_second_one_is_decoded():
    """Half a second after the key frame a look is due: the fifteen pictures to it, and then rest."""
    keys = set(range(0, 600, FPS))
    decoded, looked = _decoded(keys, 0.5, 20)
    assert looked == list(range(0, 600, 15))
    assert len(decoded) == pytest.approx(20 * 16, abs=20)


def test_with_few_key_frames_everything_is_decoded():
    """Ten seconds between key frames and a look a second: no picture can be left out."""
    decoded, looked = _decoded({0, 300}, 1.0, 19)
    assert (len(decoded), looked) == (19 * FPS, list(range(0, 570, FPS)))


def test_a_packet_without_a_time_ends_the_rest():
    """What cannot be placed is decoded."""
    thrift = KeyFrames()
    assert thrift.needed(0.0, key=True)
    assert thrift.needed(0.5, key=True)
    thrift.rest(0.5, 2.0)
    assert not thrift.needed(1.0, key=False)
    assert thrift.needed(None, key=False)
    assert thrift.needed(1.1, key=False)


def test_a_key_frame_that_an_encoder_adds_at_a_cut_is_not_expected_again():
    """Ten seconds between key frames and one more soon after: nothing rests until the tenth second."""
    decoded, looked = _decoded({0, 300, 303, 600}, 1.0, 30)
    assert set(range(600)) <= set(decoded)
    assert looked[:20] == list(range(0, 600, FPS))


def test_a_stream_that_has_no_key_frames_any_more_is_decoded_again():
    """One a second for ten seconds, then none: after a while whatever comes is decoded."""
    decoded, _ = _decoded(set(range(0, 300, FPS)), 1.0, 30)
    assert decoded[-500:] == list(range(400, 900))


def test_time_that_goes_back_ends_the_rest():
    """After a break nobody knows when the next key frame comes: it is decoded, and taken for a beginning."""
    thrift = KeyFrames()
    for own_s in (100.0, 101.0):
        assert thrift.needed(own_s, key=True)
    thrift.rest(101.0, 3.0)
    assert not thrift.needed(101.5, key=False)
    assert thrift.needed(0.0, key=True)
    assert thrift.needed(0.1, key=False)


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=20),
    st.sampled_from([0.1, 0.4, 0.5, 1.0, 2.0, 5.0]),
)
def test_whatever_the_key_frames_every_decoded_picture_can_be_decoded(gaps, due_s):
    """Only where a key frame is late a decoder lacks what was before, and no look is later than one."""
    keys, at = {0}, 0
    for gap in gaps:
        at += gap
        keys.add(at)
    decoded, looked = _decoded(keys, due_s, 20)
    assert _is_whole(decoded, keys)
    longest = max([*gaps, 20 * FPS - at])
    steps = [after - before for before, after in pairwise(looked)]
    assert all(step <= due_s * FPS + longest + 1 for step in steps)


@given(st.integers(1, 60), st.sampled_from([0.2, 0.5, 1.0, 2.0]))
def test_with_regular_key_frames_every_look_is_where_it_would_have_been(gap, due_s):
    """Once their distance is known, leaving out changes nothing that is seen."""
    keys = set(range(0, 20 * FPS, gap))
    assert _decoded(keys, due_s, 20)[1] == _decoded(keys, due_s, 20, all_of_them=True)[1]
