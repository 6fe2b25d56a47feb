// Rules as they are, why they spoke or were silent, what they would have said, and silence for a while.
import type { FastifyInstance } from 'fastify';
import type { ReplayAnswer, RulesAnswer, SnoozesAnswer, WhyAnswer } from '../../../shared/rule-answers.ts';
import { parseRequest, replayBody, snoozeBody } from '../parse-request.ts';
import type { RuleReader } from '../readers.ts';
import { untilClosed } from '../until-closed.ts';

export function ruleRoutes(app: FastifyInstance, rules: RuleReader): void {
  app.get('/rules', async (): Promise<RulesAnswer> => rules.rules());

  app.get<{ Params: { id: string } }>('/sightings/:id/why', async ({ params }): Promise<WhyAnswer> => {
    return rules.why(params.id);
  });

  app.post('/rules/replay', async ({ body }, reply): Promise<ReplayAnswer> => {
    return rules.replay(parseRequest(replayBody, body), untilClosed(reply));
  });

  app.get('/snoozes', async (): Promise<SnoozesAnswer> => rules.snoozes());

  app.post('/snooze', async ({ body }): Promise<SnoozesAnswer> => rules.snooze(parseRequest(snoozeBody, body)));
}
