// The bursts of a footage or a sound, made once for all cameras that show it in the same way.
import { type BurstTemplate, burstTemplate } from './burst.ts';
import type { Footage } from './footage.ts';
import { aacPayload, type PayloadOptions, picturePayloads } from './payloads.ts';
import type { Sound } from './sound.ts';
import { blankStamp } from './stamp.ts';

export const videoPayloadType = 96;
const aacPayloadType = 97;
/** RFC 3551, table 4. */
const payloadTypes = { aac: aacPayloadType, pcma: 8, pcmu: 0 };

export type VideoBurstOptions = PayloadOptions & {
  /** Whether parameter sets precede each key frame. */
  parameterSetsInBand: boolean;
};

export function payloadTypeOf({ codec }: Sound): number {
  return payloadTypes[codec];
}

const madeOfFootage = new WeakMap<Footage, Map<string, BurstTemplate[]>>();

/** One burst a picture, in the order of the footage. */
export function videoBursts(footage: Footage, options: VideoBurstOptions): BurstTemplate[] {
  const key = JSON.stringify([options.maxBytes, options.aggregate, options.parameterSetsInBand]);
  const made = madeOfFootage.get(footage) ?? new Map<string, BurstTemplate[]>();
  madeOfFootage.set(footage, made);
  let bursts = made.get(key);
  if (!bursts) {
    bursts = footage.pictures.map(({ keyFrame, units }) => {
      const before = keyFrame && options.parameterSetsInBand ? footage.parameterSets : [];
      const all = [...before, blankStamp(footage.codec), ...units];
      return burstTemplate(picturePayloads(footage.codec, all, options), videoPayloadType, true);
    });
    made.set(key, bursts);
  }
  return bursts;
}

/** One burst a block. The marker ends an AAC frame (RFC 3640, 3.1) and begins a talkspurt of G.711, which never happens. */
export function soundBursts(sound: Sound): BurstTemplate[] {
  const isAac = sound.codec === 'aac';
  return sound.blocks.map(block => burstTemplate([isAac ? aacPayload(block) : block], payloadTypeOf(sound), isAac));
}
