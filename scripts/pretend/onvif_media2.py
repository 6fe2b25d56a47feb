"""ONVIF's second media service, which knows H.265 and names encodings as RTP does."""
from .onvif_profiles import NO_MULTICAST, number_range, setting, size
from .soap import element

# RTSPS would say that RTP is encrypted by itself, which is more than RTSP in TLS.
TRANSPORTS = {"RTSP": "tcp", "RtspUnicast": "udp"}
PARTS = ("VideoSource", "AudioSource", "VideoEncoder", "AudioEncoder")


class Media2Service:
    prefix = "tr2"

    def __init__(self, profiles):
        self._profiles = profiles
        self.operations = {
            "GetServiceCapabilities": lambda request: [self.capabilities()],
            "GetProfiles": self._all_profiles,
            "GetVideoEncoderConfigurations": self._encoders,
            "GetVideoEncoderConfigurationOptions": self._encoder_options,
            "SetVideoEncoderConfiguration": self._set_encoder,
            "GetStreamUri": self._stream_uri,
            "GetSnapshotUri": self._snapshot_uri,
        }

    def capabilities(self):
        profiles = {"MaximumNumberOfProfiles": len(self._profiles.streams), "ConfigurationsSupported": " ".join(PARTS)}
        tcp = "tcp" in self._profiles.transports
        streaming = {"RTSPStreaming": True, "RTPMulticast": False, "RTP_RTSP_TCP": tcp, "SecureRTSPStreaming": False}
        return element(
            "tr2:Capabilities",
            {"SnapshotUri": True, "Rotation": False, "VideoSourceMode": False, "OSD": False, "Mask": False},
            element("tr2:ProfileCapabilities", profiles),
            element("tr2:StreamingCapabilities", streaming),
        )

    def _all_profiles(self, request):
        token = request.argument("Token")
        streams = [self._profiles.by_token(token)] if token else self._profiles.streams
        wanted = set(request.arguments("Type"))
        parts = [part for part in PARTS if part in wanted or "All" in wanted]
        return [self._profile(stream, parts) for stream in streams]

    def _profile(self, stream, wanted):
        makers = {
            "VideoSource": self._profiles.video_source,
            "AudioSource": self._profiles.audio_source,
            "VideoEncoder": lambda tag: _encoder(tag, stream),
            "AudioEncoder": lambda tag: _audio_encoder(tag, stream),
        }
        parts = [makers[part](f"tr2:{part}") for part in wanted if stream.clip.sound or not part.startswith("Audio")]
        configurations = [element("tr2:Configurations", *parts)] if parts else []
        return element("tr2:Profiles", {"token": stream.token, "fixed": True}, element("tr2:Name", stream.token), *configurations)

    def _encoders(self, request):
        return [_encoder("tr2:Configurations", stream) for stream in self._chosen(request)]

    def _chosen(self, request):
        configuration, profile = request.argument("ConfigurationToken"), request.argument("ProfileToken")
        if configuration:
            return [self._profiles.by_encoder_token(configuration)]
        return [self._profiles.by_token(profile)] if profile else self._profiles.streams

    def _encoder_options(self, request):
        stream = self._chosen(request)[0]
        lengths = stream.gov_lengths
        attributes = {
            "GovLengthRange": f"{lengths[0]} {lengths[-1]}",
            "FrameRatesSupported": " ".join(str(rate) for rate in range(30, stream.fps - 1, -1)),
            "ProfilesSupported": stream.clip.codec.profile,
            "ConstantBitRateSupported": False,
        }
        return [element(
            "tr2:Options",
            attributes,
            element("tt:Encoding", stream.clip.codec.name),
            number_range("tt:QualityRange", [5, 5]),
            size("tt:ResolutionsAvailable", stream.clip),
            number_range("tt:BitrateRange", stream.bit_rates),
        )]

    def _set_encoder(self, request):
        configuration = request.operation.find("{*}Configuration")
        sent = {} if configuration is None else configuration.attrib
        stream = self._profiles.by_encoder_token(sent.get("token"))
        gov_length = sent.get("GovLength", "")
        stream.change(
            int(gov_length) if gov_length.isdecimal() else stream.clip.gop,
            setting(request, "Configuration/RateControl/BitrateLimit", int),
            setting(request, "Configuration/RateControl/FrameRateLimit", float),
        )
        return []

    def _stream_uri(self, request):
        stream = self._profiles.by_token(request.argument("ProfileToken"))
        transport = TRANSPORTS.get(request.argument("Protocol"))
        return [element("tr2:Uri", self._profiles.stream_uri(stream, transport, request.site))]

    def _snapshot_uri(self, request):
        stream = self._profiles.by_token(request.argument("ProfileToken"))
        return [element("tr2:Uri", self._profiles.snapshot_uri(stream, request.site))]


def _encoder(tag, stream):
    rate = element("tt:RateControl", {"ConstantBitRate": False}, element("tt:FrameRateLimit", stream.fps_limit),
                   element("tt:BitrateLimit", stream.kbps_limit))
    return element(
        tag,
        {"token": f"{stream.token}-encoder", "GovLength": stream.clip.gop, "Profile": stream.clip.codec.profile},
        element("tt:Name", f"{stream.token} encoder"),
        element("tt:UseCount", 1),
        element("tt:Encoding", stream.clip.codec.name),
        size("tt:Resolution", stream.clip),
        rate,
        NO_MULTICAST,
        element("tt:Quality", 5),
    )


def _audio_encoder(tag, stream):
    sound = stream.clip.sound
    return element(
        tag,
        {"token": f"{stream.token}-audio-encoder"},
        element("tt:Name", f"{stream.token} sound"),
        element("tt:UseCount", 1),
        element("tt:Encoding", sound.rtp_name),
        NO_MULTICAST,
        element("tt:Bitrate", sound.kbps),
        element("tt:SampleRate", sound.rate // 1000),
    )
