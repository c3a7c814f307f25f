import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { griot } from '../lib/paths.ts';

test('a conversation that was kept is held again, as it was and with another setting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'griot-replay-'));
  const run = (...args: string[]) => execFileSync(griot, [...args, '--data', folder], { encoding: 'utf8', cwd: folder, env: { PATH: process.env.PATH ?? '' } });
  const tape = join(folder, 'kept.replay');
  const talk = run('talk', '--agent', 'reception-en', '--text', 'What are your hours?', '--no-greeting', '--keep', tape);
  expect(talk).toContain('We are open from nine to six');

  const again = run('replay', tape, '--save-test', join(folder, 'kept.call'));
  expect(again).toContain('wrote "What are your hours?"');
  expect(again).toContain('We are open from nine to six');
  expect(again.trim().endsWith('the same conversation')).toBe(true);
  const scenario = readFileSync(join(folder, 'kept.call'), 'utf8');
  expect(scenario).toContain('caller  types "What are your hours?"');
  expect(existsSync(tape)).toBe(true);

  const changed = JSON.parse(run('replay', tape, '--set', 'turn.silence=300ms', '--json'));
  expect(changed.lines.length).toBeGreaterThan(3);
  expect(() => run('replay', tape, '--set', 'turn.silence=soon')).toThrow(/turn.silence=soon/);
});
