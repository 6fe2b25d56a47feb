// Which stream each camera's video goes to, kept beside the spool: a camera that was removed from the settings may have left
// video that still has to be sent, also after the agent was started again.
import { join } from 'node:path';
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../settings/private-file.ts';

const knownStreams = z.array(
  z.object({
    ...{ id: z.string(), stream: z.string(), retentionHours: z.number() },
    kmsKeyId: z.string().optional(),
    tags: z.record(z.string(), z.string()).default({}),
  }),
);

export type KnownStream = z.output<typeof knownStreams>[number];

const fileIn = (dataDir: string) => join(dataDir, 'streams.json');

/** Empty when nothing is known, or nothing that can be read. */
export async function readKnownStreams(dataDir: string): Promise<KnownStream[]> {
  try {
    return knownStreams.parse(JSON.parse((await readPrivateFile(fileIn(dataDir))) ?? '[]'));
  } catch {
    return [];
  }
}

/** Rejects with AgentError `disk-…`. */
export async function writeKnownStreams(dataDir: string, cameras: readonly KnownStream[]): Promise<void> {
  const known = cameras.map(({ id, stream, retentionHours, kmsKeyId, tags }) => {
    return { id, stream, retentionHours, kmsKeyId, tags };
  });
  await writePrivateFile(fileIn(dataDir), `${JSON.stringify(known, null, 2)}\n`);
}
