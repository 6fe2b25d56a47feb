"""The whole pretend camera, put together from what the command line says: its streams, and the servers that show them."""
from dataclasses import replace
from urllib.parse import urlsplit

from . import clip, motion, sound
from .camera_clock import CameraClock
from .certificate import CertificateError, self_signed
from .codec import H264, H265
from .identity import Identity
from .live import Live
from .onvif_device import PATHS, DeviceService
from .onvif_events import EventService
from .onvif_media import MediaService
from .onvif_media2 import Media2Service
from .onvif_profiles import Profiles
from .onvif_server import OnvifServer
from .rtsp import PortError, RtspServer
from .sign_in import SignIn
from .stream import Stream
from .ws_discovery import Discovery

SUB_PATH = "/stream2"


class LogError(Exception):
    """A sentence for whoever started the pretend camera."""


ERRORS = (clip.ClipError, PortError, CertificateError, LogError)


class Camera:
    """Listens at once, and shows pictures from `start` on. `report(event, **details)` hears of clients. Raises one of ERRORS."""

    def __init__(self, options, password, report):
        self._options = options
        self._host = f"[{options.listen}]" if ":" in options.listen else options.listen
        self._certificate = self_signed(options.listen) if options.tls or options.onvif_tls else None
        self._streams = self._make_streams()
        self._rtsp_port = self._start_rtsp(password, report)
        self._onvif_url = None if options.onvif is None else self._start_onvif(password)
        self._discovery = self._start_discovery()

    def start(self):
        """Returns what the ready event tells."""
        for stream in self._streams:
            stream.live.start()
        main = self._streams[0]
        urls = [f"{self._rtsp_scheme}://{self._host}:{self._rtsp_port}{stream.path}" for stream in self._streams]
        details = {"url": urls[0], "fps": float(main.clip.fps), "loopSeconds": float(main.clip.seconds)}
        if len(urls) > 1:
            details["subUrl"] = urls[1]
        if self._onvif_url:
            details["onvifUrl"] = self._onvif_url
        return details

    def say_bye(self):
        if self._discovery:
            self._discovery.close()

    @property
    def _rtsp_scheme(self):
        return "rtsps" if self._options.tls else "rtsp"

    @property
    def _transports(self):
        """What RTP may come by. RTP over UDP would be open, whatever carries RTSP."""
        if self._options.udp_only:
            return {"udp"}
        return {"tcp"} if self._options.tcp_only or self._options.tls else {"tcp", "udp"}

    def _make_streams(self):
        options = self._options
        encoding = clip.Encoding(options.fps, options.gop, options.b_frames, H265 if options.h265 else H264, _sound(options))
        streams = [self._make_stream("main", options.path, encoding, _open_log(options.sent_log))]
        if options.sub_stream:
            streams.append(self._make_stream("sub", SUB_PATH, replace(encoding, reduced=True), None))
        return streams

    def _make_stream(self, token, path, encoding, log):
        def load(changed):
            return clip.load(self._options.video, self._options.cache, changed)

        return Stream(token, path, Live(load(encoding), not self._options.no_stamp, log), encoding, load)

    def _start_rtsp(self, password, report):
        options = self._options
        server = RtspServer(report, self._transports, options.join_anywhere)
        for stream in self._streams:
            server.serve(stream.path, stream.live)
        server.protect(options.user, password, options.basic, self._certificate if options.tls else None)
        return server.listen(options.listen, options.port)

    def _start_onvif(self, password):
        options = self._options
        clock = CameraClock(options.clock_offset)
        profiles = Profiles(self._streams, self._rtsp_scheme, self._rtsp_port, self._transports)
        moving = motion.OTHER_CLIP if options.video else motion.SCENE
        services = {
            "trt": MediaService(profiles),
            "tr2": Media2Service(profiles),
            "tev": EventService(clock, moving, lambda: self._streams[0].live.elapsed_seconds),
        }
        services = {"tds": DeviceService(self._identity(), clock, options.onvif_tls, services), **services}
        sign_in = SignIn(options.user, password, options.onvif_auth, clock)
        server = OnvifServer(services, self._streams, sign_in, self._certificate if options.onvif_tls else None)
        port = server.listen(options.listen, options.onvif)
        return f"{server.scheme}://{self._host}:{port}{PATHS['tds']}"

    def _start_discovery(self):
        if not self._options.discovery or not self._onvif_url:
            return None
        url = urlsplit(self._onvif_url)
        return Discovery(self._identity(), f"{url.scheme}://{self._options.discovery}:{url.port}{url.path}", self._options.discovery)

    def _identity(self):
        options = self._options
        return Identity(options.name, options.location, options.discovery or options.listen)


def _sound(options):
    if options.no_audio:
        return None
    return sound.ALAW if options.g711 else sound.MULAW if options.mulaw else sound.OPUS if options.opus else sound.AAC


def _open_log(path):
    try:
        return open(path, "a", encoding="utf-8") if path else None
    except OSError as error:
        raise LogError(f"The log of sent pictures {path} cannot be opened: {error.strerror}.") from error
