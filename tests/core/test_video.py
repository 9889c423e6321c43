from __future__ import annotations

import contextlib
import gc
import os
import queue
import struct
import threading
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from labdata_napari.core.stacks import open_stack, probe
from labdata_napari.core.video import VideoReader, open_video
from labdata_napari.core.video_align import alignment_of
from labdata_napari.core.video_files import open_videos
from labdata_napari.core.video_thread import FramePlayer
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile

FRAMES, HEIGHT, WIDTH, BITS = 90, 48, 128, 8


def picture(number, noise=0):
    """A picture that carries its number as bars, dark for 0 and light for 1."""
    bits = [(number >> b) & 1 for b in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 200 + 28, WIDTH // BITS)
    whole = np.tile(row, (HEIGHT, 1))
    if noise:
        rng = np.random.default_rng(number)
        whole = whole + rng.integers(-noise, noise, whole.shape).astype(np.int8)
    return np.repeat(whole.astype(np.uint8)[..., None], 3, axis=2)


def number_of(image):
    bars = np.asarray(image)[..., 0].reshape(HEIGHT, BITS, -1).mean(axis=(0, 2))
    return int(sum((bars[b] > 128) << b for b in range(BITS)))


def video(
    path,
    codec="libx264",
    options=None,
    step=None,
    start=0,
    frames=FRAMES,
    pixels="yuv420p",
    first=0,
    noise=0,
):
    """Write numbered pictures; `step` gives the time of frame n in ms."""
    step = step or (lambda n: 40 * n)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        if codec == "mjpeg":
            stream.pix_fmt = "yuvj420p"
        timed = codec == "libx264" and path.suffix != ".avi"
        if timed:
            stream.codec_context.time_base = Fraction(1, 1000)
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(
                picture(first + n, noise), format="rgb24"
            )
            frame.pts = start + step(n) if timed else n
            if timed:
                frame.time_base = stream.codec_context.time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def jumps(count, seed=0):
    """Frames in an order that steps back, forth and far."""
    rng = np.random.default_rng(seed)
    far = rng.integers(0, count, 40).tolist()
    return [0, count - 1, *far, *range(20, 8, -1), *range(8, 20)]


KINDS = {
    "b-frames": (".mp4", "libx264", {"g": "30", "bf": "3"}),
    "one key frame": (".mp4", "libx264", {"g": "250", "bf": "3"}),
    "no b-frames": (".mp4", "libx264", {"g": "10", "bf": "0"}),
    "open groups": (".mp4", "libx264", {"g": "12", "bf": "3", "x264-params":
                                        "open-gop=1:scenecut=0"}),
    "matroska": (".mkv", "libx264", {"g": "30", "bf": "3"}),
    "motion jpeg": (".avi", "mjpeg", {}),
    "mpeg-4 b-frames in avi": (".avi", "mpeg4", {"g": "12", "bf": "2"}),
    "h264 b-frames in avi": (".avi", "libx264", {"g": "30", "bf": "3"}),
    "grey": (".mp4", "libx264", {"g": "30", "bf": "3"}, "gray"),
    "10 bits": (".mp4", "libx264", {"g": "30", "bf": "3"}, "yuv420p10le"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_the_one_asked_for(tmp_path, kind):
    suffix, codec, options, *pixels = KINDS[kind]
    made = {"pixels": pixels[0]} if pixels else {}
    path = video(tmp_path / f"v{suffix}", codec, options, **made)
    stack = open_video(path)
    assert (stack.axes, stack.shape) == ("TYXS", (FRAMES, HEIGHT, WIDTH, 3))
    asked = jumps(FRAMES)
    assert [number_of(stack[n]) for n in asked] == asked


def test_frames_that_take_long_are_decoded_on_several_threads_and_are_the_right_ones(
    tmp_path,
):
    options = {"g": "45", "bf": "3", "crf": "1"}
    path = video(tmp_path / "v.mp4", options=options, noise=27)
    assert path.stat().st_size > 4200 * FRAMES  # where threads begin to pay
    stack, asked = open_video(path), jumps(FRAMES)
    assert [number_of(stack[n]) for n in asked] == asked


def test_a_changing_frame_rate_does_not_shift_frames(tmp_path):
    gaps = np.cumsum(np.random.default_rng(1).integers(10, 200, FRAMES))
    path = video(tmp_path / "v.mp4", step=lambda n: int(gaps[n]), options={"bf": "3"})
    stack = open_video(path)
    assert stack.shape[0] == FRAMES
    assert [number_of(stack[n]) for n in jumps(FRAMES)] == jumps(FRAMES)


def test_frames_cut_off_by_an_edit_list_are_not_counted(tmp_path):
    whole = video(tmp_path / "w.mp4", options={"g": "30", "bf": "3"})
    path = tmp_path / "cut.mp4"
    # Cutting a stream without coding it anew keeps the pictures before the cut, which
    # later ones are made from, and has players leave them out.
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(whole)) as source, av.open(str(path), "w", options=options) as out:
        old = source.streams.video[0]
        new = out.add_stream_from_template(old)
        shift = int(0.4 / old.time_base)  # ten frames
        for packet in source.demux(old):
            if packet.dts is not None:
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = new
                out.mux(packet)
    with av.open(str(path)) as played:
        shown = [
            number_of(f.to_ndarray(format="rgb24")) for f in played.decode(video=0)
        ]
    stack = open_video(path)
    assert shown == list(range(10, FRAMES))
    assert [number_of(stack[n]) for n in jumps(len(shown))] == [
        shown[n] for n in jumps(len(shown))
    ]


def test_what_was_found_in_a_file_is_kept_until_it_changes(tmp_path):
    kept = tmp_path / "kept"
    path = video(tmp_path / "v.avi", options={"g": "30", "bf": "3"}, frames=40)
    assert len(open_video(path, kept)) == 40
    [index] = kept.iterdir()
    again = open_video(path, kept)
    assert [number_of(again[n]) for n in (39, 0, 17)] == [39, 0, 17]
    # it is what was kept that is used, where it can be read
    with np.load(index) as found:
        shorter = dict(found) | {"times": found["times"][:5]}
    np.savez(index, **shorter)
    assert len(open_video(path, kept)) == 5
    index.write_bytes(b"no index")
    assert len(open_video(path, kept)) == 40
    video(path, options={"g": "10", "bf": "0"}, frames=12)
    assert len(open_video(path, kept)) == 12


def test_several_files_are_one_video(tmp_path):
    paths = [
        video(tmp_path / f"v{part}.mp4", frames=30, first=30 * part) for part in (0, 1)
    ]
    stack = open_videos(paths)
    assert stack.shape == (60, HEIGHT, WIDTH, 3)
    asked = [0, 59, 29, 30, 31, 28]
    assert [number_of(stack[n]) for n in asked] == asked
    assert number_of(stack[28:32:3][1]) == 31
    other = tmp_path / "other.mp4"
    with av.open(str(other), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height = WIDTH, 2 * HEIGHT
        pixels = np.zeros((2 * HEIGHT, WIDTH, 3), np.uint8)
        out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(InvalidValue, match="not parts of one video"):
        open_videos([*paths, other])


def test_a_player_shows_what_is_wanted_last_and_holds_what_comes_next(tmp_path):
    reader = VideoReader(video(tmp_path / "v.mp4", options={"g": "30", "bf": "3"}))
    shown = queue.Queue()
    player = FramePlayer(reader, lambda n, got: shown.put((n, got)), ahead=8)
    assert player.show(50) is None
    number, got = shown.get(timeout=20)
    assert (number, number_of(got)) == (50, 50)
    for n in (5, 70, 22):
        player.show(n)
    while number != 22:
        number, got = shown.get(timeout=20)
        assert number_of(got) == number
    while reader.picture_held(14) is None:  # eight before, as it went back
        time.sleep(0.001)
    assert number_of(player.show(21)) == 21
    assert shown.empty()
    player.close()
    assert not [t for t in threading.enumerate() if t.name == "video frames"]


def test_a_player_tells_which_frame_cannot_be_decoded(tmp_path):
    path = video(tmp_path / "v.avi", options={"bf": "3"}, frames=10)
    open_video(path, tmp_path)
    [index] = tmp_path.glob("*.npz")
    with np.load(index) as found:
        longer = dict(found) | {"times": np.arange(20)}
    np.savez(index, **longer)  # as if the file's end were missing
    shown = queue.Queue()
    player = FramePlayer(
        VideoReader(path, tmp_path), lambda n, got: shown.put((n, got))
    )
    player.show(19)
    number, got = shown.get(timeout=20)
    assert number == 19
    assert isinstance(got, UnreadableFile)
    assert "Frame 19 of" in str(got)
    player.close()


def test_no_more_frames_are_held_than_fit(tmp_path):
    each = HEIGHT * WIDTH * 3 // 2
    path = video(tmp_path / "v.mp4", options={"g": "90"})
    reader = VideoReader(path, cache_bytes=10 * each)
    reader.hold(60)
    held = [n for n in range(FRAMES) if reader.picture_held(n) is not None]
    assert held[-1] == 60
    assert 4 <= len(held) <= 10


@pytest.mark.parametrize("offset", [0, 2, -1])
def test_stored_frames_that_were_counted_otherwise_are_noticed(tmp_path, offset):
    reader = VideoReader(video(tmp_path / "v.mp4", frames=40))
    stored = {n: picture(n + offset) for n in (7, 20, 31)}
    found = alignment_of(reader, stored)
    assert found.offset == offset
    assert bool(found.words) == bool(offset)
    if offset == 2:
        assert "2 frames later" in found.words


def test_stored_frames_of_another_video_are_noticed(tmp_path):
    reader = VideoReader(video(tmp_path / "v.mp4", frames=20))
    other = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH), np.uint8)
    assert "another video" in alignment_of(reader, {7: other}).words
    assert "only 20 frames" in alignment_of(reader, {70: other}).words
    small = alignment_of(reader, {7: other[:9]})
    assert (small.offset, "size" in small.words) == (None, True)
    assert alignment_of(reader, {}).words == ""


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_start_after_zero_does_not_shift_frames(tmp_path, suffix):
    path = video(tmp_path / f"v{suffix}", start=7000, options={"bf": "2"})
    stack = open_video(path)
    assert [number_of(stack[n]) for n in jumps(FRAMES)] == jumps(FRAMES)


def test_several_frames_and_parts_of_them_are_read_as_from_an_array(tmp_path):
    stack = open_video(video(tmp_path / "v.mp4"))
    part = stack[10:20:3, ::2, 5:9, 0]
    assert part.shape == (4, 24, 4)
    np.testing.assert_array_equal(part[1], stack[13][::2, 5:9, 0])


def test_frame_rate_and_content_are_told(tmp_path):
    path = video(tmp_path / "v.mp4")
    assert open_video(path).frame_rate == pytest.approx(25)
    assert open_stack(path).axes == "TYXS"
    assert probe(path).format == "video"


def test_threads_may_read_one_video_together(tmp_path):
    stack = open_video(video(tmp_path / "v.mp4", options={"g": "30", "bf": "3"}))
    wrong = []

    def work(seed):
        for n in np.random.default_rng(seed).integers(0, FRAMES, 25).tolist():
            if number_of(stack[n]) != n:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_rotated_video_is_shown_upright(tmp_path):
    path = video(tmp_path / "v.mp4")
    upright = open_video(path)[5]
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40  # the matrix of the track header
    quarter = (0, 65536, 0, -65536, 0, 0, HEIGHT * 65536, 0, 1 << 30)
    content[at : at + 36] = struct.pack(">9i", *quarter)
    path.write_bytes(content)
    turned = open_video(path)
    assert turned.shape == (FRAMES, WIDTH, HEIGHT, 3)
    # A camera turned by a quarter: rows become columns, clockwise.
    np.testing.assert_array_equal(turned[5], np.rot90(upright, -1))
    asked = jumps(FRAMES)
    assert [number_of(np.rot90(turned[n])) for n in asked] == asked


def test_a_missing_video_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        open_video(tmp_path / "v.mp4")


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0" * 5000])
def test_a_file_that_is_no_video_is_refused(tmp_path, content):
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"v\.mp4 is damaged.*copy it") as error:
        open_video(tmp_path / "v.mp4")
    assert "Errno" not in str(error.value)


def test_a_video_cut_before_its_index_is_refused(tmp_path):
    path = video(tmp_path / "v.mp4")
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UnreadableFile, match=r"v\.mp4"):
        open_video(path)


@pytest.mark.parametrize(
    ("name", "bf"), [("v.mkv", "0"), ("v.avi", "3"), ("v.avi", "0")]
)
def test_a_damaged_end_costs_no_frame_before_it_and_gives_no_wrong_one(
    tmp_path, name, bf
):
    path = video(tmp_path / name, options={"g": "10", "bf": bf})
    os.truncate(path, int(path.stat().st_size * 0.7))
    stack = open_video(path)
    assert 20 < len(stack) < FRAMES
    whole = len(stack) - 3  # the cut may have gone through the frames after them
    asked = jumps(whole)
    assert [number_of(stack[n]) for n in asked] == asked
    for number in range(whole, len(stack)):
        with contextlib.suppress(UnreadableFile):
            assert number_of(stack[number]) == number


def test_a_sound_file_is_no_video(tmp_path):
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(UnreadableFile, match="no video"):
        open_video(path)


def test_opening_many_videos_leaves_no_file_open(tmp_path):
    psutil = pytest.importorskip("psutil")
    path = video(tmp_path / "v.mp4", frames=10)
    gc.collect()
    before = len(psutil.Process().open_files())
    for _ in range(10):
        np.asarray(open_video(path)[3])
    gc.collect()
    assert len(psutil.Process().open_files()) <= before


def test_the_real_video_gives_the_frames_of_playing_it(shared_data):
    folder = shared_data / "openfield-Pranav-2018-10-30" / "videos"
    path = folder / "m3v1mp4.mp4"
    if not path.exists():
        pytest.skip("the open-field video is not among the real data")
    stack = open_video(path)
    wanted = [0, 1, 250, 251, 600]
    played = {}
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                played[number] = frame.to_ndarray(format="rgb24")
            if number == wanted[-1]:
                break
    assert stack.shape == (2330, 480, 640, 3)
    for number in (600, 0, 251, 250, 1):
        np.testing.assert_array_equal(stack[number], played[number])
