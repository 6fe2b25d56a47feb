// The four statuses of the console. Each has a hue, a shape and a word; the hue is never the only sign.

export type Status = 'ok' | 'attention' | 'failed' | 'waiting';

export type StatusWords = { status: Status; words: string };
