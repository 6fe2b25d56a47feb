#!/usr/bin/python3
"""Plays one address to its end with GStreamer: finds out what it is, demuxes and parses it, and decodes nothing.

    gstreamer-player.py uridecodebin3|uridecodebin ADDRESS

The first has GStreamer's newer readers of HLS and DASH, the second its older ones.
stdout gets, for each stream, its name, the widths or rates it had, and the time of every access unit in nanoseconds.
"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

PARSED = "video/x-h264,parsed=true; video/x-h265,parsed=true; audio/mpeg,framed=true; audio/x-alaw; audio/x-mulaw"

Gst.init(None)
# Python's side of these is made at their first use, which several threads at once do not survive.
LOADED = (Gst.Buffer.new(), Gst.Event.new_eos(), Gst.Caps.new_any(), Gst.PadProbeInfo, Gst.PadProbeType, Gst.EventType)
pipeline = Gst.Pipeline()
source = Gst.ElementFactory.make(sys.argv[1])
source.set_property("uri", sys.argv[2])
source.set_property("caps", Gst.Caps.from_string(PARSED))
pipeline.add(source)
streams = []


def take(_, pad):
    sink = Gst.ElementFactory.make("fakesink")
    sink.set_property("sync", False)
    sink.set_property("async", False)
    pipeline.add(sink)
    sink.sync_state_with_parent()
    pad.link(sink.get_static_pad("sink"))
    seen = {"name": "", "shapes": [], "times": []}
    streams.append(seen)

    def look(_, info):
        if info.type & Gst.PadProbeType.BUFFER:
            seen["times"].append(info.get_buffer().pts)
        elif info.get_event().type == Gst.EventType.CAPS:
            caps = info.get_event().parse_caps().get_structure(0)
            shape = caps.get_value("width") or caps.get_value("rate")
            seen["name"] = caps.get_name()
            if shape not in seen["shapes"]:
                seen["shapes"].append(shape)
        return Gst.PadProbeReturn.OK

    pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_DOWNSTREAM, look)


source.connect("pad-added", take)
pipeline.set_state(Gst.State.PLAYING)
wanted = Gst.MessageType.ERROR | Gst.MessageType.EOS
message = pipeline.get_bus().timed_pop_filtered(170 * Gst.SECOND, wanted)
if not message:
    sys.exit("GStreamer did not come to an end")
if message.type == Gst.MessageType.ERROR:
    sys.exit(f"GStreamer: {message.parse_error()}")
pipeline.set_state(Gst.State.NULL)
print(json.dumps(streams))
