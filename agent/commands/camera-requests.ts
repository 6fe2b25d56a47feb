// What the agent's control socket answers about its cameras' settings; without an agent, commands call the same functions.
import { z } from 'zod';
import {
  type CameraChanges,
  cameraChangesSchema,
  importRequestSchema,
  newCameraSchema,
} from '../../shared/camera-edits.ts';
import { secretReference } from '../../shared/names.ts';
import { parseOutside } from '../../shared/parse-outside.ts';
import type { ControlRequests } from '../control/control-server.ts';
import type { CameraBook } from '../settings/camera-book.ts';
import { fieldsInvalid } from '../settings/edit-errors.ts';
import type { CameraEntry } from '../settings/settings-draft.ts';

// Whoever may use the socket may also read the files and variables that it names.
const entry = newCameraSchema.extend({ password: z.union([newCameraSchema.shape.password, secretReference]) });
const changeParams = z.strictObject({ id: z.string(), changes: cameraChangesSchema });
const removeParams = z.strictObject({ id: z.string(), force: z.boolean() });

export function cameraRequests(book: CameraBook): ControlRequests {
  return {
    'camera.add': params => book.add(parsed(entry, params) as CameraEntry),
    'camera.change': params => {
      const { id, changes } = parsed(changeParams, params);
      return book.change(id, changes as CameraChanges);
    },
    'camera.remove': params => {
      const { id, force } = parsed(removeParams, params);
      return book.remove(id, { force });
    },
    'camera.import': params => book.importCsv({ ...parsed(importRequestSchema, params), references: true }),
  };
}

function parsed<T>(schema: z.ZodType<T>, params: unknown): T {
  const { data, error } = parseOutside(schema, params);
  if (error)
    throw fieldsInvalid(
      'the camera',
      error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    );
  return data;
}
