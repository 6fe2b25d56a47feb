"""A clip encoded once into what a camera sends: H.264 or H.265 access units at a fixed rate, packets of sound, all in memory.

Encoding happens with ffmpeg into a MOV file in the cache folder, under a name made of the content and the parameters; serving then
costs next to nothing. Groups of pictures are closed and have a fixed length, so the clip can be entered at every key frame and
repeated without a seam.
"""
import hashlib
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction

from . import scene
from .codec import H264, START_CODE
from .sound import Sound


class ClipError(Exception):
    """A sentence for whoever started the pretend camera."""


class Picture:
    """One access unit in Annex B form, split where a SEI message may go in: before the first slice."""

    def __init__(self, parameter_sets, slices, key, presentation_delay):
        self.parameter_sets = parameter_sets
        self.slices = slices
        self.key = key
        # Seconds between decoding and showing; 0 unless the clip has B-frames.
        self.presentation_delay = presentation_delay


@dataclass(frozen=True)
class Encoding:
    """How a clip is encoded. Without `fps` as in the clip, at most 30; `kbps_limit` None leaves the bit rate to the encoder."""
    fps: float | None = None
    gop_seconds: float = 2.0
    b_frames: bool = False
    codec: type = H264
    sound: Sound | None = None
    kbps_limit: int | None = None
    # Half the size and half the rate.
    reduced: bool = False


class Clip:
    """`sound` is None when there are no audio packets. `gop` is the number of pictures from key frame to key frame."""

    def __init__(self, codec, fps, gop, size, pictures, sound, audio_packets):
        self.codec = codec
        self.fps = fps
        self.gop = gop
        self.width, self.height = size
        self.pictures = pictures
        self.sound = sound if audio_packets else None
        self.audio_packets = audio_packets
        self.seconds = len(pictures) / fps

    def audio_packet(self, number):
        """The `number`-th packet since the start; at the seam one is repeated or left out, so that sound stays with picture."""
        index = number * self.sound.packet_seconds % self.seconds // self.sound.packet_seconds
        return self.audio_packets[min(index, len(self.audio_packets) - 1)]


def load(video, cache, encoding):
    """Encodes `video` (None: the project's own scene) unless the cache has it, and reads it. Raises ClipError."""
    source = _SceneSource() if video is None else _FileSource(video)
    rate = Fraction(encoding.fps).limit_denominator(1001) if encoding.fps else source.fps
    rate = rate / 2 if encoding.reduced else rate
    gop = max(1, round(rate * Fraction(encoding.gop_seconds)))
    sound = encoding.sound if source.has_audio else None
    arguments = _encoder_arguments(encoding, rate, gop, sound)
    path = os.path.join(cache, _cache_name(source.fingerprint, arguments))
    if not os.path.exists(path):
        _encode(source, arguments, path)
    return _read(path, encoding.codec, rate, gop, sound)


class _SceneSource:
    fps = Fraction(scene.FPS)
    has_audio = False

    def __init__(self):
        with open(scene.__file__, "rb") as file:
            self.fingerprint = hashlib.sha256(file.read()).hexdigest()
        self.input = ["-f", "rawvideo", "-pix_fmt", "bgr0", "-s", f"{scene.WIDTH}x{scene.HEIGHT}", "-r", str(scene.FPS), "-i", "pipe:0"]

    def pictures(self):
        return b"".join(scene.pictures())


class _FileSource:
    def __init__(self, path):
        if not os.path.isfile(path):
            raise ClipError(f"There is no video file {path}.")
        shown = _probe(path, "stream=codec_type,avg_frame_rate")
        videos = [stream for stream in shown["streams"] if stream.get("codec_type") == "video"]
        if not videos:
            raise ClipError(f"{path} has no video.")
        self.fps = min(Fraction(videos[0]["avg_frame_rate"].replace("/0", "/1")) or Fraction(25), Fraction(30))
        self.has_audio = any(stream.get("codec_type") == "audio" for stream in shown["streams"])
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        self.fingerprint = digest.hexdigest()
        self.input = ["-i", path]

    def pictures(self):
        return None


def _encoder_arguments(encoding, fps, gop, sound):
    divisor = 4 if encoding.reduced else 2
    scale = f"scale=trunc(iw/{divisor})*2:trunc(ih/{divisor})*2"
    limit = encoding.kbps_limit
    video = ["-map", "0:v:0", "-vf", f"fps={fps},{scale}", *encoding.codec.encoder(gop, 2 if encoding.b_frames else 0),
             "-pix_fmt", "yuv420p", *(["-maxrate", f"{limit}k", "-bufsize", f"{limit}k"] if limit else []),
             # Parameter sets come with every key frame, as cameras send them.
             "-bsf:v", "dump_extra=freq=keyframe"]
    audio = ["-map", "0:a:0", "-ac", "1", "-ar", str(sound.rate), "-c:a", *sound.encoder] if sound else ["-an"]
    return video + audio + ["-map_metadata", "-1", "-f", sound.container if sound else "mov"]


def _cache_name(fingerprint, arguments):
    return hashlib.sha256(json.dumps([fingerprint, arguments]).encode()).hexdigest()[:32] + ".mov"


def _encode(source, arguments, path):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # Another pretend camera may be encoding the same clip: each writes its own file, the rename is whole.
        handle, partial = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".partial")
    except OSError as error:
        raise ClipError(f"The cache folder {os.path.dirname(path)} cannot be written: {error.strerror}.") from error
    os.close(handle)
    try:
        _run(["ffmpeg", "-v", "error", "-y", *source.input, *arguments, partial], source.pictures())
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def _run(command, stdin=None):
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise ClipError(f"{command[0]} is not installed: apt-get install -y ffmpeg") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise ClipError(f"ffmpeg cannot use this video: {lines[-1]}") from error
    return done.stdout


def _probe(path, entries):
    return json.loads(_run(["ffprobe", "-v", "error", "-of", "json", "-show_entries", entries, path]))


def _read(path, codec, fps, gop, sound):
    """MOV samples lie in the file as they are: ffprobe says where, and no container has to be parsed here."""
    with open(path, "rb") as file:
        content = file.read()
    shown = _probe(path, "stream=codec_type,width,height:packet=codec_type,pts_time,dts_time,pos,size,flags")
    size = next((stream["width"], stream["height"]) for stream in shown["streams"] if stream["codec_type"] == "video")
    pictures, audio_packets = [], []
    for packet in shown["packets"]:
        start = int(packet["pos"])
        data = content[start:start + int(packet["size"])]
        if packet["codec_type"] == "audio":
            audio_packets.append(data)
            continue
        delay = float(packet["pts_time"]) - float(packet["dts_time"])
        pictures.append(_picture(codec, data, "K" in packet["flags"], delay))
    if sound and sound.packet_bytes:
        samples, step = b"".join(audio_packets), sound.packet_bytes
        audio_packets = [samples[start:start + step] for start in range(0, len(samples) - step + 1, step)]
    return Clip(codec, fps, gop, size, pictures, sound, audio_packets)


def _picture(codec, sample, key, presentation_delay):
    parameter_sets, slices = b"", b""
    for unit in _nal_units(sample):
        kind = codec.kind(unit)
        if kind in codec.parameter_sets:
            parameter_sets += START_CODE + unit
        elif kind in codec.slices:
            slices += START_CODE + unit
    return Picture(parameter_sets, slices, key, presentation_delay)


def _nal_units(sample):
    position = 0
    while position + 4 <= len(sample):
        length = int.from_bytes(sample[position:position + 4], "big")
        yield sample[position + 4:position + 4 + length]
        position += 4 + length
