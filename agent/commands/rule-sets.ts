// Ready sets of rules, as settings files that people copy from. The first line of each says what it is for.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'rule-sets');

/** Rows of a table: the name, and what it is for. */
export async function ruleSetNames(): Promise<string[][]> {
  const names = (await readdir(folder)).filter(file => file.endsWith('.yaml')).sort();
  return Promise.all(
    names.map(async file => {
      const [first = ''] = (await readFile(join(folder, file), 'utf8')).split('\n');
      return [file.slice(0, -'.yaml'.length), first.replace(/^#\s*/, '')];
    }),
  );
}

/** Undefined when there is none of that name. */
export async function ruleSet(name: string): Promise<string | undefined> {
  const names = await ruleSetNames();
  return names.some(([known]) => known === name) ? readFile(join(folder, `${name}.yaml`), 'utf8') : undefined;
}
