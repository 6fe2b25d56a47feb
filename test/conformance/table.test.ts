import { expect, test } from 'vitest';
import { tableOf } from './table.ts';

test('counts checks by operation and client, and tells what did not pass', () => {
  const check = (operation: string, client: string, state: 'passed' | 'failed' | 'skipped') => ({
    operation,
    client,
    state,
  });
  const table = tableOf([
    check('GetClip', 'boto3', 'passed'),
    check('GetClip', 'boto3', 'failed'),
    check('GetClip', 'ffprobe', 'passed'),
    check('CreateStream', 'boto3', 'passed'),
    check('PutMedia', 'kvssink', 'skipped'),
  ]);
  expect(table.split('\n')).toEqual([
    '| Operation | boto3 | ffprobe | kvssink |',
    '| --- | ---: | ---: | ---: |',
    '| CreateStream | 1 |  |  |',
    '| GetClip | 1 of 2 | 1 |  |',
    '| PutMedia |  |  | 0 of 1 |',
    '',
    '4 pairs of operation and client, 5 checks: 3 passed, 1 failed, 1 skipped.',
  ]);
});
