// Rekognition's DetectLabels over HTTP, answered by a real detector that knows one label: Person.
//
// Measured on real footage, 169 frames a second apart, labelled by hand (test/local-cloud/rekognition-labels.ts), at
// MinConfidence 70: of 94 whole people 93 found, no box that is not a person, nothing seen in 30 frames of cars.
// Of 15 people cut off by the edge of the picture none: it finds people from head to foot only.
import type { Answer, Route } from '../route.ts';
import { WireError } from '../wire-error.ts';
import { type LabelRequest, parseLabelRequest } from './detect-labels-request.ts';
import { type Detection, detectionMs, PeopleDetector } from './detector.ts';
import type { Person } from './people.ts';

/** 5 MiB of image in base64, and room for the rest. */
const maxBodyBytes = 8 * 1024 * 1024;
const label = { name: 'Person', alias: 'Human', category: 'Person Description' };
const labelModelVersion = '3.0';

/** @param detector ended by the caller */
export function rekognitionRoutes(detector: PeopleDetector = new PeopleDetector()): Route[] {
  return [
    {
      method: 'POST',
      target: 'RekognitionService.DetectLabels',
      signed: true,
      maxBodyBytes,
      handle: async ({ body }) => {
        const request = parseLabelRequest(body);
        return answer(labelsOf(request, requirePeople(await detector.detect(request.image))));
      },
    },
  ];
}

/** @throws WireError with the error Rekognition has for it */
function requirePeople(detection: Detection): Person[] {
  if ('people' in detection) return detection.people;
  switch (detection.problem) {
    case 'busy':
      throw new WireError('ThrottlingException', 'Too many images are waiting for the detector. Try again later.');
    case 'undecodable':
      throw new WireError('InvalidImageFormatException', 'Request has invalid image format: it cannot be decoded.');
    case 'overdue':
      // Not an error that says "try again", which SDKs do by themselves: it would take as long the next time.
      throw new WireError(
        'InvalidImageFormatException',
        `Request has invalid image format: it cannot be decoded within ${detectionMs / 1000} seconds.`,
      );
    case 'failed':
      throw new WireError('InternalServerError', 'The detector failed and is being restarted. Try again.');
  }
}

function labelsOf({ minConfidence, maxLabels, wants }: LabelRequest, people: readonly Person[]): object {
  const instances = people.filter(person => person.confidence >= minConfidence);
  const [surest] = instances;
  if (!surest || maxLabels === 0 || !wants(label.name, label.category))
    return { Labels: [], LabelModelVersion: labelModelVersion };
  const person = {
    Name: label.name,
    Confidence: surest.confidence,
    Instances: instances.map(({ left, top, width, height, confidence }) => ({
      BoundingBox: { Width: width, Height: height, Left: left, Top: top },
      Confidence: confidence,
    })),
    Parents: [],
    Aliases: [{ Name: label.alias }],
    Categories: [{ Name: label.category }],
  };
  return { Labels: [person], LabelModelVersion: labelModelVersion };
}

function answer(value: object): Answer {
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(value) };
}
