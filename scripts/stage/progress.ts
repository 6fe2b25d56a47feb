// Turns the agent's log into the few lines a person watching the demo wants: each milestone once, every alert, every trouble.

type LogLine = { fact?: string; cameraId?: string; state?: string; message?: string; msg?: string; level?: number };

const milestones: Record<string, string> = {
  'fragment.spooled': 'first fragment is safe on disk',
  'fragment.persisted': 'first fragment is in the cloud (PERSISTED)',
  'still.sampled': 'first still was taken',
  'sighting.seen': 'first label was seen',
  'alert.raised': 'first alert was raised',
};

/** Returns a function that takes the agent's log lines and calls `say` when there is something to tell. */
export function progressTeller(say: (line: string) => void): (line: string) => void {
  const told = new Set<string>();
  return line => {
    const entry = parse(line);
    if (entry?.fact === undefined) return;
    if (entry.fact === 'camera.state')
      say(`camera ${entry.cameraId} is ${entry.state}${entry.message ? `: ${entry.message}` : ''}`);
    const milestone = milestones[entry.fact];
    if (milestone === undefined || told.has(entry.fact)) return;
    told.add(entry.fact);
    say(milestone);
  };
}

function parse(line: string): LogLine | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
