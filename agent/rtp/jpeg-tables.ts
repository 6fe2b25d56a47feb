// Tables of baseline JPEG (ITU-T T.81 annex K) that RFC 2435 takes as known on both sides.

/** Table K.1, in zigzag order. */
export const luminanceQuantization = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
  60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121,
  112, 100, 120, 92, 101, 103, 99,
];
/** Table K.2, in zigzag order. */
export const chrominanceQuantization = [
  17,
  18,
  18,
  24,
  21,
  24,
  47,
  26,
  26,
  47,
  99,
  66,
  56,
  66,
  ...new Array(50).fill(99),
];

/** Tables K.3 to K.6 as DHT holds them: class and place, how many codes of each length, and what they stand for. */
export const huffmanTables = [
  Buffer.from(['0000010501010101010100000000000000', '000102030405060708090a0b'].join(''), 'hex'),
  Buffer.from(['0100030101010101010101010000000000', '000102030405060708090a0b'].join(''), 'hex'),
  Buffer.from(
    [
      '100002010303020403050504040000017d',
      '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435',
      '363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798',
      '999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4',
      'f5f6f7f8f9fa',
    ].join(''),
    'hex',
  ),
  Buffer.from(
    [
      '1100020102040403040705040400010277',
      '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a',
      '35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a9293949596',
      '9798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4',
      'f5f6f7f8f9fa',
    ].join(''),
    'hex',
  ),
];
