#!/usr/bin/python3
"""Packs one stream of a Matroska file into RTP with a GStreamer payloader.

    pack-with-gstreamer.py MEDIA.mkv "rtph264pay mtu=1400" PACKETS

PACKETS gets every packet after four bytes of its length; stdout gets the payloader's caps as JSON.
"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)
media, payloader, packets = sys.argv[1:]
pipeline = Gst.parse_launch(
    f"filesrc location={media} ! matroskademux ! {payloader} name=payloader ! appsink name=sink sync=false"
)
sink = pipeline.get_by_name("sink")
pipeline.set_state(Gst.State.PLAYING)
with open(packets, "wb") as file:
    while sample := sink.emit("pull-sample"):
        data = sample.get_buffer().extract_dup(0, sample.get_buffer().get_size())
        file.write(len(data).to_bytes(4, "big") + data)
error = pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
if error:
    sys.exit(f"GStreamer: {error.parse_error()}")
caps = pipeline.get_by_name("payloader").get_static_pad("src").get_current_caps().get_structure(0)
pipeline.set_state(Gst.State.NULL)
print(json.dumps({caps.nth_field_name(n): caps.get_value(caps.nth_field_name(n)) for n in range(caps.n_fields())}))
