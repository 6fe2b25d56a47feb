// What is asked of an operation and what must come of it, written once for all clients of AWS's API.
import { expect } from 'vitest';
import { cell } from '../cell.ts';
import type { Access, ApiClient, ClientName, Members, Outcome } from './api-client.ts';

export type Asked<Place> = {
  operation: string;
  /** To be said of the operation. */
  what: string;
  /** Left out: all. The AWS CLI takes two hundred times as long as the others and gets what tells it apart from them. */
  clients?: readonly ClientName[];
  /** Makes what the request is about, where it must be there already. */
  input(place: Place): Members | Promise<Members>;
};

/** AWS's name of an error and its HTTP status. */
export type Refusal = readonly [error: string, status: number];

export type Scenario<Place> = Asked<Place> &
  (
    | { refused: Refusal }
    | { holds(result: Extract<Outcome, { answer: Members }>, place: Place, input: Members): void | Promise<void> }
  );

export const libraries: readonly ClientName[] = ['boto3', 'SDK for JavaScript'];
/** Knows what is newer than Debian's models. */
export const newest: readonly ClientName[] = ['SDK for JavaScript'];

export const invalidArgument: Refusal = ['InvalidArgumentException', 400];
export const notFound: Refusal = ['ResourceNotFoundException', 404];
export const versionMismatch: Refusal = ['VersionMismatchException', 400];
export const noRetention: Refusal = ['NoDataRetentionException', 400];

/** A cell of the conformance table for each scenario and client. `set` is asked once the server runs. */
export function runScenarios<Place>(
  scenarios: readonly Scenario<Place>[],
  {
    names,
    set,
  }: { names: readonly ClientName[]; set(name: ClientName): { client: ApiClient; access: Access; place: Place } },
): void {
  for (const scenario of scenarios)
    for (const name of scenario.clients ?? names)
      cell({ operation: scenario.operation, client: name }, scenario.what, async () => {
        const { client, access, place } = set(name);
        const input = await scenario.input(place);
        const outcome = await client.call(scenario.operation, input, access);
        expect(outcome.problems).toEqual([]);
        if ('refused' in scenario) expectRefusal(outcome, scenario.refused);
        else await scenario.holds(expectAnswer(outcome), place, input);
      });
}

/** In words, with the status where the client tells it. */
export function expectRefusal(outcome: Outcome, [error, status]: Refusal): void {
  expect(outcome).toMatchObject({ error, message: expect.stringMatching(/\w+ \w+/) });
  if ('status' in outcome) expect(outcome.status).toBe(status);
}

export function expectAnswer(outcome: Outcome): Extract<Outcome, { answer: Members }> {
  if ('answer' in outcome) return outcome;
  throw new Error(`refused with ${outcome.error}: ${outcome.message}`);
}

/** The ways a request can fail to name a stream. @param rest what else the operation requires, all of it right */
export function misnamed<Place extends { aStream(): Promise<{ StreamName: string; StreamARN: string }> }>(
  operation: string,
  rest: Members = {},
): Scenario<Place>[] {
  const arn = 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/nobody/1700000000000';
  return [
    {
      ...{ operation, what: 'a stream that is not there' },
      input: () => ({ StreamName: 'nobody', ...rest }),
      refused: notFound,
    },
    {
      ...{ operation, what: 'the ARN of no stream', clients: libraries },
      input: () => ({ StreamARN: arn, ...rest }),
      refused: notFound,
    },
    {
      ...{ operation, what: 'both a name and an ARN', clients: libraries },
      async input(place) {
        const { StreamName, StreamARN } = await place.aStream();
        return { StreamName, StreamARN, ...rest };
      },
      refused: invalidArgument,
    },
    {
      ...{ operation, what: 'neither a name nor an ARN', clients: libraries },
      input: () => rest,
      refused: invalidArgument,
    },
    {
      ...{ operation, what: 'a name no stream can have', clients: libraries },
      input: () => ({ StreamName: '../nobody', ...rest }),
      refused: invalidArgument,
    },
  ];
}

/** Requests that are right but for one thing. */
export function refusedWith<Place>(
  operation: string,
  base: (place: Place) => Members | Promise<Members>,
  odd: Record<string, Members>,
  refused: Refusal = invalidArgument,
): Scenario<Place>[] {
  return Object.entries(odd).map(([what, members]) => ({
    ...{ operation, what, clients: libraries, refused },
    input: async place => ({ ...(await base(place)), ...members }),
  }));
}
