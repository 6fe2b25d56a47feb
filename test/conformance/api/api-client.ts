// What the clients of AWS's API have in common: an operation by AWS's name, its input as AWS's reference writes it, and what
// came of it in one form, whichever client asked. Times go in as Date and come out as milliseconds since 1970.

export const clientNames = ['AWS CLI', 'boto3', 'SDK for JavaScript'] as const;
export type ClientName = (typeof clientNames)[number];

export type Members = Record<string, unknown>;

export type Outcome =
  | { answer: Members; media: Uint8Array; problems: string[] }
  /** `status` is left out where the client does not say it. */
  | { error: string; status?: number; message: string; problems: string[] };

/** Whom a client calls, and as whom. */
export type Access = {
  endpoint: string;
  /** Empty: nothing is signed. */
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** The file of the authority an https server is trusted by. */
  verify?: string;
};

export type ApiClient = AsyncDisposable & {
  name: ClientName;
  /**
   * Asks once: nothing is tried again. Media is read to its end.
   * @param pageSize the client's own paging asks for all there is, in pages of this many
   */
  call(operation: string, input: Members, access: Access, pageSize?: number): Promise<Outcome>;
};

/** What KVS calls its media operations; the control plane has all others but Rekognition's. */
export const servicesOf: Record<string, 'media' | 'archive' | 'rekognition'> = {
  GetMedia: 'media',
  GetMediaForFragmentList: 'archive',
  ListFragments: 'archive',
  GetClip: 'archive',
  GetImages: 'archive',
  GetHLSStreamingSessionURL: 'archive',
  GetDASHStreamingSessionURL: 'archive',
  DetectLabels: 'rekognition',
};

/** JSON of an input. @param bytes how this client writes them */
export function toJson(value: unknown, bytes: (base64: string) => unknown): unknown {
  if (value instanceof Uint8Array) return bytes(Buffer.from(value).toString('base64'));
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(member => toJson(member, bytes));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member, bytes)]));
}

/** The same members, however deep, each changed when it is no object or list itself. */
export function mapMembers(members: Members, change: (value: unknown, name: string) => unknown): Members {
  const map = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map(member => map(member, name));
    return isMembers(value) ? mapMembers(value, change) : change(value, name);
  };
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, map(value, name)]));
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !(value instanceof Date || value instanceof Uint8Array);
}
