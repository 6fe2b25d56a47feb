// A rule that is not in the settings yet: checked as one there would be.
import { type RuleSettings, ruleSchema } from '../../shared/rule-settings.ts';
import { fieldsInvalid } from './edit-errors.ts';
import type { AgentSettings } from './load.ts';
import { ruleProblems } from './problems.ts';

/** What it may leave out while it only has to be tried. */
// biome-ignore lint/suspicious/noThenProperty: `then` is the word people read in the file; the value is never awaited
const trial = { id: 'draft', then: [{ webhook: { url: 'https://example.com/', secret: { env: 'NONE' } } }] };

/** `draft` is anything. @throws AgentError `settings-invalid` that names every field that is wrong */
export function readRuleDraft(draft: unknown, settings: Pick<AgentSettings, 'cameras' | 'destinations'>): RuleSettings {
  const rule = draft instanceof Object ? { ...trial, ...draft } : draft;
  const problems = ruleProblems(rule, settings);
  if (problems.length > 0) throw fieldsInvalid('the rule', problems);
  return ruleSchema.parse(rule);
}
