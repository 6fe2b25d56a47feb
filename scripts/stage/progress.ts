// Turns the agent's log into the few lines a person watching the demo wants: each milestone once, and every change of a
// camera's state.

type LogLine = { level?: string; msg?: string; camera?: string; state?: string; message?: string };

const milestones: Record<string, string> = {
  'fragment.spooled': 'the first fragment is safe on disk',
  'fragment.persisted': 'the first fragment is in the cloud (PERSISTED)',
  'sighting.seen': 'the first label was seen',
  'alert.raised': 'the first alert was raised',
};

/** Returns a function that takes the agent's log lines and calls `say` when there is something to tell. */
export function progressTeller(say: (line: string) => void): (line: string) => void {
  const told = new Set<string>();
  return line => {
    const { level, msg: fact = '', camera, state, message } = parse(line);
    // What nobody foresaw carries its sentence as the line's message.
    if (level === 'error' && message === undefined) say(fact);
    if (fact === 'camera.state') say(`camera ${camera} is ${state}${message === undefined ? '' : `: ${message}`}`);
    if (fact === 'upload.state' && message !== undefined) say(`upload of ${camera}: ${message}`);
    const milestone = milestones[fact];
    if (milestone === undefined || told.has(fact)) return;
    told.add(fact);
    say(milestone);
  };
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
