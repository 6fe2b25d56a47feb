"""The RTSP side, by GStreamer's RTSP server: one media for each client, fed from the camera's one live picture.

UDP and TCP, H.264 with AAC or G.711; with a user set, digest authentication and nothing weaker.
"""
import gi

gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GstRtsp, GstRtspServer  # noqa: E402

from .clip import AAC, G711  # noqa: E402
from .live import Viewer  # noqa: E402

ROLE = "viewer"
VIDEO = (
    "appsrc name=video is-live=true format=time max-bytes=0 "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au "
    "! rtph264pay name=pay0 pt=96 config-interval=0"
)
AUDIO = "appsrc name=audio is-live=true format=time max-bytes=0 "
SOUNDS = {
    None: "",
    # codec_data is the AudioSpecificConfig: AAC-LC, 48 kHz, one channel (ISO 14496-3, 1.6.2.1).
    AAC: AUDIO + f"caps=audio/mpeg,mpegversion=4,stream-format=raw,rate={AAC.rate},channels=1,codec_data=(buffer)1188 "
                 "! rtpmp4gpay name=pay1 pt=97",
    G711: AUDIO + f"caps=audio/x-alaw,rate={G711.rate},channels=1 ! rtppcmapay name=pay1 pt=8",
}


class PortError(Exception):
    """A sentence for whoever started the pretend camera."""


class RtspServer:
    """Serves `live` at `path`. `report(event, **details)` hears of clients."""

    def __init__(self, live, path, sound, report, begins_anywhere=False, udp_only=False):
        self._live = live
        self._report = report
        self._begins_anywhere = begins_anywhere
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {VIDEO} {SOUNDS[sound]} )")
        if udp_only:
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
        factory.connect("media-configure", self._media_configured)
        self._factory = factory
        self._server = GstRtspServer.RTSPServer()
        self._server.get_mount_points().add_factory(path, factory)
        self._server.connect("client-connected", self._client_connected)

    def require_digest(self, user, password):
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", ROLE)
        auth.add_digest(user, password, token)
        permissions = GstRtspServer.RTSPPermissions()
        for permission in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role(ROLE, permission, True)
        self._factory.set_permissions(permissions)
        self._server.set_auth(auth)

    def listen(self, host, port):
        """Returns the port. Raises PortError."""
        self._server.set_address(host)
        self._server.set_service(str(port))
        if not self._server.attach(None):
            raise PortError(f"Port {port} of {host} cannot be opened: another program uses it, or this machine has no such address. Choose another with --port or --listen.")
        return self._server.get_bound_port()

    def _client_connected(self, _server, client):
        address = client.get_connection().get_ip()
        self._report("client-connected", address=address)
        client.connect("closed", lambda _client: self._report("client-left", address=address))

    def _media_configured(self, _factory, media):
        element = media.get_element()
        viewer = Viewer(element.get_by_name("video"), element.get_by_name("audio"), self._begins_anywhere)
        self._live.add(viewer)
        media.connect("unprepared", lambda _media: self._live.remove(viewer))
