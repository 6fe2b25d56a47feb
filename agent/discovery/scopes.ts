// What a camera tells of itself in its ONVIF scopes (onvif://www.onvif.org/name/Front%20door), as words for people. Pure.

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
const longestText = 80;

export function describeScopes(scopes: string[]): Description {
  const [name, model] = [textOf(scopes, ['name']), textOf(scopes, ['hardware'])];
  const vendor = textOf(scopes, ['manufacturer', 'mfr', 'vendor']) ?? vendorIn(`${name} ${model}`);
  const location = textOf(scopes, ['location']);
  return {
    ...(vendor ? { vendor } : {}),
    ...(model ? { model } : {}),
    ...(name ? { name } : {}),
    ...(location ? { location } : {}),
  };
}

/** Text of a device that is safe to print: no line breaks, no control or direction characters, not too long. */
export function printable(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim();
  return [...plain].slice(0, longestText).join('').trim();
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
