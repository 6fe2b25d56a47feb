// The table of stream oddities as docs/cameras.md has it, and the sentences behind its codes as the agent said them.
import type { Told } from '../recording.ts';
import type { Oddity } from './oddity.ts';

const heading = ['| A camera that … | The agent … | The owner reads |', '| --- | --- | --- |'];

export function oddityTable(oddities: readonly Oddity[]): string {
  const rows = oddities.map(({ camera, agent, reads }) => {
    const codes = reads.length === 0 ? 'nothing' : reads.map(code => `\`${code}\``).join(', ');
    return `| ${camera} | ${agent} | ${codes} |`;
  });
  return [...heading, ...rows].join('\n');
}

/** With a camera's usual name and address in place of those of a test. */
export function sentence({ code, message }: Told): string {
  const usual = message
    .replaceAll(/127\.0\.0\.1:\d+/g, '10.0.0.20:554')
    .replaceAll('amera door', 'amera front-door')
    .replace(/, \d+ pictures/, ', 3 pictures');
  return `- \`${code}\`: ${usual}`;
}
