// npm run bench: what the agent costs and how fast it is, as one JSON object. Nothing here passes or fails: the goals stand
// beside the figures, and docs/benchmarks.md says what they mean.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

const usage = `npm run bench -- upload|fragmenter|camera|spool|repair|rules|cloud [options]

  fragmenter   --megabytes N (90) --rounds N (15)      reader, fragmenter and writer against memcpy
  spool        --megabytes N (60) --rounds N (5)       synced bytes against the disk's own limit
  upload       --megabytes N (90) --fragments N (100)  a recording pushed; last picture → PERSISTED
  camera       --cameras LIST (1,4,16) --source native|ffmpeg (native) --megabits N (4) --seconds N (30)
                                                      CPU and private memory, node and ffmpeg apart; pictures lost
  repair       --seconds N (20)                        CPU, memory and delay of each kind of re-encoding
  rules        --sightings N (10000) --rules N (200) --seconds N (60)
                                                      so many things seen a minute through so many rules
  cloud        --megabytes N (60) --rounds N (5) --fragments N (43200)
                                                      the embedded server: ingest, a day's lists, fragments for players`;

type Figures = Record<string, unknown>;
type OptionName =
  | 'megabytes'
  | 'rounds'
  | 'fragments'
  | 'cameras'
  | 'seconds'
  | 'source'
  | 'megabits'
  | 'sightings'
  | 'rules';
type Options = { [name in OptionName]?: string };

// Each bench loads only the code it measures.
const benches: Record<string, (options: Options) => Promise<Figures>> = {
  async fragmenter({ megabytes = '90', rounds = '15' }) {
    const { benchFragmenter } = await import('./fragmenter.ts');
    return await benchFragmenter({ megabytes: count(megabytes), rounds: count(rounds) });
  },
  async spool({ megabytes = '60', rounds = '5' }) {
    const { benchSpool } = await import('./spool.ts');
    return await benchSpool({ megabytes: count(megabytes), rounds: count(rounds) });
  },
  async upload({ megabytes = '90', fragments = '100' }) {
    const { benchUpload } = await import('./upload.ts');
    return await benchUpload({ megabytes: count(megabytes), fragments: count(fragments) });
  },
  async camera({ cameras = '1,4,16', seconds = '30', source = 'native', megabits = '4' }) {
    const options = { seconds: count(seconds), megabits: count(megabits), reader: reader(source) };
    const { benchCameras } = await import('./camera.ts');
    return await benchCameras({ ...options, cameras: cameras.split(',').map(count) });
  },
  async repair({ seconds = '20' }) {
    const { benchRepair } = await import('./repair.ts');
    return await benchRepair({ seconds: count(seconds) });
  },
  async rules({ sightings = '10000', rules = '200', seconds = '60' }) {
    const { benchRules } = await import('./rules.ts');
    return await benchRules({ sightings: count(sightings), rules: count(rules), seconds: count(seconds) });
  },
  async cloud({ megabytes = '60', rounds = '5', fragments = '43200' }) {
    const { benchCloud } = await import('./cloud.ts');
    return await benchCloud({ megabytes: count(megabytes), rounds: count(rounds), fragments: count(fragments) });
  },
};

class UsageError extends Error {}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new UsageError(`${text} is not a number of 1 or more`);
  return value;
}

function reader(text: string): 'native' | 'ffmpeg' {
  if (text !== 'native' && text !== 'ffmpeg') throw new UsageError(`${text} is neither native nor ffmpeg`);
  return text;
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...{ megabytes: text, rounds: text, fragments: text, cameras: text },
      ...{ seconds: text, source: text, megabits: text, sightings: text, rules: text },
    },
  });
  const [name = ''] = positionals;
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!bench) throw new UsageError(name === '' ? 'Which bench?' : `There is no bench ${name}.`);
  const processors = cpus();
  const machine = { processors: processors.length, model: processors[0]?.model.trim(), node: process.version };
  const figures = await bench(values);
  process.stdout.write(
    `${JSON.stringify({ bench: name, date: new Date().toISOString(), machine, ...figures }, null, 2)}\n`,
  );
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  process.stderr.write(
    `bench: ${error instanceof Error ? error.message : String(error)}\n${isUsage ? `\n${usage}\n` : ''}`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
