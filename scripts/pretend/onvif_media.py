"""ONVIF's first media service. It has no word for H.265: a stream in H.265 has a profile without a video encoder here."""
from .onvif_profiles import NO_MULTICAST, VIDEO_SOURCE, number_range, setting, size
from .soap import Fault, element

TIMEOUT = "PT60S"
TRANSPORTS = {("RTP-Unicast", "RTSP"): "tcp", ("RTP-Unicast", "UDP"): "udp"}


class MediaService:
    prefix = "trt"

    def __init__(self, profiles):
        self._profiles = profiles
        self.operations = {
            "GetServiceCapabilities": lambda request: [self.capabilities()],
            "GetProfiles": lambda request: [self._profile("trt:Profiles", stream) for stream in profiles.streams],
            "GetProfile": self._one_profile,
            "GetVideoSources": self._video_sources,
            "GetVideoEncoderConfigurations": self._encoders,
            "GetVideoEncoderConfiguration": self._one_encoder,
            "GetVideoEncoderConfigurationOptions": self._encoder_options,
            "SetVideoEncoderConfiguration": self._set_encoder,
            "GetStreamUri": self._stream_uri,
            "GetSnapshotUri": self._snapshot_uri,
        }

    def capabilities(self):
        return element(
            "trt:Capabilities",
            {"SnapshotUri": True, "Rotation": False, "VideoSourceMode": False, "OSD": False},
            element("trt:ProfileCapabilities", {"MaximumNumberOfProfiles": len(self._profiles.streams)}),
            element("trt:StreamingCapabilities", self.streaming_capabilities()),
        )

    def streaming_capabilities(self):
        return {"RTPMulticast": False, "RTP_TCP": False, "RTP_RTSP_TCP": "tcp" in self._profiles.transports}

    def _one_profile(self, request):
        return [self._profile("trt:Profile", self._profiles.by_token(request.argument("ProfileToken")))]

    def _profile(self, tag, stream):
        parts = [element("tt:Name", stream.token), self._profiles.video_source("tt:VideoSourceConfiguration")]
        sound = stream.clip.sound
        if sound:
            parts.append(self._profiles.audio_source("tt:AudioSourceConfiguration"))
        if stream.clip.codec.name == "H264":
            parts.append(_encoder("tt:VideoEncoderConfiguration", stream))
        if sound and sound.media1_name:
            parts.append(_audio_encoder(stream))
        return element(tag, {"token": stream.token, "fixed": True}, *parts)

    def _video_sources(self, _request):
        main = self._profiles.streams[0]
        rate = element("tt:Framerate", float(main.clip.fps))
        return [element("trt:VideoSources", {"token": VIDEO_SOURCE}, rate, size("tt:Resolution", main.clip))]

    def _encoders(self, _request):
        return [_encoder("trt:Configurations", stream) for stream in self._profiles.streams if stream.clip.codec.name == "H264"]

    def _one_encoder(self, request):
        return [_encoder("trt:Configuration", self._described(request.argument("ConfigurationToken")))]

    def _described(self, token):
        stream = self._profiles.by_encoder_token(token)
        if stream.clip.codec.name != "H264":
            raise Fault("Sender", ["ter:InvalidArgVal", "ter:NoConfig"], "The requested configuration does not exist.",
                        "H.265 is described by the second media service.")
        return stream

    def _encoder_options(self, request):
        token = request.argument("ConfigurationToken") or f"{request.argument('ProfileToken', self._profiles.streams[0].token)}-encoder"
        stream = self._described(token)
        return [element("trt:Options", number_range("tt:QualityRange", [5, 5]), element(
            "tt:H264",
            size("tt:ResolutionsAvailable", stream.clip),
            number_range("tt:GovLengthRange", stream.gov_lengths),
            number_range("tt:FrameRateRange", [stream.fps, 30]),
            number_range("tt:EncodingIntervalRange", [1, 1]),
            element("tt:H264ProfilesSupported", stream.clip.codec.profile),
        ))]

    def _set_encoder(self, request):
        configuration = request.operation.find("{*}Configuration")
        stream = self._described(None if configuration is None else configuration.get("token"))
        stream.change(
            setting(request, "Configuration/H264/GovLength", int),
            setting(request, "Configuration/RateControl/BitrateLimit", int),
            setting(request, "Configuration/RateControl/FrameRateLimit", int),
        )
        return []

    def _stream_uri(self, request):
        stream = self._profiles.by_token(request.argument("ProfileToken"))
        transport = TRANSPORTS.get((request.argument("StreamSetup/Stream"), request.argument("StreamSetup/Transport/Protocol")))
        return [_media_uri(self._profiles.stream_uri(stream, transport, request.site))]

    def _snapshot_uri(self, request):
        stream = self._profiles.by_token(request.argument("ProfileToken"))
        return [_media_uri(self._profiles.snapshot_uri(stream, request.site))]


def _encoder(tag, stream):
    rate = element("tt:RateControl", element("tt:FrameRateLimit", stream.fps_limit), element("tt:EncodingInterval", 1),
                   element("tt:BitrateLimit", stream.kbps_limit))
    h264 = element("tt:H264", element("tt:GovLength", stream.clip.gop), element("tt:H264Profile", stream.clip.codec.profile))
    return element(
        tag,
        {"token": f"{stream.token}-encoder"},
        element("tt:Name", f"{stream.token} encoder"),
        element("tt:UseCount", 1),
        element("tt:Encoding", stream.clip.codec.name),
        size("tt:Resolution", stream.clip),
        element("tt:Quality", 5),
        rate,
        h264,
        NO_MULTICAST,
        element("tt:SessionTimeout", TIMEOUT),
    )


def _audio_encoder(stream):
    sound = stream.clip.sound
    return element(
        "tt:AudioEncoderConfiguration",
        {"token": f"{stream.token}-audio-encoder"},
        element("tt:Name", f"{stream.token} sound"),
        element("tt:UseCount", 1),
        element("tt:Encoding", sound.media1_name),
        element("tt:Bitrate", sound.kbps),
        element("tt:SampleRate", sound.rate // 1000),
        NO_MULTICAST,
        element("tt:SessionTimeout", TIMEOUT),
    )


def _media_uri(uri):
    return element("trt:MediaUri", element("tt:Uri", uri), element("tt:InvalidAfterConnect", False),
                   element("tt:InvalidAfterReboot", False), element("tt:Timeout", "PT0S"))
