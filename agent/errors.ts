// One error type for everything the agent reports. Callers branch on `code`, `kind` or `retry`, never on text.
// Foreign errors are turned into it at the boundary where they enter, in one table file a boundary.

export type ErrorKind = 'unavailable' | 'denied' | 'invalid' | 'exhausted' | 'data-loss' | 'bug';

/** Every code the agent can report. Stable: people write alert rules and scripts against them. */
export type ErrorCode =
  // settings and start-up
  | 'settings-invalid'
  | 'settings-unreadable'
  | 'settings-read-only'
  | 'port-in-use'
  | 'ffmpeg-missing'
  // cameras
  | 'camera-unreachable'
  | 'camera-host-unknown'
  | 'camera-denied'
  | 'camera-not-found'
  | 'camera-not-rtsp'
  | 'camera-transport'
  | 'camera-b-frames'
  | 'camera-codec-unsupported'
  | 'camera-audio-unsupported'
  | 'camera-gop-too-long'
  | 'camera-no-video'
  | 'camera-stalled'
  | 'camera-ended'
  | 'camera-failed'
  | 'camera-busy'
  | 'camera-certificate'
  | 'camera-answer-invalid'
  | 'camera-packets-lost'
  | 'camera-no-onvif'
  | 'camera-exists'
  | 'camera-unknown'
  | 'scan-refused'
  | 'camera-in-rules'
  | 'device-missing'
  | 'device-busy'
  | 'encoder-failed'
  // media
  | 'matroska-invalid'
  | 'matroska-truncated'
  | 'matroska-too-large'
  // disk
  | 'disk-full'
  | 'disk-read-only'
  | 'disk-failed'
  | 'spool-in-use'
  | 'spool-full'
  | 'fragment-missing'
  // service
  | 'service-unreachable'
  | 'service-denied'
  | 'service-throttled'
  | 'service-endpoint-moved'
  | 'service-stream-missing'
  | 'service-stream-not-active'
  | 'service-rejected-fragment'
  | 'service-encryption-key'
  | 'service-silent'
  | 'service-session-ended'
  | 'service-failed'
  | 'footage-missing'
  | 'clock-untrusted'
  // recorded files
  | 'file-unreadable'
  | 'file-not-video'
  | 'file-codec'
  | 'file-b-frames'
  | 'file-gop'
  | 'file-start-unknown'
  | 'push-interrupted'
  | 'stream-keeps-nothing'
  // the running agent, asked from the command line
  | 'agent-not-running'
  | 'control-failed'
  // labels and alerts
  | 'still-undecodable'
  | 'labels-throttled'
  | 'labels-denied'
  | 'labels-failed'
  | 'model-invalid'
  | 'model-failed'
  | 'delivery-refused'
  | 'delivery-failed'
  | 'delivery-forbidden'
  | 'destination-unknown'
  | 'command-refused'
  | 'alert-unknown'
  | 'rule-unknown'
  | 'sighting-unknown'
  | 'replay-running'
  | 'rule-unknown'
  | 'transform-failed'
  // anything we did not foresee
  | 'bug';

export type AgentErrorOptions = {
  code: ErrorCode;
  kind: ErrorKind;
  /** Whether trying the same thing again can help: at once, after a pause, or not until something changes. */
  retry: 'now' | 'later' | 'never';
  /** A sentence the device's owner can act on. Never contains a secret. */
  message: string;
  /** Of settings that were asked for: which are wrong, by their path, and the rule of each in words. */
  fields?: readonly { path: string; message: string }[];
  cause?: unknown;
};

export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly retry: 'now' | 'later' | 'never';
  readonly fields: AgentErrorOptions['fields'];

  constructor({ code, kind, retry, message, fields, cause }: AgentErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.kind = kind;
    this.retry = retry;
    this.fields = fields;
  }
}

/** The error itself when it is ours; otherwise a `bug` that keeps the original as its cause. */
export function asAgentError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new AgentError({
    code: 'bug',
    kind: 'bug',
    retry: 'later',
    message: `Unexpected error: ${text}. Please report it together with the log.`,
    cause: error,
  });
}

/** True when `signal` was aborted and so the error is only the news of it. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}

/** The `code` of a Node system error (`ENOSPC`, `ECONNREFUSED`, …), looked up along the chain of causes. */
export function systemCode(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if ('code' in cause && typeof cause.code === 'string' && /^E[A-Z_0-9]+$/.test(cause.code)) return cause.code;
  }
  return undefined;
}
