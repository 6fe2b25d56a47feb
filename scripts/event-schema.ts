// Prints the JSON Schema of the events that alerts are sent as; docs/events.schema.json is its output, which a test holds.
//   node scripts/event-schema.ts > docs/events.schema.json
import { alertEventJsonSchema } from '../shared/alert-event.ts';

process.stdout.write(`${JSON.stringify(alertEventJsonSchema(), null, 2)}\n`);
