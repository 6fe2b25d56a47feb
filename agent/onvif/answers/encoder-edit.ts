// A configuration of a video encoder as the device gave it, with some values changed and everything else left as it is:
// the answer of Get becomes the request of Set. Pure, but for the tree it edits.
import type { MediaVersion } from '../soap/requests.ts';
import { writeElement } from '../soap/write-xml.ts';
import { childrenNamed, descend, type XmlElement } from '../soap/xml.ts';
import { expectAnswer, OnvifFault } from './fault.ts';
import { type EncoderSettings, readEncoder } from './profile-answers.ts';
import { UnreadableAnswer } from './unreadable.ts';

export type EncoderChanges = {
  gopLength?: number;
  bitrateKbps?: number;
  fps?: number;
  /** H.264's, as ONVIF writes it. */
  h264Profile?: 'Baseline' | 'Main' | 'Extended' | 'High';
};

export type Encoder = { element: XmlElement; settings: EncoderSettings };

/** The configuration with this token in the answer to `getVideoEncoder`. */
export function readVideoEncoder(content: XmlElement, media: MediaVersion, token: string): Encoder {
  const [operation, name] =
    media === 'media1'
      ? ['GetVideoEncoderConfiguration', 'Configuration']
      : ['GetVideoEncoderConfigurations', 'Configurations'];
  for (const element of childrenNamed(expectAnswer(content, operation), name)) {
    const settings = readEncoder(element);
    if (settings?.token === token) return { element, settings };
  }
  throw new UnreadableAnswer('it does not tell how the encoder is set');
}

/**
 * The `Configuration` element for `setVideoEncoder`.
 * @throws OnvifFault when the device does not tell the value that is to change, so there is nowhere to write it
 */
export function changedEncoder({ element, settings }: Encoder, media: MediaVersion, changes: EncoderChanges): string {
  const { bitrateKbps, fps, gopLength, h264Profile } = changes;
  if (bitrateKbps !== undefined) setText(bitrateKbps, element, 'RateControl', 'BitrateLimit');
  if (fps !== undefined) setText(fps, element, 'RateControl', 'FrameRateLimit');
  if (media === 'media2') {
    const attributes = new Map(element.attributes);
    if (gopLength !== undefined) attributes.set('GovLength', String(gopLength));
    if (h264Profile !== undefined) attributes.set('Profile', h264Profile);
    return asConfiguration({ ...element, attributes }, media);
  }
  const codecPart = settings.codec === 'mpeg4' ? 'MPEG4' : 'H264';
  if (gopLength !== undefined) setText(gopLength, element, codecPart, 'GovLength');
  if (h264Profile !== undefined) setText(h264Profile, element, 'H264', 'H264Profile');
  return asConfiguration(element, media);
}

function setText(value: number | string, element: XmlElement, ...path: string[]): void {
  const place = descend(element, ...path);
  if (!place) throw new OnvifFault('not-offered', `It tells no ${path.join('/')}`);
  place.text = String(value);
  place.children = [];
}

/** Under the name that Set expects, with a prefix no device uses; the children keep their names and namespaces. */
function asConfiguration(element: XmlElement, media: MediaVersion): string {
  const namespace = `http://www.onvif.org/${media === 'media1' ? 'ver10' : 'ver20'}/media/wsdl`;
  const attributes = new Map([...element.attributes, ['xmlns:set', namespace]]);
  return writeElement({ ...element, qualifiedName: 'set:Configuration', attributes });
}
