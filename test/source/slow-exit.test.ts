// In a file of its own: fluent-ffmpeg remembers the path of ffmpeg for the whole process.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { FfmpegRun } from '../../agent/ffmpeg/ffmpeg-run.ts';

/** An ffmpeg that writes nothing, closes its output, and stays. */
async function slowToLeave(): Promise<FfmpegRun> {
  const folder = await mkdtemp(join(tmpdir(), 'slow-exit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const ffmpegPath = join(folder, 'ffmpeg');
  // It answers what it is asked before it is run, as ffmpeg does.
  const script = '#!/bin/sh\ncase "$*" in *matroska*) exec >&- 2>&-; exec sleep 600 ;; esac\nexec ffmpeg "$@"\n';
  await writeFile(ffmpegPath, script);
  await chmod(ffmpegPath, 0o755);
  const run = new FfmpegRun({ place: 'any', inputOptions: [], outputOptions: [], ffmpegPath }, systemClock);
  for await (const _chunk of run.stdout());
  return run;
}

test('an ffmpeg that is done but slow to leave was not ended from outside', async () => {
  const run = await slowToLeave();
  expect(await run.end(100)).toEqual({ how: 'exited' });
});

test('who is stopped waits no longer for an ffmpeg that was given time to leave', async () => {
  const run = await slowToLeave();
  const patient = run.end(600_000);
  expect(await run.end()).toEqual({ how: 'exited' });
  expect(await patient).toEqual({ how: 'exited' });
});
