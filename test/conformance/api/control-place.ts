// Where the control plane is asked: streams of the client's own, made as they are needed, and what another client sees of them.

import type { Access, ApiClient, Members } from './api-client.ts';
import { expectAnswer } from './scenario.ts';

export type MadeStream = { StreamName: string; StreamARN: string; Version: string };

export type ControlPlace = {
  /** A name nobody else uses. */
  newName(): string;
  /** With an hour of retention, unless told. */
  aStream(members?: Members, name?: string): Promise<MadeStream>;
  /** The answer another client than the one under test gets. */
  see(operation: string, input: Members): Promise<Members>;
};

export function controlPlace(prefix: string, other: ApiClient, access: Access): ControlPlace {
  let made = 0;
  const see = async (operation: string, input: Members) =>
    expectAnswer(await other.call(operation, input, access)).answer;
  const newName = () => `${prefix}-${made++}`;
  return {
    newName,
    see,
    async aStream(members = {}, StreamName = newName()) {
      await see('CreateStream', { StreamName, DataRetentionInHours: 1, ...members });
      const { StreamInfo } = await see('DescribeStream', { StreamName });
      const { StreamARN, Version } = StreamInfo as MadeStream;
      return { StreamName, StreamARN, Version };
    },
  };
}
