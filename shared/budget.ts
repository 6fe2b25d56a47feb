// What labels cost today, as the console and `kvs-edge status` are told.
import { z } from 'zod';

export type BudgetOfCamera = {
  id: string;
  /** Pictures sent to the camera's provider today. */
  calls: number;
  /** `labels.callsPerDay`; left out: no limit. */
  limit?: number;
  /** Of Rekognition's calls; models of one's own cost nothing for each picture. */
  dollars: number;
};

export type Budget = {
  /** `2026-11-25`, in the time zone of the settings. */
  day: string;
  /** When it ends. */
  endsMs: number;
  /** Pictures of all cameras sent to AWS today; a model on the device does not count. */
  calls: number;
  /** `budget.callsPerDay`; left out: no limit. */
  limit?: number;
  dollars: number;
  /** The same since the first of the month, today included. */
  month: { calls: number; dollars: number };
  /** Cameras with a provider, and those that had one today. */
  cameras: BudgetOfCamera[];
};

/** A stretch of time in which no picture of a camera went to its provider: motion only. */
export type LabelPause = {
  fromMs: number;
  /** Of one that lasts: now, or when it ends if that is sooner. */
  toMs: number;
  reason: 'budget' | 'failure';
  /** It lasts; until then, by what is known now. */
  untilMs?: number;
};

const counted = { calls: z.number(), limit: z.number().optional(), dollars: z.number() };

export const budgetSchema = z.looseObject({
  day: z.string(),
  endsMs: z.number(),
  ...counted,
  month: z.looseObject({ calls: z.number(), dollars: z.number() }),
  cameras: z.array(z.looseObject({ id: z.string(), ...counted })),
});

/** `$ 0.42`, to the cent; less than one is said as such. */
export function dollarWords(dollars: number): string {
  return dollars > 0 && dollars < 0.01 ? 'less than $ 0.01' : `$ ${dollars.toFixed(2)}`;
}
