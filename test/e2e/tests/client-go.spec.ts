import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, key, test } from '../lib/clients.ts';
import { microphoneFile } from '../lib/microphones.ts';
import { build } from '../lib/paths.ts';

// The library openai-go, unchanged, in a program of its own: goclient.

// Conversations in real time: a machine that is busy with something else gets a second chance.
test.describe.configure({ retries: 1 });

test('it writes, calls a function, speaks, interrupts, truncates, and is told what was wrong', async ({ front }) => {
  const { stdout } = await promisify(execFile)(`${build}/goclient`, [front.url, key, microphoneFile('hours'), microphoneFile('sentence')]);
  expect(stdout.trim().split('\n')).toEqual(['writes and calls a function', 'speaks, interrupts and truncates', 'is told what was wrong', 'is refused']);
});
