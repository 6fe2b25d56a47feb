"""One stream of the pretend camera as ONVIF sees it: its token, its address, how it is encoded and a picture of it.

A changed key frame interval or bit rate is real: the clip is encoded anew and shown from its next key frame on. The frame rate
cannot change while the camera runs, since clients count its pictures.
"""
import subprocess
from dataclasses import replace
from fractions import Fraction

from .clip import ClipError
from .soap import Fault


class Stream:
    """`load(encoding)` gives the clip for an Encoding."""

    # In kbit/s.
    bit_rates = range(32, 20001)

    def __init__(self, token, path, live, encoding, load):
        self.token = token
        self.path = path
        self.live = live
        self._encoding = encoding
        self._load = load
        self._snapshot = None
        self._fps_limit = None

    @property
    def clip(self):
        return self.live.clip

    @property
    def fps(self):
        return max(1, round(self.clip.fps))

    @property
    def fps_limit(self):
        return self._fps_limit or self.fps

    @property
    def kbps_limit(self):
        """What was set, or else the busiest second of the clip."""
        if self._encoding.kbps_limit:
            return self._encoding.kbps_limit
        sizes = [len(picture.parameter_sets + picture.slices) for picture in self.clip.pictures]
        seconds = range(0, len(sizes), self.fps)
        return max(self.bit_rates.start, max(sum(sizes[start:start + self.fps]) for start in seconds) * 8 // 1000)

    @property
    def gov_lengths(self):
        return range(1, len(self.clip.pictures) + 1)

    def change(self, gov_length, kbps_limit, fps_limit):
        """Raises Fault when the camera cannot do that."""
        if gov_length not in self.gov_lengths or kbps_limit not in self.bit_rates:
            raise _refusal("The key frame interval or the bit rate is outside of what this camera can do.")
        if fps_limit < self.fps:
            raise _refusal("This camera cannot lower its frame rate while it runs.")
        encoding = replace(self._encoding, gop_seconds=float(Fraction(gov_length) / self.clip.fps), kbps_limit=kbps_limit)
        try:
            self.live.change_to(self._load(encoding))
        except ClipError as error:
            raise Fault("Receiver", ["ter:Action"], "Action Failed", str(error)) from error
        self._encoding, self._fps_limit, self._snapshot = encoding, fps_limit, None

    def snapshot(self):
        """The clip's first key frame as JPEG."""
        if self._snapshot is None:
            picture = next(picture for picture in self.clip.pictures if picture.key)
            command = ["ffmpeg", "-v", "error", "-f", self.clip.codec.elementary_format, "-i", "pipe:0",
                       "-frames:v", "1", "-f", "mjpeg", "pipe:1"]
            done = subprocess.run(command, input=picture.parameter_sets + picture.slices, capture_output=True, check=True)
            self._snapshot = done.stdout
        return self._snapshot


def _refusal(detail):
    return Fault("Sender", ["ter:InvalidArgVal", "ter:ConfigModify"], "Parameters cannot be set", detail)
