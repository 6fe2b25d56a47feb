// npm run fault-lab: every scenario at full length. Prints each result as it comes and writes the table of
// docs/reliability.md. Exit code 1 when a row breaks what is promised.
import { readFile, writeFile } from 'node:fs/promises';
import { arch, availableParallelism } from 'node:os';
import { join } from 'node:path';
import { breachesOf, type Result, runLab } from './lab.ts';
import { tableOf, withTable } from './table.ts';

const page = join(import.meta.dirname, '../../docs/reliability.md');

const beganMs = performance.now();
const results = await runLab('long', result => process.stdout.write(`${JSON.stringify(result)}\n`));
const about = [
  `Measured ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC with \`npm run fault-lab\``,
  `on ${availableParallelism()} cores (${arch()}), Node ${process.versions.node}, all scenarios beside each other,`,
  `${Math.round((performance.now() - beganMs) / 1000)} s in all.`,
].join(' ');
await writeFile(page, withTable(await readFile(page, 'utf8'), `${about}\n\n${tableOf(results)}`));
process.exitCode = results.every(isGood) ? 0 : 1;

function isGood(result: Result): boolean {
  if ('cannot' in result) return true;
  if ('failed' in result) return false;
  const breaches = breachesOf(result.name, result.outcome);
  for (const breach of breaches) process.stdout.write(`${result.name}: ${breach}\n`);
  return breaches.length === 0;
}
