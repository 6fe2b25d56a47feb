// When pictures come and what they say of their time: key frames, timestamps, clocks, and the limits of the service.
import type { CameraFacts, VideoFacts } from '../../../shared/camera-check.ts';
import { durationWords } from '../../../shared/duration-words.ts';
import { amber, type CheckRow, green, red, secondsWords, transcodeSetting, type Verdict } from '../check-row.ts';
import { isStill, ofVideo } from './picture-rows.ts';

const goodGopSeconds = 4;
const longGopSeconds = 10;
/** Longest and largest fragment the service takes. */
const mostFragmentSeconds = 20;
const mostFragmentBytes = 50_000_000;
const unevenGop = 1.5;
/** What a picture more or less makes of it. */
const gopTolerance = 1.02;

const standingShare = 0.5;
const paceOff = { amber: 0.03, red: 0.2 };
const mostJitterMs = 250;
const mostIrregularPercent = 20;
const manyBackwards = 3;

const clockOffMs = { amber: 5_000, red: 300_000 };

export const timingRows: readonly CheckRow[] = [
  {
    subject: 'key-frames',
    title: 'Key frames',
    green: 'at least every 4 s, evenly',
    amber: 'every 4 to 10 s; unevenly, as “smart” codecs send them; or no second one in the time',
    red: 'more than 10 s apart; beyond 20 s video is lost',
    change: 'key frame (I-frame, GOP) interval 2 s on the camera, no “smart” codec; or `video: transcode`',
    judge: facts => ofVideo(facts, keyFrames),
  },
  {
    subject: 'timestamps',
    title: 'Timestamps',
    green: 'pass as time does',
    amber: 'jump, go back now and then, come unevenly, or run 3 to 20 % fast or slow',
    red: 'stand still or are missing, go back again and again, or run at another pace',
    change: 'firmware of the camera; its sub stream; no “smart” codec',
    judge: facts => ofVideo(facts, timestamps),
  },
  {
    subject: 'limits',
    title: 'Limits',
    green: 'fragments stay below 20 s and 50 MB',
    amber: 'above 80 % of that',
    red: 'beyond it: Kinesis Video Streams does not take them',
    change: 'key frame interval and bit rate on the camera',
    judge: facts => ofVideo(facts, limits),
  },
  {
    subject: 'clock',
    title: 'Clock',
    green: 'within 5 s of this machine’s, or not told',
    amber: 'off by more than 5 s',
    red: 'off by more than 5 min: signing in to ONVIF fails',
    change: 'NTP server and time zone on the camera',
    judge: clock,
  },
];

function keyFrames(video: VideoFacts, facts: CameraFacts): Verdict | undefined {
  if (isStill(video)) return undefined;
  const { gopSeconds, openGopSeconds, keyFrames } = video;
  const repaired = facts.settings.video === 'transcode';
  const setting = `set the key frame (I-frame) interval to 2 s on the camera, no “smart” codec; or ${transcodeSetting(facts)}`;
  const longest = Math.max(...gopSeconds, openGopSeconds);
  const judged = (level: 'amber' | 'red', value: string, sentence: string): Verdict => {
    if (repaired) return green(value, `${sentence} Here they come every 2 s, as video: transcode asks for.`);
    return { level, value, sentence, setting };
  };
  const known = gopSeconds.length > 0;
  const words = `${known ? '' : 'over '}${secondsWords(longest)}`;
  if (longest > mostFragmentSeconds)
    return judged(
      'red',
      words,
      `${known ? words : `More than ${secondsWords(longest)}`} without a key frame: beyond 20 s video is lost.`,
    );
  if (!known) {
    const none = keyFrames === 0 ? 'No key frame' : 'No second key frame';
    const sentence = `${none} came in the ${secondsWords(longest)} that were looked at: a “smart” codec, or a long interval. Look longer with --seconds.`;
    return judged(longest > longGopSeconds ? 'red' : 'amber', words, sentence);
  }
  return ofIntervals(gopSeconds, longest, judged);
}

function ofIntervals(
  gopSeconds: readonly number[],
  longest: number,
  judged: (level: 'amber' | 'red', value: string, sentence: string) => Verdict,
): Verdict {
  const shortest = Math.min(...gopSeconds);
  const most = Math.max(...gopSeconds);
  const words = secondsWords(Math.max(most, longest > most * gopTolerance ? longest : 0));
  const value = `every ${words}`;
  if (longest > longGopSeconds * gopTolerance)
    return judged('red', value, `A key frame every ${words}: playback and recovery wait that long.`);
  if (most > shortest * unevenGop) {
    const sentence = `Key frames come unevenly, every ${secondsWords(shortest)} to ${words}: a “smart” codec seems to be on.`;
    return judged('amber', `${secondsWords(shortest)} to ${words}`, sentence);
  }
  if (longest > goodGopSeconds * gopTolerance)
    return judged('amber', value, `A key frame every ${words}: playback begins late, and is behind by as much.`);
  return green(value, `A key frame every ${words}.`);
}

function timestamps({ timestamps: seen, pictures, seconds }: VideoFacts): Verdict {
  const { standing, jumps, backwards, pace = 1, jitterMs, irregularPercent } = seen;
  const setting = 'newer firmware, or another stream of the camera; no “smart” codec';
  // What comes from late arrivals alone says nothing of the camera's pace.
  const off = Math.abs(pace - 1) * seconds * 1000 > 2 * jitterMs ? Math.abs(pace - 1) : 0;
  const paceWords = [`pace ${pace.toFixed(2)}`, `Its timestamps run at ${pace.toFixed(2)} times real time.`] as const;
  if (standing > pictures * standingShare)
    return red('missing', 'Its timestamps stand still: pictures have no time of their own.', setting);
  if (off > paceOff.red) return red(...paceWords, setting);
  if (backwards > manyBackwards) return red('go back', `Its timestamps went back ${backwards} times.`, setting);
  if (jumps > 0) return amber('jump', `Its timestamps jumped ahead ${times(jumps)}, when no time had passed.`, setting);
  if (backwards > 0) return amber('go back', `Its timestamps went back ${times(backwards)}.`, setting);
  if (off > paceOff.amber) return amber(...paceWords, setting);
  if (jitterMs > mostJitterMs) {
    const sentence = `Pictures arrive up to ${Math.round(jitterMs)} ms late or early: the network or the camera is busy.`;
    return amber(`jitter ${Math.round(jitterMs)} ms`, sentence, 'cable or Wi-Fi of the camera, or a lower bit rate');
  }
  if (irregularPercent > mostIrregularPercent) {
    const sentence = `${Math.round(irregularPercent)} % of the pictures come too early or too late for an even rate.`;
    return amber('uneven', sentence, 'a fixed frame rate on the camera; no “smart” codec');
  }
  return green('steady', 'Its timestamps pass as time does.');
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function limits(video: VideoFacts, facts: CameraFacts): Verdict | undefined {
  if (isStill(video) || facts.settings.video === 'transcode') return undefined;
  const seconds = Math.max(...video.gopSeconds, video.openGopSeconds);
  const bytes = video.largestGopBytes;
  const value = `${secondsWords(seconds)}, ${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;
  const setting = 'shorter key frame interval or lower bit rate on the camera';
  const share = Math.max(seconds / mostFragmentSeconds, bytes / mostFragmentBytes);
  const sentence = `The largest fragment seen: ${value}, of 20 s and 50 MB that Kinesis Video Streams takes.`;
  if (share > 1) return red(value, sentence, setting);
  return share > 0.8 ? amber(value, sentence, setting) : green(value, sentence);
}

function clock({ stream, onvif }: CameraFacts): Verdict | undefined {
  // What ONVIF says is the clock that its sign-in goes by; sender reports of some cameras count from their start.
  const offsetMs = onvif?.clockOffsetMs ?? stream?.clockOffsetMs;
  if (offsetMs === undefined) {
    if (!stream?.video) return undefined;
    return green('not told', 'It does not tell its time; recordings have this machine’s.');
  }
  const size = Math.abs(offsetMs);
  const off = durationWords(Math.round(size / 1000) * 1000);
  const words = `${off} ${offsetMs > 0 ? 'fast' : 'slow'}`;
  const setting = 'set an NTP server and the time zone on the camera';
  if (size > clockOffMs.red)
    return red(words, `Its clock is ${words}: signing in to ONVIF fails with such a clock.`, setting);
  if (size > clockOffMs.amber)
    return amber(words, `Its clock is ${words}; the time it writes into the picture is wrong.`, setting);
  return green('right', size < 1000 ? 'Its clock is right to the second.' : `Its clock is off by ${off}.`);
}
