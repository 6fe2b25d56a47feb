// What to do about a problem the console itself reports, by its stable code. The agent's own problems carry their
// advice in the message; this table is for what only the browser can see.

const ADVICE: Record<string, string> = {
  'agent-unreachable': 'Check that the device is switched on and on this network. The console keeps trying.',
  'answer-unreadable': 'The agent and this page may be of different versions. Reload the page.',
  'codec-unsupported': 'Set the camera to H.264, or open the console in a browser that plays its codec.',
  'media-failed': 'Try again. If it happens at the same moment of video each time, that fragment is damaged.',
  'page-unloaded': 'Try again, which reloads the page. The agent may have been updated.',
  'player-unsupported': 'Use a current Chrome, Edge, Firefox or Safari (on an iPhone: iOS 17.1 or newer).',
  'player-unloaded': 'The page could not load its player. Reload the page; the agent may have been updated.',
  'session-lost': 'The service ended the playback twice in a row. Try again in a moment.',
};

/** What the person in front of the screen can do; a general sentence when there is nothing better. */
export function adviceFor(code: string): string {
  return ADVICE[code] ?? 'Try again. If it stays, look at the agent’s log for this code.';
}
