// POST, GET and DELETE /api/session: sign in, ask, sign out.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Auth } from '../auth.ts';
import { credentialsBody, parseRequest } from '../parse-request.ts';
import { Refusal } from '../refusal.ts';
import { idleMs } from '../sessions.ts';

const cookieName = 'kvs_edge_session';
const windowMs = 60_000;
const attemptsOfOneAddress = 10;
const attemptsOfAll = 60;

const cookie = { path: '/', httpOnly: true, sameSite: 'strict', maxAge: idleMs / 1000 } as const;

/** The session token of the request's cookie; empty when there is none. */
export function tokenOf(request: FastifyRequest): string {
  return request.cookies[cookieName] ?? '';
}

/** Answers 401 to everyone who is not signed in. */
export function requireSession(auth: Auth) {
  return async (request: FastifyRequest): Promise<void> => {
    if (!auth.isSignedIn(tokenOf(request))) throw new Refusal(401, 'sign-in-required', 'Sign in first.');
  };
}

/** The one route that needs no session. Needs @fastify/rate-limit. */
export function signInRoute(app: FastifyInstance, auth: Auth): void {
  const limits = [
    app.createRateLimit({ max: attemptsOfOneAddress, timeWindow: windowMs }),
    app.createRateLimit({ max: attemptsOfAll, timeWindow: windowMs, keyGenerator: () => 'everybody' }),
  ];
  app.post('/session', async (request, reply) => {
    for (const limit of limits) {
      const verdict = await limit(request);
      if (!verdict.isAllowed && verdict.isExceeded) refuseAttempt(reply, verdict.ttlInSeconds);
    }
    const { password } = parseRequest(credentialsBody, request.body);
    const token = await auth.signIn(password);
    if (token === undefined) throw new Refusal(401, 'password-wrong', 'This is not the password of this console.');
    return reply.setCookie(cookieName, token, cookie).code(204).send();
  });
}

export function sessionRoutes(app: FastifyInstance, auth: Auth): void {
  app.get('/session', async (_request, reply) => reply.code(204).send());

  app.delete('/session', async (request, reply) => {
    await auth.signOut(tokenOf(request));
    return reply.clearCookie(cookieName, { path: cookie.path }).code(204).send();
  });
}

function refuseAttempt(reply: FastifyReply, waitSeconds: number): never {
  reply.header('retry-after', waitSeconds);
  throw new Refusal(429, 'too-many-attempts', `Too many attempts to sign in. Try again in ${waitSeconds} seconds.`);
}
