// What may become of the index while nobody uses it: gone, cut short, or overwritten in places. It can be rebuilt from the
// fragments' files.
import { open, rm, truncate } from 'node:fs/promises';
import type { Random } from '../../scripts/fuzz/target.ts';

export const indexDamages = ['deleted', 'truncated', 'overwritten'] as const;
export type IndexDamage = (typeof indexDamages)[number];

const sectorBytes = 512;

export async function damageIndex(path: string, damage: IndexDamage, random: Random): Promise<void> {
  // Most of a killed server's changes are in the log beside the index.
  const files = [path, `${path}-wal`];
  if (damage === 'deleted') {
    const gone = random() < 0.5 ? files : files.slice(0, 1);
    for (const file of gone) await rm(file, { force: true });
    return;
  }
  for (const file of files) {
    const handle = await open(file, 'r+').catch(() => undefined);
    if (!handle) continue;
    const { size } = await handle.stat();
    if (damage === 'truncated') await truncate(file, Math.floor(size * random()));
    else
      for (let place = 0; place < 4; place++) {
        const rubbish = Uint8Array.from({ length: sectorBytes }, () => random() * 256);
        await handle.write(rubbish, 0, sectorBytes, sectorBytes * Math.floor((size / sectorBytes) * random()));
      }
    await handle.close();
  }
}
