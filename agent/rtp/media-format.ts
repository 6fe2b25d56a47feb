// What a media section of a session description (SDP) says of one stream: the contract between whoever reads the
// description and the depacketisers.

export type MediaFormat = {
  type: 'video' | 'audio';
  payloadType: number;
  /** Upper case: `H264`, `H265`, `MPEG4-GENERIC`, `MP4A-LATM`, `PCMA`, `PCMU`, `OPUS`, `JPEG`, … */
  encoding: string;
  /** Timestamp ticks per second. */
  clockRate: number;
  /** Of audio as `rtpmap` says it; 1 when it says nothing. */
  channels: number;
  /** `fmtp`: names in lower case, values as they stand. */
  parameters: ReadonlyMap<string, string>;
};
