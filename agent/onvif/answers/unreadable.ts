// Said by everything that reads a device's XML; becomes `camera-answer-invalid` where the device's name is known.

export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
  /** Completes "an answer that is not right ONVIF: …". Our words, never the device's. */
  readonly reason: string;

  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}
