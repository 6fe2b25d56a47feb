"""What the pretend camera can be told on the command line."""
import argparse
import os


def parse():
    parser = argparse.ArgumentParser(prog="pretend-camera", allow_abbrev=False,
                                     description="A real RTSP and ONVIF camera for the demo and the tests.")
    _add_picture_options(parser.add_argument_group("picture and sound"))
    _add_rtsp_options(parser.add_argument_group("RTSP"))
    _add_onvif_options(parser.add_argument_group("ONVIF"))
    options = parser.parse_args()
    if options.tls and options.udp_only:
        parser.error("--tls carries all that is sent over TCP: it does not go with --udp-only")
    if options.onvif is None and (options.discovery or options.onvif_tls):
        parser.error("--discovery and --onvif-tls need --onvif")
    if options.discovery and options.listen not in (options.discovery, "0.0.0.0"):
        parser.error("--discovery names the address where ONVIF is: give the same to --listen, or 0.0.0.0")
    return options


def _add_picture_options(group):
    group.add_argument("--video", metavar="FILE", help="the clip to loop (default: a scene it draws itself)")
    group.add_argument("--fps", type=_positive, metavar="N", help="pictures a second (default: as in the clip, at most 30)")
    group.add_argument("--gop", type=_positive, default=2.0, metavar="SECONDS", help="time between key frames (default: 2)")
    group.add_argument("--b-frames", action="store_true", help="encode with B-frames, as a badly set camera does")
    group.add_argument("--h265", action="store_true", help="encode as H.265 instead of H.264")
    group.add_argument("--sub-stream", action="store_true", help="a second stream at /stream2, half the size and half the rate")
    sound = group.add_mutually_exclusive_group()
    sound.add_argument("--g711", action="store_true", help="sound as G.711 A-law instead of AAC")
    sound.add_argument("--mulaw", action="store_true", help="sound as G.711 µ-law instead of AAC")
    sound.add_argument("--opus", action="store_true", help="sound as Opus instead of AAC")
    sound.add_argument("--no-audio", action="store_true", help="leave the clip's sound out")
    group.add_argument("--no-stamp", action="store_true", help="do not write number and time into each picture")
    group.add_argument("--sent-log", metavar="FILE", help="append one JSON line for each picture sent")
    group.add_argument("--cache", metavar="DIR", default=_default_cache(), help="where encoded clips are kept")


def _add_rtsp_options(group):
    group.add_argument("--port", type=int, default=8554, help="0 chooses a free one (default: 8554)")
    group.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    group.add_argument("--path", default="/stream1", help="default: /stream1")
    group.add_argument("--user", help="ask for this user and the password in PRETEND_CAMERA_PASSWORD, by digest")
    group.add_argument("--basic", action="store_true", help="ask by basic authentication instead")
    group.add_argument("--tls", action="store_true", help="serve rtsps with a self-signed certificate")
    transport = group.add_mutually_exclusive_group()
    transport.add_argument("--udp-only", action="store_true", help="refuse RTSP over TCP")
    transport.add_argument("--tcp-only", action="store_true", help="refuse RTP over UDP")
    group.add_argument("--join-anywhere", action="store_true",
                       help="let clients join between key frames, with no parameter sets in the SDP, as some cameras do")


def _add_onvif_options(group):
    group.add_argument("--onvif", type=int, metavar="PORT", help="answer ONVIF on this port, 0 chooses a free one (default: no ONVIF)")
    group.add_argument("--onvif-tls", action="store_true", help="answer ONVIF by https with a self-signed certificate")
    group.add_argument("--onvif-auth", choices=("wsse", "digest", "both"), default="both",
                       help="how --user signs in to ONVIF: WS-Security, HTTP digest or either (default: both)")
    group.add_argument("--clock-offset", type=float, default=0.0, metavar="SECONDS", help="how far the camera's clock is ahead")
    group.add_argument("--name", default="Pretend camera", help="what the camera calls itself (default: Pretend camera)")
    group.add_argument("--location", default="Front door", help="where the camera says it is (default: Front door)")
    group.add_argument("--discovery", metavar="ADDRESS", help="answer WS-Discovery on the interface with this address")


def _positive(text):
    number = float(text)
    if not 0 < number <= 600:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 600")
    return number


def _default_cache():
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "kvs-edge-agent", "pretend-camera")
