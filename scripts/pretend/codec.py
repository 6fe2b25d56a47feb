"""The two ways a pretend camera packs pictures: H.264 and H.265, how ffmpeg makes them and how their NAL units are told apart.

Both sit in MOV samples as NAL units behind their length in 4 bytes; what differs is in the header of a unit (H.264, 7.4.1;
H.265, 7.4.2.2).
"""
START_CODE = b"\x00\x00\x00\x01"


class H264:
    name = "H264"
    profile = "Main"
    caps = "video/x-h264,stream-format=byte-stream,alignment=au"
    payloader = "rtph264pay"
    elementary_format = "h264"
    parameter_sets = {7, 8}
    slices = {1, 5}
    sei_header = bytes([6])

    @staticmethod
    def kind(unit):
        return unit[0] & 0x1F

    @staticmethod
    def encoder(gop, b_frames):
        return ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-crf", "23", "-x264-params",
                f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes={b_frames}:sliced-threads=0"]


class H265:
    name = "H265"
    profile = "Main"
    caps = "video/x-h265,stream-format=byte-stream,alignment=au"
    payloader = "rtph265pay"
    elementary_format = "hevc"
    parameter_sets = {32, 33, 34}
    slices = set(range(32))
    # A prefix SEI in the lowest layer.
    sei_header = bytes([39 << 1, 1])

    @staticmethod
    def kind(unit):
        return unit[0] >> 1 & 0x3F

    @staticmethod
    def encoder(gop, b_frames):
        return ["-c:v", "libx265", "-preset", "veryfast", "-profile:v", "main", "-crf", "26", "-x265-params",
                f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes={b_frames}:log-level=error"]
