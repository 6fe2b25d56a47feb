"""A clip encoded once into what a camera sends: H.264 access units at a fixed rate, AAC packets, all in memory.

Encoding happens with ffmpeg into a MOV file in the cache folder, under a name made of the content and the parameters; serving then
costs next to nothing. Groups of pictures are closed and have a fixed length, so the clip can be entered at every key frame and
repeated without a seam.
"""
import hashlib
import json
import os
import subprocess
import tempfile
from fractions import Fraction

from . import scene

START_CODE = b"\x00\x00\x00\x01"
SLICE, KEY_SLICE, SPS, PPS = 1, 5, 7, 8


class Sound:
    """One kind of sound: how it is encoded, and how many samples make a packet."""

    def __init__(self, encoder, rate, samples_per_packet):
        self.arguments = ["-map", "0:a:0", "-ac", "1", "-ar", str(rate), "-c:a", *encoder]
        self.rate = rate
        self.samples_per_packet = samples_per_packet
        self.packet_seconds = Fraction(samples_per_packet, rate)


AAC = Sound(["aac", "-b:a", "64k"], 48000, 1024)
# One byte is one sample: the file's packets have any length, the camera's have 20 ms.
G711 = Sound(["pcm_alaw"], 8000, 160)


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


class Clip:
    """`sound` is None when there are no audio packets."""

    def __init__(self, fps, pictures, sound, audio_packets):
        self.fps = fps
        self.pictures = pictures
        self.sound = sound if audio_packets else None
        self.audio_packets = audio_packets
        self.seconds = len(pictures) / fps

    def audio_packet(self, number):
        """The `number`-th packet since the start; at the seam one is repeated or left out, so that sound stays with picture."""
        index = number * self.sound.packet_seconds % self.seconds // self.sound.packet_seconds
        return self.audio_packets[min(index, len(self.audio_packets) - 1)]


def load(video, cache, fps, gop_seconds, b_frames, sound):
    """Encodes `video` (None: the project's own scene) unless the cache has it, and reads it. `sound`: AAC, G711 or None.

    Raises ClipError.
    """
    source = _SceneSource() if video is None else _FileSource(video)
    rate = Fraction(fps).limit_denominator(1001) if fps else source.fps
    arguments = _encoder_arguments(rate, gop_seconds, b_frames, sound if source.has_audio else None)
    path = os.path.join(cache, _cache_name(source.fingerprint, arguments))
    if not os.path.exists(path):
        _encode(source, arguments, path)
    return _read(path, rate, sound)


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


def _encoder_arguments(fps, gop_seconds, b_frames, sound):
    gop = max(1, round(fps * Fraction(gop_seconds)))
    x264 = f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes={2 if b_frames else 0}:sliced-threads=0"
    video = ["-map", "0:v:0", "-vf", f"fps={fps},scale=trunc(iw/2)*2:trunc(ih/2)*2", "-c:v", "libx264", "-preset", "veryfast",
             "-profile:v", "main", "-pix_fmt", "yuv420p", "-crf", "23", "-x264-params", x264,
             # Parameter sets come with every key frame, as cameras send them.
             "-bsf:v", "dump_extra=freq=keyframe"]
    return video + (sound.arguments if sound else ["-an"]) + ["-map_metadata", "-1", "-f", "mov"]


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


def _read(path, fps, sound):
    """MOV samples lie in the file as they are: ffprobe says where, and no container has to be parsed here."""
    with open(path, "rb") as file:
        content = file.read()
    pictures, audio_packets = [], []
    for packet in _probe(path, "packet=codec_type,pts_time,dts_time,pos,size,flags")["packets"]:
        start = int(packet["pos"])
        data = content[start:start + int(packet["size"])]
        if packet["codec_type"] == "audio":
            audio_packets.append(data)
            continue
        delay = float(packet["pts_time"]) - float(packet["dts_time"])
        pictures.append(_picture(data, "K" in packet["flags"], delay))
    if sound is G711:
        samples, step = b"".join(audio_packets), G711.samples_per_packet
        audio_packets = [samples[start:start + step] for start in range(0, len(samples) - step + 1, step)]
    return Clip(fps, pictures, sound, audio_packets)


def _picture(sample, key, presentation_delay):
    parameter_sets, slices = b"", b""
    for unit in _nal_units(sample):
        kind = unit[0] & 0x1F
        if kind in (SPS, PPS):
            parameter_sets += START_CODE + unit
        elif kind in (SLICE, KEY_SLICE):
            slices += START_CODE + unit
    return Picture(parameter_sets, slices, key, presentation_delay)


def _nal_units(sample):
    position = 0
    while position + 4 <= len(sample):
        length = int.from_bytes(sample[position:position + 4], "big")
        yield sample[position + 4:position + 4 + length]
        position += 4 + length
