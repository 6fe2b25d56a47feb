// RTP timestamps on one timeline, and together with the fragmenter's stamps on the wall clock.
import { describe, expect, test } from 'vitest';
import { Stamp } from '../../agent/fragmenter/stamp.ts';
import { SteadyWall } from '../../agent/fragmenter/steady-wall.ts';
import type { SenderReport } from '../../agent/rtp/rtcp.ts';
import { Timeline } from '../../agent/rtp/timeline.ts';
import { morningMs, SimulatedClock } from '../fragmenter/simulated-clock.ts';

const video = { trackNumber: 1, clockRate: 90_000 };
const audio = { trackNumber: 2, clockRate: 8000 };
const cameraMs = Date.UTC(2026, 10, 25, 12);

function report(cameraTimeMs: number, timestamp: number): SenderReport {
  return { type: 'sender-report', ssrc: 1, cameraTimeMs, ntpMiddle: 0, timestamp: timestamp >>> 0 };
}

/** Steps between times that were given out. */
function steps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) * 1000) / 1000);
}

describe('one track', () => {
  test.each([0, 0xffff_0000])('steps are those of the timestamps, over the wrap-around too (from %i)', start => {
    const timeline = new Timeline([video]);
    const times = Array.from({ length: 100 }, (_, index) =>
      timeline.timeMs(1, (start + index * 3600) >>> 0, index * 40),
    );
    expect(new Set(steps(times))).toEqual(new Set([40]));
  });

  test('B-frames go back as far as they do, across the wrap-around in both directions', () => {
    const timeline = new Timeline([video]);
    const order = [0, 3, 1, 2, 6, 4, 5];
    const start = (2 ** 32 - 3 * 3600) >>> 0;
    const times = order.map(frame => timeline.timeMs(1, (start + frame * 3600) >>> 0, 0));
    expect(times.map(time => Math.round(time - (times[0] ?? 0)))).toEqual(order.map(frame => frame * 40));
  });

  test('two weeks of 90 kHz: no error adds up', () => {
    const timeline = new Timeline([video]);
    let time = timeline.timeMs(1, 5, 0);
    const beginMs = time;
    const minutes = 14 * 24 * 60;
    for (let minute = 1; minute <= minutes; minute++)
      time = timeline.timeMs(1, (5 + minute * 5_400_000) % 2 ** 32, minute * 60_000);
    expect(time - beginMs).toBe(minutes * 60_000);
  });

  test('timestamps that stand still, and jumps ahead and back, come out as they are; nothing is negative', () => {
    const timeline = new Timeline([video]);
    const stamps = [90_000, 90_000, 90_000, 900_000, 180_000];
    const times = stamps.map(timestamp => timeline.timeMs(1, timestamp, 0));
    expect(steps(times)).toEqual([0, 0, 9000, -8000]);
    // Before the beginning there is nothing: as far ahead as it would be back.
    const before = timeline.timeMs(1, 180_000 - 90_000 * 60, 0);
    expect(before).toBeGreaterThan(0);
  });
});

describe('the beginning of the tracks', () => {
  test('RTP-Info says which timestamps belong together', () => {
    const timeline = new Timeline([
      { ...video, startTimestamp: 0xffff_ff00 },
      { ...audio, startTimestamp: 4000 },
    ]);
    const picture = timeline.timeMs(1, 0xffff_ff00, 700);
    const sound = timeline.timeMs(2, 4000 + 800, 1500);
    expect(sound - picture).toBeCloseTo(100, 9);
  });

  test('without it, or when it is made up, the arrivals do', () => {
    for (const startTimestamp of [undefined, 0]) {
      const timeline = new Timeline([
        { ...video, startTimestamp },
        { ...audio, startTimestamp },
      ]);
      const picture = timeline.timeMs(1, 1_234_567_890, 700);
      timeline.timeMs(1, 1_234_567_890 + 3600, 740);
      expect(timeline.timeMs(2, 987_654_321, 780) - picture).toBeCloseTo(80, 6);
    }
  });

  test('sender reports that are there already do, to the millisecond', () => {
    const timeline = new Timeline([video, audio]);
    const picture = timeline.timeMs(1, 1000, 700);
    timeline.noteSenderReport(1, report(cameraMs, 1000));
    timeline.noteSenderReport(2, report(cameraMs + 20, 8000));
    expect(timeline.timeMs(2, 8000, 1200) - picture).toBeCloseTo(20, 9);
  });
});

describe('sender reports during the session', () => {
  /** Sound that arrived `lateMs` later than it belongs; reports come after two seconds. */
  function follow(lateMs: number): { picture: number[]; sound: number[] } {
    const timeline = new Timeline([video, audio]);
    const picture: number[] = [];
    const sound: number[] = [];
    for (let ms = 0; ms < 60_000; ms += 40) {
      if (ms % 5000 === 2000) {
        timeline.noteSenderReport(1, report(cameraMs + ms, ms * 90));
        timeline.noteSenderReport(2, report(cameraMs + ms, ms * 8));
      }
      picture.push(timeline.timeMs(1, ms * 90, ms));
      sound.push(timeline.timeMs(2, ms * 8, ms + lateMs));
    }
    return { picture, sound };
  }

  test.each([300, -300, 1200])(
    'sound that is %i ms off comes to the picture, never goes back, and the picture does not move',
    lateMs => {
      const { picture, sound } = follow(lateMs);
      const offMs = sound.map((time, index) => time - (picture[index] ?? 0));
      expect(offMs[0]).toBeCloseTo(lateMs, 6);
      expect(Math.abs(offMs.at(-1) ?? 999)).toBeLessThan(15);
      expect(new Set(steps(picture))).toEqual(new Set([40]));
      expect(Math.min(...steps(sound))).toBeGreaterThanOrEqual(38);
      expect(Math.max(...steps(sound))).toBeLessThanOrEqual(42);
    },
  );

  test('reports that are a few milliseconds off move nothing', () => {
    const timeline = new Timeline([video, audio]);
    const sound: number[] = [];
    for (let ms = 0; ms < 60_000; ms += 40) {
      if (ms % 1000 === 0) {
        timeline.noteSenderReport(1, report(cameraMs + ms + (ms % 3000) / 300, ms * 90));
        timeline.noteSenderReport(2, report(cameraMs + ms - (ms % 2000) / 400, ms * 8));
      }
      timeline.timeMs(1, ms * 90, ms);
      sound.push(timeline.timeMs(2, ms * 8, ms));
    }
    expect(new Set(steps(sound))).toEqual(new Set([40]));
  });

  test('reports of two clocks that have nothing to do with each other are not believed', () => {
    const timeline = new Timeline([video, audio]);
    const sound: number[] = [];
    for (let ms = 0; ms < 30_000; ms += 40) {
      if (ms % 5000 === 0) {
        timeline.noteSenderReport(1, report(cameraMs + ms, ms * 90));
        timeline.noteSenderReport(2, report(ms, ms * 8));
      }
      timeline.timeMs(1, ms * 90, ms);
      sound.push(timeline.timeMs(2, ms * 8, ms));
    }
    expect(new Set(steps(sound))).toEqual(new Set([40]));
  });

  test('after a jump of the picture alone, sound follows it when two reports agree', () => {
    const timeline = new Timeline([video, audio]);
    const hourTicks = 3_600_000 * 90;
    let offMs = 0;
    for (let ms = 0; ms < 60_000; ms += 40) {
      const timestamp = ms * 90 + (ms >= 20_000 ? hourTicks : 0);
      if (ms % 5000 === 2000) {
        timeline.noteSenderReport(1, report(cameraMs + ms, timestamp));
        timeline.noteSenderReport(2, report(cameraMs + ms, ms * 8));
      }
      offMs = timeline.timeMs(1, timestamp, ms) - timeline.timeMs(2, ms * 8, ms);
    }
    expect(Math.abs(offMs)).toBeLessThan(15);
  });

  test('the camera’s clock set by an hour between two reports moves nothing', () => {
    const timeline = new Timeline([video, audio]);
    const sound: number[] = [];
    for (let ms = 0; ms < 40_000; ms += 40) {
      if (ms % 5000 === 2000)
        timeline.noteSenderReport(1, report(cameraMs + ms + (ms > 20_000 ? 3_600_000 : 0), ms * 90));
      if (ms % 5000 === 4000)
        timeline.noteSenderReport(2, report(cameraMs + ms + (ms > 20_000 ? 3_600_000 : 0), ms * 8));
      timeline.timeMs(1, ms * 90, ms);
      sound.push(timeline.timeMs(2, ms * 8, ms));
    }
    expect(new Set(steps(sound))).toEqual(new Set([40]));
  });

  test('they name the camera’s own time of a picture, before and after their timestamp', () => {
    const timeline = new Timeline([video]);
    timeline.timeMs(1, 0, 0);
    expect(timeline.cameraTimeMs(1, 0)).toBeUndefined();
    timeline.noteSenderReport(1, report(cameraMs, 0xffff_ffff));
    expect(timeline.cameraTimeMs(1, 89_999)).toBe(cameraMs + 1000);
    expect(timeline.cameraTimeMs(1, 0xffff_ffff - 90_000)).toBe(cameraMs - 1000);
    timeline.noteSenderReport(1, { ...report(0, 0), cameraTimeMs: undefined });
    expect(timeline.cameraTimeMs(1, 0)).toBeUndefined();
  });
});

describe('together with the fragmenter’s stamps', () => {
  /** Frames as they arrive, 20 ms after they were captured; gives their stamps since the morning. */
  function stamped(frames: readonly { capturedMs: number; timestamp: number }[]): number[] {
    const clock = new SimulatedClock();
    const stamp = new Stamp(clock, new SteadyWall(clock));
    const timeline = new Timeline([video]);
    return frames.map(({ capturedMs, timestamp }) => {
      clock.passUntil(capturedMs + 20);
      return stamp.stampMs(1, timeline.timeMs(1, timestamp >>> 0, clock.monotonicMs())) - morningMs;
    });
  }

  const everyFrame = (count: number, timestamp: (frame: number) => number) =>
    Array.from({ length: count }, (_, frame) => ({ capturedMs: frame * 40, timestamp: timestamp(frame) }));

  test('B-frames keep their places', () => {
    const shown = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
    const stamps = stamped(
      shown.map((frame, index) => ({ capturedMs: index * 40, timestamp: 2 ** 32 - 18_000 + frame * 3600 })),
    );
    const [first = 0] = stamps;
    for (const [index, frame] of shown.entries())
      expect(Math.abs((stamps[index] ?? 0) - first - frame * 40)).toBeLessThan(2);
  });

  test('the wrap-around is not seen', () => {
    const stamps = stamped(everyFrame(200, frame => 2 ** 32 - 360_000 + frame * 3600));
    for (const step of steps(stamps)) expect(step).toBeCloseTo(40, 0);
  });

  test('after a jump of the camera’s timestamps the stamps are right again at once', () => {
    const stamps = stamped(everyFrame(200, frame => frame * 3600 + (frame >= 100 ? 700_000_000 : 0)));
    for (const [frame, stamp] of stamps.entries()) expect(stamp).toBeCloseTo(frame * 40 + 20, 0);
  });

  test('a camera that begins anew at zero is right again at once', () => {
    const stamps = stamped(everyFrame(200, frame => (frame >= 100 ? frame - 100 : frame + 1_000_000) * 3600));
    for (const [frame, stamp] of stamps.entries()) expect(stamp).toBeCloseTo(frame * 40 + 20, 0);
  });

  test('timestamps that are always 0 become arrivals', () => {
    const stamps = stamped(everyFrame(100, () => 0));
    for (const [frame, stamp] of stamps.entries()) if (frame > 15) expect(stamp).toBeCloseTo(frame * 40 + 20, 0);
  });
});
