// Sessions as the AWS SDK for JavaScript opens them, over the whole of a recording unless told otherwise.
import {
  GetClipCommand,
  GetDASHStreamingSessionURLCommand,
  type GetDASHStreamingSessionURLInput,
  GetHLSStreamingSessionURLCommand,
  type GetHLSStreamingSessionURLInput,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { expect } from 'vitest';
import { archiveClient } from '../../local-cloud/control-cloud.ts';
import { brokenMaster, readMediaPlaylist } from '../../local-cloud/playlist-rules.ts';

export const operations = { HLS: 'GetHLSStreamingSessionURL', DASH: 'GetDASHStreamingSessionURL' } as const;

export type Archive = {
  hls(StreamName: string, more?: GetHLSStreamingSessionURLInput): Promise<string>;
  dash(StreamName: string, more?: GetDASHStreamingSessionURLInput): Promise<string>;
  clip(StreamName: string): Promise<Uint8Array>;
};

/** @param startMs when recordings begin, by the producer's clock */
export function archiveOf(endpoint: string, startMs: number): Archive {
  const client = archiveClient(endpoint);
  const TimestampRange = { StartTimestamp: new Date(startMs), EndTimestamp: new Date(startMs + 60_000) };
  const selector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange } as const;
  return {
    async hls(StreamName, more) {
      const input = { StreamName, PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: selector, ...more } as const;
      const { HLSStreamingSessionURL = '' } = await client.send(new GetHLSStreamingSessionURLCommand(input));
      await expectRules(HLSStreamingSessionURL);
      return HLSStreamingSessionURL;
    },
    async dash(StreamName, more) {
      const input = { StreamName, PlaybackMode: 'ON_DEMAND', DASHFragmentSelector: selector, ...more } as const;
      return (await client.send(new GetDASHStreamingSessionURLCommand(input))).DASHStreamingSessionURL ?? '';
    },
    async clip(StreamName) {
      const { Payload } = await client.send(new GetClipCommand({ StreamName, ClipFragmentSelector: selector }));
      return (await Payload?.transformToByteArray()) ?? new Uint8Array();
    },
  };
}

/** What no player here insists on, but AVPlayer does. */
async function expectRules(url: string): Promise<void> {
  const text = async (address: string | URL) => (await fetch(address)).text();
  const master = await text(url);
  expect(brokenMaster(master)).toEqual([]);
  for (const [uri] of master.matchAll(/getHLSMediaPlaylist[^"\s]+/g))
    expect(readMediaPlaylist(await text(new URL(uri, url))).broken).toEqual([]);
}
