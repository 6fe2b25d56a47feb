// POST /api/camera-check: looks at a camera before, or after, it is added. One at a time, so that the console is no way to
// search networks or to try passwords; which addresses may be looked at is the checker's rule.
import type { FastifyInstance } from 'fastify';
import { type CameraCheck, cameraCheckRequestSchema } from '../../../shared/camera-check.ts';
import { parseRequest } from '../parse-request.ts';
import type { CameraChecker } from '../readers.ts';
import { Refusal, unknownCamera } from '../refusal.ts';
import { untilClosed } from '../until-closed.ts';

const refusals = {
  address: new Refusal(
    403,
    'address-refused',
    'From the console only cameras in private networks are checked, and those of the settings. Use kvs-edge check on the device.',
  ),
  password: new Refusal(
    422,
    'password-needed',
    'The password of a camera is sent to its own address only: type it to check another one.',
  ),
  time: new Refusal(504, 'check-too-slow', 'The camera answered so slowly that the check was given up.'),
} as const;

export function cameraCheckRoute(app: FastifyInstance, { checker }: { checker?: CameraChecker | undefined }): void {
  let isRunning = false;
  app.post('/camera-check', async (request, reply): Promise<CameraCheck> => {
    const asked = parseRequest(cameraCheckRequestSchema, request.body);
    if (!checker) throw new Refusal(404, 'address-unknown', 'There is nothing at this address.');
    if (isRunning) throw new Refusal(409, 'check-running', 'Another camera is being checked: wait until that is done.');
    isRunning = true;
    try {
      const outcome = await checker.check(asked, untilClosed(reply));
      if ('check' in outcome) return outcome.check;
      throw outcome.refused === 'camera' ? unknownCamera() : refusals[outcome.refused];
    } finally {
      isRunning = false;
    }
  });
}
