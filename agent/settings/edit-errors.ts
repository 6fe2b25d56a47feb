// Why a change of the settings is refused, each in a sentence the device's owner can act on.
import { AgentError, systemCode } from '../errors.ts';

type Field = { path: string; message: string };

export function cameraExists(id: string): AgentError {
  return refused('camera-exists', `There is a camera ${id} already: choose another id, or change that camera.`);
}

export function cameraUnknown(id: string, known: readonly string[]): AgentError {
  const others = known.length === 0 ? 'there is no camera yet' : `the cameras are ${known.join(', ')}`;
  return refused('camera-unknown', `There is no camera ${id}: ${others}.`);
}

export function cameraInRules(id: string, rules: readonly string[]): AgentError {
  const names = rules.length === 1 ? `The rule ${rules[0]} names` : `The rules ${rules.join(', ')} name`;
  return refused(
    'camera-in-rules',
    `${names} the camera ${id}: take it out of there first, or remove it with force, which takes it out of its rules and ` +
      'removes rules that name no other camera.',
  );
}

/** `about` names what the fields belong to, such as a camera. */
export function fieldsInvalid(about: string, fields: readonly Field[]): AgentError {
  const words = fields.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new AgentError({
    ...{ code: 'settings-invalid', kind: 'invalid', retry: 'never', fields },
    message: `The settings of ${about} are not right: ${words}.`,
  });
}

export function fileInvalidMeanwhile(problems: AgentError): AgentError {
  return refused(
    problems.code,
    `The settings file is not valid as it is now, so nothing was changed. Correct it first: ${problems.message}`,
  );
}

export function listNotPlain(cause?: unknown): AgentError {
  return new AgentError({
    ...{ code: 'settings-invalid', kind: 'invalid', retry: 'never', cause },
    message:
      'The cameras in the settings file are written with YAML aliases (*name), which only a person can change: write them out.',
  });
}

export function fileKeepsChanging(path: string): AgentError {
  return new AgentError({
    ...{ code: 'settings-unreadable', kind: 'unavailable', retry: 'later' },
    message: `${path} is being changed by another program again and again. Try again when it is done.`,
  });
}

export function editingElsewhere(): AgentError {
  return new AgentError({
    ...{ code: 'settings-unreadable', kind: 'unavailable', retry: 'later' },
    message: 'Another command has been changing the settings for a while. Try again when it is done.',
  });
}

/** From what the system says of the settings file when it is written. */
export function settingsWriteError(path: string, cause: unknown): AgentError {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `${path} cannot be written: the disk is full. Free some space.`;
    return new AgentError({ code: 'disk-full', kind: 'exhausted', retry: 'later', message, cause });
  }
  const reason =
    code === 'EBUSY' || code === 'EXDEV'
      ? 'it is mounted as a single file, which cannot be replaced as a whole: mount its folder instead'
      : code === 'EROFS'
        ? 'its disk is read-only'
        : code === 'EACCES' || code === 'EPERM'
          ? 'this user may not write it, or not into its folder'
          : `the system says ${code ?? 'unknown error'}`;
  return new AgentError({
    ...{ code: 'settings-read-only', kind: 'denied', retry: 'never', cause },
    message: `The settings file ${path} cannot be changed from here: ${reason}. Nothing was changed.`,
  });
}

function refused(code: AgentError['code'], message: string): AgentError {
  return new AgentError({ code, kind: 'invalid', retry: 'never', message });
}
