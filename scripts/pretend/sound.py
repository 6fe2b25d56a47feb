"""The kinds of sound a pretend camera sends: how ffmpeg encodes each, how long a packet is, and how it goes into RTP."""
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Sound:
    # ONVIF's first media service has a name of its own, and none for Opus; the second has the name that RTP has.
    media1_name: str | None
    rtp_name: str
    encoder: tuple
    kbps: int
    rate: int
    samples_per_packet: int
    caps: str
    payloader: str
    container: str = "mov"
    # Set where one byte is one sample: the file's packets have any length, the camera's have 20 ms.
    packet_bytes: int | None = None

    @property
    def packet_seconds(self):
        return Fraction(self.samples_per_packet, self.rate)


# codec_data is the AudioSpecificConfig: AAC-LC, 48 kHz, one channel (ISO 14496-3, 1.6.2.1).
AAC = Sound("AAC", "MP4A-LATM", ("aac", "-b:a", "64k"), 64, 48000, 1024,
            "audio/mpeg,mpegversion=4,stream-format=raw,codec_data=(buffer)1188", "rtpmp4gpay pt=97")
ALAW = Sound("G711", "PCMA", ("pcm_alaw",), 64, 8000, 160, "audio/x-alaw", "rtppcmapay pt=8", packet_bytes=160)
MULAW = Sound("G711", "PCMU", ("pcm_mulaw",), 64, 8000, 160, "audio/x-mulaw", "rtppcmupay pt=0", packet_bytes=160)
# Of ffmpeg's containers of this kind only MP4 takes Opus.
OPUS = Sound(None, "OPUS", ("libopus", "-b:a", "32k"), 32, 48000, 960, "audio/x-opus,channel-mapping-family=0",
             "rtpopuspay pt=97", container="mp4")
