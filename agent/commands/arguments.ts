// The words after a command: what it takes, read and checked.
import { parseArgs } from 'node:util';

/** Wrong usage: the sentence is shown together with how the command line is used. */
export class UsageError extends Error {}

type Shape<Required extends string, Optional extends string, Flag extends string, Repeated extends string> = {
  /** Words without `--`, in their order. */
  operands?: Required[];
  /** `--name value`. */
  required?: Required[];
  optional?: Optional[];
  /** `--name` alone. */
  flags?: Flag[];
  /** `--name value`, as often as wanted. */
  repeated?: Repeated[];
};

type Values<Required extends string, Optional extends string, Flag extends string, Repeated extends string> = Record<
  Required,
  string
> &
  Record<Optional, string | undefined> &
  Record<Flag, boolean> &
  Record<Repeated, string[]>;

/** Reads what a command takes, and nothing else. @throws UsageError */
export function options<
  Required extends string,
  Optional extends string = never,
  Flag extends string = never,
  Repeated extends string = never,
>(
  args: string[],
  { operands = [], required = [], optional = [], flags = [], repeated = [] }: Shape<Required, Optional, Flag, Repeated>,
): Values<Required, Optional, Flag, Repeated> {
  const { values, positionals } = parse(args, { names: [...required, ...optional], flags, repeated });
  const named = Object.fromEntries(operands.map((name, index) => [name, positionals[index]]));
  const switched = Object.fromEntries(flags.map(name => [name, values[name] === true]));
  const listed = Object.fromEntries(repeated.map(name => [name, values[name] ?? []]));
  const read: Record<string, unknown> = { ...values, ...named, ...switched, ...listed };
  for (const name of operands) if (read[name] === undefined) throw new UsageError(`${name} is missing`);
  for (const name of required) if (read[name] === undefined) throw new UsageError(`--${name} is missing`);
  if (positionals.length > operands.length) throw new UsageError(`${positionals.at(-1)} is one word too many`);
  return read as Values<Required, Optional, Flag, Repeated>;
}

function parse(args: string[], { names, flags, repeated }: { names: string[]; flags: string[]; repeated: string[] }) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        ...Object.fromEntries(names.map(name => [name, { type: 'string' as const }])),
        ...Object.fromEntries(flags.map(name => [name, { type: 'boolean' as const }])),
        ...Object.fromEntries(repeated.map(name => [name, { type: 'string' as const, multiple: true }])),
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError */
export function wholeNumber(name: string, text: string, { from, to }: { from: number; to: number }): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < from || number > to)
    throw new UsageError(`--${name} takes a number from ${from} to ${to}, not ${text}`);
  return number;
}

/** As `spool list` shows it. @throws UsageError */
export function fragmentNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`NUMBER is one that spool list shows, not ${text}`);
  return number;
}
