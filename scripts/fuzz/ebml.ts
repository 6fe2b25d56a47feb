// The Matroska reader: events or an AgentError of its own, the same ones however the transport cuts the stream, no more of
// them than there are bytes, and nothing larger than its limits.
import { AgentError } from '../../agent/errors.ts';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import { matroskaSamples } from './matroska-samples.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateElement, type Sample } from './mutate-elements.ts';
import { demand, oneOf, pieces, type Random, type Target } from './target.ts';

const limits = { maxFrameBytes: 4000, maxHeaderElementBytes: 2000 };

export function ebmlTarget(): Target {
  const samples = matroskaSamples();
  return {
    feed(random) {
      const media = damagedMatroska(samples, random);
      const cut = outcomeOf(pieces(media, random), media.length, random() < 0.5);
      const whole = outcomeOf([media], media.length, true);
      demand(cut.trace === whole.trace, `the cut made a difference: ${cut.trace} instead of ${whole.trace}`);
      return whole.ending;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Elements damaged in two files of three, then bytes. */
export function damagedMatroska(samples: readonly Sample[], random: Random): Uint8Array {
  const sample = oneOf(samples, random);
  const media = random() < 0.66 ? mutateElement(sample, oneOf(samples, random), random) : sample.bytes;
  return mutateBytes(media, random);
}

function outcomeOf(chunks: Iterable<Uint8Array>, inputBytes: number, borrowFrames: boolean) {
  const reader = new MatroskaReader({ ...limits, borrowFrames });
  const seen = { events: 0, frameBytes: 0, sum: 0 };
  let ending = 'whole';
  try {
    for (const chunk of chunks) {
      for (const event of reader.push(chunk)) {
        seen.events++;
        seen.sum = (seen.sum * 31 + event.offset + event.endOffset) | 0;
        if (event.type !== 'frame') continue;
        const { data, timecodeMs, trackNumber } = event.frame;
        seen.frameBytes += data.length;
        seen.sum = (seen.sum * 31 + timecodeMs + trackNumber + (data[0] ?? 0) + (data.at(-1) ?? 0)) | 0;
        demand(data.length <= limits.maxFrameBytes, `a frame of ${data.length} bytes was given out`);
      }
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof AgentError && error.code.startsWith('matroska-'))) throw error;
    ending = error.code;
  }
  demand(seen.events <= inputBytes, `${seen.events} events came from ${inputBytes} bytes`);
  demand(seen.frameBytes <= inputBytes, `${seen.frameBytes} bytes of frames came from ${inputBytes} bytes`);
  return { ending, trace: `${ending} ${Object.values(seen).join(' ')}` };
}
