// The parser of acknowledgements: whatever a server, a proxy or a broken line sends, it gives acks of the right shape, the
// same ones however the stream is cut, never throws, and finds the next good ack on a line of its own.
import { isDeepStrictEqual } from 'node:util';
import { type Ack, AckParser } from '../../agent/uploader/acks.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { below, demand, oneOf, pieces, type Random, type Target } from './target.ts';

const fragmentNumber = '91343852333181457151482848337893124909386799081';
const good: Ack = { eventType: 'PERSISTED', timecodeMs: 1_595_833_960_258, fragmentNumber };
const goodLine = `{"EventType":"PERSISTED","FragmentTimecode":1595833960258,"FragmentNumber":"${fragmentNumber}"}`;
const lines = [
  goodLine,
  goodLine.replace('PERSISTED', 'BUFFERING'),
  '{"EventType":"IDLE"}',
  '{"AckEventType":"RECEIVED","FragmentTimeCode":5}',
  '{"EventType":"ERROR","FragmentTimecode":520,"ErrorCode":"FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS","ErrorId":4004}',
  '{"EventType":"ERROR","FragmentTimecode":null,"ErrorId":"4008"}',
  '{"EventType":"IDLE","Details":{"list":[1,{"text":"brace } quote \\" é"}]}}',
];
/** Values in the place of others: what JSON allows and nobody expects. */
const values = ['null', '[]', '{}', '-0', '1e400', '1e-7', '9007199254740993', '""', '"\\u0000"', 'true', '"4006 "'];
const between = ['\n', '\r\n', '', ' ', '\n\n', '\0', ',', 'HTTP/1.1 100 Continue\r\n\r\n', '<html>', '\u{1f4f7}'];

export function acksTarget(): Target {
  return {
    feed(random) {
      const bytes = mutateBytes(Buffer.from(text(random)), random);
      const parser = new AckParser();
      const acks = [...pieces(bytes, random)].flatMap(piece => parser.push(piece));
      demand(acks.every(isWellFormed), `an ack of the wrong shape came out: ${JSON.stringify(acks)}`);
      const closing = bytes.reduce((sum, byte) => sum + (byte === 0x7d ? 1 : 0), 0);
      demand(acks.length <= closing, `${acks.length} acks came from ${closing} closing braces`);
      demand(isDeepStrictEqual(new AckParser().push(bytes), acks), 'the cut made a difference');
      const next = parser.push(Buffer.from(`\n${goodLine}\n`));
      demand(isDeepStrictEqual(next.at(-1), good), 'the good ack after it was not found');
      return `${Math.min(acks.length, 5)} acks`;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function text(random: Random): string {
  if (random() < 0.02) return monster(random);
  let all = '';
  for (let left = 1 + below(6, random); left > 0; left--) all += line(random) + oneOf(between, random);
  return all;
}

function line(random: Random): string {
  const chosen = oneOf(lines, random);
  if (random() < 0.7) return chosen;
  return chosen.replace(/:("[^"]*"|\d+)/, `:${oneOf(values, random)}`);
}

/** Longer than any ack: nested, endless, or one huge string. */
function monster(random: Random): string {
  const times = 1 + below(20_000, random);
  const unit = oneOf(['{', '{"a":', '[', '"', '{"EventType":"', 'x', '\\', '{}', '}'], random);
  return `${oneOf(['', '{"EventType":"', '{"a":'], random)}${unit.repeat(Math.ceil(times / unit.length))}`;
}

function isWellFormed({ eventType, timecodeMs, fragmentNumber, errorId, errorCode, ...rest }: Ack): boolean {
  return (
    typeof eventType === 'string' &&
    (timecodeMs === undefined || Number.isFinite(timecodeMs)) &&
    (fragmentNumber === undefined || typeof fragmentNumber === 'string') &&
    (errorId === undefined || Number.isFinite(errorId)) &&
    (errorCode === undefined || typeof errorCode === 'string') &&
    Object.keys(rest).length === 0
  );
}
