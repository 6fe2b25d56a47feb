"""What both of ONVIF's media services say of the camera's streams, and how they find one by its token."""
from .soap import Fault, element

VIDEO_SOURCE = "video"
AUDIO_SOURCE = "audio"
NO_MULTICAST = element(
    "tt:Multicast",
    element("tt:Address", element("tt:Type", "IPv4"), element("tt:IPv4Address", "0.0.0.0")),
    element("tt:Port", 0),
    element("tt:TTL", 0),
    element("tt:AutoStart", False),
)


class Profiles:
    """`transports`: what carries RTP, tcp or udp or both."""

    def __init__(self, streams, rtsp_scheme, rtsp_port, transports):
        self.streams = streams
        self._rtsp_scheme = rtsp_scheme
        self._rtsp_port = rtsp_port
        self.transports = transports

    def by_token(self, token):
        """The stream of a profile. Raises Fault."""
        return self._find(token, "NoProfile", "The requested profile does not exist.")

    def by_encoder_token(self, token):
        """The stream of an encoder configuration. Raises Fault."""
        return self._find((token or "").removesuffix("-encoder"), "NoConfig", "The requested configuration does not exist.")

    def _find(self, token, subcode, reason):
        for stream in self.streams:
            if stream.token == token:
                return stream
        raise Fault("Sender", ["ter:InvalidArgVal", f"ter:{subcode}"], reason)

    def stream_uri(self, stream, transport, site):
        """`transport`: tcp, udp or what this camera cannot do. Raises Fault."""
        if transport not in self.transports:
            raise Fault("Sender", ["ter:InvalidArgVal", "ter:InvalidStreamSetup"],
                        "Specification of StreamType or Transport not supported")
        host = site.rpartition("://")[2].rpartition(":")[0]
        return f"{self._rtsp_scheme}://{host}:{self._rtsp_port}{stream.path}"

    def snapshot_uri(self, stream, site):
        return f"{site}/snapshot/{stream.token}.jpg"

    def video_source(self, tag):
        main = self.streams[0].clip
        bounds = {"x": 0, "y": 0, "width": main.width, "height": main.height}
        return element(tag, {"token": "video-source"}, element("tt:Name", "Video source"),
                       element("tt:UseCount", len(self.streams)), element("tt:SourceToken", VIDEO_SOURCE),
                       element("tt:Bounds", bounds))

    def audio_source(self, tag):
        return element(tag, {"token": "audio-source"}, element("tt:Name", "Microphone"), element("tt:UseCount", len(self.streams)),
                       element("tt:SourceToken", AUDIO_SOURCE))


def size(tag, clip):
    return element(tag, element("tt:Width", clip.width), element("tt:Height", clip.height))


def number_range(tag, numbers):
    return element(tag, element("tt:Min", numbers[0]), element("tt:Max", numbers[-1]))


def setting(request, path, kind):
    """A number from a configuration that a client sends. Raises Fault."""
    try:
        return kind(request.argument(path))
    except (TypeError, ValueError) as error:
        raise Fault("Sender", ["ter:InvalidArgVal", "ter:ConfigModify"], "Parameters cannot be set",
                    f"{path} is missing or not a number.") from error
