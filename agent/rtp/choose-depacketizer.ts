// Which depacketizer reads a stream.
import { AacDepacketizer } from './aac.ts';
import type { Depacketizer } from './depacketizer.ts';
import { G711Depacketizer } from './g711.ts';
import { H264Payloads } from './h264.ts';
import { H265Payloads } from './h265.ts';
import { JpegDepacketizer } from './jpeg.ts';
import { LatmDepacketizer } from './latm.ts';
import type { MediaFormat } from './media-format.ts';
import { OpusDepacketizer } from './opus.ts';
import { PictureDepacketizer } from './picture-depacketizer.ts';
import { Pictures } from './pictures.ts';

/** `trackNumber`: what the track will be called. @returns undefined when the encoding is not supported */
export function depacketizerFor(format: MediaFormat, trackNumber: number): Depacketizer | undefined {
  switch (format.encoding) {
    case 'H264': {
      const pictures = new Pictures('h264', trackNumber);
      return new PictureDepacketizer(pictures, new H264Payloads(format, pictures));
    }
    case 'H265':
    case 'HEVC': {
      const pictures = new Pictures('h265', trackNumber);
      return new PictureDepacketizer(pictures, new H265Payloads(format, pictures));
    }
    case 'JPEG':
      return new JpegDepacketizer(format, trackNumber);
    case 'MPEG4-GENERIC':
      return new AacDepacketizer(format, trackNumber);
    case 'MP4A-LATM':
      return new LatmDepacketizer(format, trackNumber);
    case 'PCMA':
    case 'PCMU':
      return new G711Depacketizer(format, trackNumber);
    case 'OPUS':
      return new OpusDepacketizer(format, trackNumber);
    default:
      return undefined;
  }
}
