import english from '@locales/en/settings.json';
import { expect, test } from 'vitest';
import { actions } from './audit';

// scripts/check-locales.mjs holds the words against the server; so each action that the server records can be filtered by.
test('every action that has words can be filtered by', () => {
  expect(actions.map((a) => a.replace('.', '_')).sort()).toEqual(Object.keys(english.action).sort());
});
