// Real H.264 for tests that let other programs look at what the agent wrote.
import { execFileSync } from 'node:child_process';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { MatroskaReader } from '../../agent/matroska/read.ts';

/** `seconds` fragments of one second and 10 frames, made by ffmpeg, from `startMs` on. */
export function realFragments(startMs: number, seconds: number): FragmentPart[] {
  const ffmpeg = `-v error -f lavfi -i testsrc=size=320x180:rate=10 -t ${seconds} -c:v libx264 -preset ultrafast
    -pix_fmt yuv420p -bf 0 -g 10 -sc_threshold 0 -f matroska -`;
  const events = new MatroskaReader().push(execFileSync('ffmpeg', ffmpeg.split(/\s+/), { maxBuffer: 1e8 }));
  const parts: FragmentPart[] = [];
  let tracks: Extract<FragmentPart, { type: 'begin' }>['tracks'] = [];
  for (const event of events) {
    if (event.type === 'tracks') tracks = event.tracks;
    if (event.type !== 'frame') continue;
    const frame = { ...event.frame, timecodeMs: startMs + event.frame.timecodeMs };
    if (frame.keyFrame) {
      if (parts.length > 0) parts.push({ type: 'end', nextStartMs: frame.timecodeMs });
      parts.push({ type: 'begin', tracks, startMs: frame.timecodeMs });
    }
    parts.push({ type: 'frame', frame });
  }
  return [...parts, { type: 'end' }];
}
