// Session descriptions: whatever a camera says of its stream gives media that can be asked for, or none, and never throws.
import { depacketizerFor } from '../../agent/rtp/choose-depacketizer.ts';
import { readSessionDescription } from '../../agent/rtsp/session-description.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { below, demand, oneOf, type Random, type Target } from './target.ts';

const base = 'rtsp://10.0.0.20/stream1';
const mostMedia = 16;
const sections = [
  'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=4D002A;sprop-parameter-sets=Z00AKpWoHgCJ+WbgICAgQA==,aO48gA==\r\na=control:trackID=0\r\n',
  'm=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\na=fmtp:98 sprop-vps=QAEMAf//AWAAAAMAkAAAAwAAAwBdlZgJ;sprop-sps=QgEB;sprop-pps=RAHBcrRiQA==\r\na=control:*\r\n',
  'm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=fmtp:97 mode=AAC-hbr;config=1190;SizeLength=13;IndexLength=3;IndexDeltaLength=3\r\na=control:rtsp://10.0.0.9/a\r\n',
  'm=audio 0 RTP/AVP 8\r\na=control:/track2\r\n',
  'm=audio 0 RTP/AVP 100\r\na=rtpmap:100 opus/48000/2\r\n',
  'm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n',
];

export function sdpTarget(): Target {
  return {
    feed(random) {
      const text = Buffer.from(mutateBytes(Buffer.from(description(random)), random)).toString('latin1');
      const { media, url } = readSessionDescription(text, base);
      demand(media.length <= mostMedia, `${media.length} media`);
      demand(!/[\r\n]/.test(url), 'a line break in the address');
      let known = 0;
      for (const { format, url: control } of media) {
        demand(!/[\r\n]/.test(control), 'a line break in an address');
        if (!format) continue;
        demand(format.clockRate > 0 && format.channels > 0, 'a format without a clock or channels');
        if (depacketizerFor(format, 1)) known++;
      }
      return `${media.length === 0 ? 'no media' : `${Math.min(known, 3)} known`}`;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function description(random: Random): string {
  const chosen = Array.from({ length: below(4, random) }, () => oneOf(sections, random));
  const text = `v=0\r\no=- 1 1 IN IP4 10.0.0.20\r\ns=Media\r\na=control:*\r\nt=0 0\r\n${chosen.join('')}`;
  return random() < 0.2 ? text.replaceAll('\r\n', oneOf(['\n', '\r', '\r\n\r\n', ';'], random)) : text;
}
