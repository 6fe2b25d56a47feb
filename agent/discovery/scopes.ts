// What a camera tells of itself in its ONVIF scopes (onvif://www.onvif.org/name/Front%20door), as words for people. Pure.
import { printable } from './printable.ts';

export type Description = { vendor?: string; model?: string; name?: string; location?: string };

/** Few cameras have a scope for their maker; most put it into their name. */
const knownVendors = [
  ...[
    'Amcrest',
    'Annke',
    'Avigilon',
    'Axis',
    'Bosch',
    'Dahua',
    'D-Link',
    'Foscam',
    'Geovision',
    'Grandstream',
    'Hanwha',
  ],
  ...['Hikvision', 'Honeywell', 'Imou', 'Lorex', 'Milesight', 'Mobotix', 'Panasonic', 'Pelco', 'Reolink', 'Samsung'],
  ...['Sony', 'Sunell', 'Swann', 'Tapo', 'Tiandy', 'TP-Link', 'TRENDnet', 'Ubiquiti', 'Uniview', 'Vivotek'],
];

export function describeScopes(scopes: string[]): Description {
  const [name, model] = [textOf(scopes, ['name']), textOf(scopes, ['hardware'])];
  const vendor = textOf(scopes, ['manufacturer', 'mfr', 'vendor']) ?? vendorIn([name, model].join(' '));
  const location = textOf(scopes, ['location']);
  return {
    ...(vendor ? { vendor } : {}),
    ...(model ? { model } : {}),
    ...(name ? { name } : {}),
    ...(location ? { location } : {}),
  };
}

/** The values of all scopes of these kinds, in their order: location/country/china and location/city/… are two. */
function textOf(scopes: string[], kinds: string[]): string | undefined {
  const values = scopes.flatMap(scope => {
    const [, kind = '', value = ''] = /^onvif:\/\/[^/]*\/([^/]+)\/(?:.*\/)?([^/]+)$/i.exec(scope) ?? [];
    return kinds.includes(kind.toLowerCase()) ? printable(decoded(value)) : [];
  });
  return printable([...new Set(values)].join(', ')) || undefined;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function vendorIn(text: string): string | undefined {
  const words = text.toLowerCase().split(/[\s_,]+/);
  return knownVendors.find(vendor => words.includes(vendor.toLowerCase()));
}
