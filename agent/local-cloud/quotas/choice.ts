// Which quotas are kept to, as words on a command line: `on`, `off`, or names after a comma; `-NAME` takes one out.
import { isQuotaName, type QuotaName, quotaNames } from './table.ts';

export type QuotaChoice = { names: ReadonlySet<QuotaName> } | { unknown: string };

export function parseQuotas(text: string): QuotaChoice {
  const names = new Set<QuotaName>();
  for (const word of text.split(',')) {
    const name = word.replace(/^-/, '');
    if (word === 'on') for (const every of quotaNames.filter(isQuotaName)) names.add(every);
    else if (word === 'off') names.clear();
    else if (!isQuotaName(name)) return { unknown: word };
    else if (word.startsWith('-')) names.delete(name);
    else names.add(name);
  }
  return { names };
}
