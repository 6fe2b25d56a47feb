// A rule as the settings give it, with every default.
import { type RuleSettings, ruleSchema } from '../../shared/rule-settings.ts';

type Written = Parameters<typeof ruleSchema.parse>[0];

/** Fires for a person on any camera, unless changed. */
export function rule(change: Written = {}): RuleSettings {
  return ruleSchema.parse({
    id: 'person-at-door',
    when: { labels: ['Person'] },
    // biome-ignore lint/suspicious/noThenProperty: the settings' own word
    then: [{ webhook: { url: 'http://127.0.0.1/hook', secret: { env: 'HOOK_SECRET' } } }],
    ...(change instanceof Object ? change : {}),
  });
}
