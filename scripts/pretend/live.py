"""The camera's one live picture: a clock that walks through the clip for ever and hands each picture to everyone who watches.

Picture n is taken n / fps seconds after the start, whether somebody watches or not, so every viewer sees the same picture at the
same time and timestamps go on without a jump when the clip begins again. A viewer's stream begins at the next key frame.
"""
import json
import threading
import time
from fractions import Fraction

from gi.repository import GLib, Gst

from .stamp import sei

NANOSECONDS = 1_000_000_000


class Live:
    def __init__(self, clip, stamped, sent_log=None):
        self._clip = clip
        self._next_clip = None
        self._stamped = stamped
        self._sent_log = sent_log
        self._started_at = time.monotonic()
        self._started_at_ms = time.time() * 1000
        self._next_picture = 0
        self._next_audio = 0
        # RTSP clients come and go on the server's own threads.
        self._lock = threading.Lock()
        self._viewers = []

    @property
    def clip(self):
        return self._next_clip or self._clip

    @property
    def elapsed_seconds(self):
        return time.monotonic() - self._started_at

    def start(self):
        self._tick()

    def change_to(self, clip):
        """Goes on with another encoding of the same pictures, at its next key frame."""
        self._next_clip = clip

    def add(self, viewer):
        with self._lock:
            self._viewers.append(viewer)

    def remove(self, viewer):
        with self._lock:
            if viewer in self._viewers:
                self._viewers.remove(viewer)

    def _tick(self):
        elapsed = self.elapsed_seconds
        while self._next_picture / self._clip.fps <= elapsed:
            self._send_picture(self._next_picture)
            self._next_picture += 1
        while self._clip.sound and self._audio_time(self._next_audio) <= elapsed:
            self._send_audio(self._next_audio)
            self._next_audio += 1
        due = self._started_at + float(self._next_picture / self._clip.fps)
        GLib.timeout_add(max(1, int((due - time.monotonic()) * 1000)), self._tick)
        return GLib.SOURCE_REMOVE

    def _send_picture(self, ordinal):
        self._change_clip(ordinal)
        picture = self._clip.pictures[ordinal % len(self._clip.pictures)]
        taken = Fraction(ordinal) / self._clip.fps
        with self._lock:
            receivers = [viewer for viewer in self._viewers if viewer.wants(picture, taken)]
        if not receivers:
            return
        captured_at_ms = round(self._started_at_ms + float(taken) * 1000)
        stamp = sei(self._clip.codec, ordinal, captured_at_ms) if self._stamped else b""
        data = picture.parameter_sets + stamp + picture.slices
        for viewer in receivers:
            viewer.push_picture(data, taken, picture.presentation_delay, 1 / self._clip.fps)
        if self._sent_log:
            line = {"ordinal": ordinal, "capturedAtMs": captured_at_ms, "keyFrame": picture.key, "viewers": len(receivers)}
            self._sent_log.write(json.dumps(line) + "\n")
            self._sent_log.flush()

    def _change_clip(self, ordinal):
        clip = self._next_clip
        if clip and clip.pictures[ordinal % len(clip.pictures)].key:
            self._clip, self._next_clip = clip, None

    def _send_audio(self, number):
        with self._lock:
            receivers = [viewer for viewer in self._viewers if viewer.started]
        for viewer in receivers:
            viewer.push_audio(self._clip.audio_packet(number), self._audio_time(number), self._clip.sound.packet_seconds)

    def _audio_time(self, number):
        return number * self._clip.sound.packet_seconds


class Viewer:
    """One RTSP client's stream, from the first key frame after it asked, or from the first picture of any kind."""

    def __init__(self, video_source, audio_source, begins_anywhere):
        self._video = video_source
        self._audio = audio_source
        self._begins_anywhere = begins_anywhere
        self._began = None

    @property
    def started(self):
        return self._began is not None

    def wants(self, picture, taken):
        if self._began is None and (picture.key or self._begins_anywhere):
            self._began = taken
        return self.started

    def push_picture(self, data, taken, presentation_delay, seconds):
        buffer = _buffer(data, taken - self._began + Fraction(presentation_delay).limit_denominator(90000), seconds)
        buffer.dts = _nanoseconds(taken - self._began)
        self._video.emit("push-buffer", buffer)

    def push_audio(self, data, at, seconds):
        if self._audio and at >= self._began:
            self._audio.emit("push-buffer", _buffer(data, at - self._began, seconds))


def _buffer(data, at, seconds):
    buffer = Gst.Buffer.new_wrapped(data)
    buffer.pts = _nanoseconds(at)
    buffer.duration = _nanoseconds(seconds)
    return buffer


def _nanoseconds(seconds):
    return int(seconds * NANOSECONDS)
