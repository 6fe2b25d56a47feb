// Silence for the alerts of one camera: when somebody works in front of it, say.
import { nowMs } from '../link/agent-clock.ts';
import { SnoozeChoice } from '../rules/snooze-choice.tsx';
import { useSnoozes } from '../rules/use-snoozes.ts';
import { snoozedWords, untilWords } from '../words/rule-words.ts';

export function SnoozePanel({ cameraId }: { cameraId: string }) {
  const snoozes = useSnoozes();
  const held = snoozes.current?.filter(one => (one.cameraId ?? cameraId) === cameraId);
  return (
    <section class="panel snooze-panel" aria-labelledby="snooze-title">
      <h2 id="snooze-title">Alerts</h2>
      {held?.map(one => (
        <p key={`${one.ruleId} ${one.cameraId}`}>
          {snoozedWords(one)} are snoozed {untilWords(one.untilMs, nowMs.value)}.
        </p>
      ))}
      <SnoozeChoice target={{ cameraId }} snoozes={snoozes} />
      {snoozes.problem && <p class="problem small">{snoozes.problem.message}</p>}
      <p class="small">
        <a href="/rules">Rules</a>
      </p>
    </section>
  );
}
