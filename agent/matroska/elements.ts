// The Matroska elements the agent reads or writes, by id. Names are those of RFC 9559, with the older
// `Timecode` kept where everyone says it.

export const ids = {
  ebml: 0x1a45dfa3,
  ebmlVersion: 0x4286,
  ebmlReadVersion: 0x42f7,
  ebmlMaxIdLength: 0x42f2,
  ebmlMaxSizeLength: 0x42f3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  void: 0xec,
  crc32: 0xbf,

  segment: 0x18538067,
  seekHead: 0x114d9b74,
  info: 0x1549a966,
  timecodeScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,

  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  defaultDuration: 0x23e383,
  contentEncodings: 0x6d80,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,

  cluster: 0x1f43b675,
  timecode: 0xe7,
  position: 0xa7,
  prevSize: 0xab,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  referenceBlock: 0xfb,

  cues: 0x1c53bb6b,
  chapters: 0x1043a770,
  attachments: 0x1941a469,

  tags: 0x1254c367,
  tag: 0x7373,
  simpleTag: 0x67c8,
  tagName: 0x45a3,
  tagString: 0x4487,
} as const;

export const trackTypes = { video: 1, audio: 2 } as const;

/**
 * Where an element belongs: a file's top level, a segment, a cluster, anywhere (`global`), or `unknown` when the table
 * does not have it. A cluster or segment of unknown size ends where an element of a higher level begins.
 */
export type Level = 'top' | 'segment' | 'cluster' | 'global' | 'unknown';

export function levelOf(id: number): Level {
  switch (id) {
    case ids.timecode:
    case ids.position:
    case ids.prevSize:
    case ids.simpleBlock:
    case ids.blockGroup:
      return 'cluster';
    case ids.seekHead:
    case ids.info:
    case ids.tracks:
    case ids.cluster:
    case ids.cues:
    case ids.chapters:
    case ids.attachments:
    case ids.tags:
      return 'segment';
    case ids.ebml:
    case ids.segment:
      return 'top';
    case ids.void:
    case ids.crc32:
      return 'global';
    default:
      return 'unknown';
  }
}
