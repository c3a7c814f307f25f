import { describe, expect, it } from 'vitest';
import { prefixOfBytes, settled, speaking } from '~/lib/heard';

describe('prefixOfBytes', () => {
  it.each([
    ['abc', 2, 'ab'],
    ['été', 1, ''],
    ['été', 2, 'é'],
    ['été', 3, 'ét'],
    ['a€b', 3, 'a'],
    ['a€b', 4, 'a€'],
    ['a😀b', 4, 'a'],
    ['a😀b', 5, 'a😀'],
    ['abc', 99, 'abc'],
    ['abc', 0, ''],
  ])('%s in %i bytes is %s', (text, n, want) => expect(prefixOfBytes(text, n)).toBe(want));
});

describe('speaking', () => {
  it('splits at what was heard and loses nothing', () => {
    expect(speaking('À demain, au revoir', 11)).toEqual({ heard: 'À demain, ', ahead: 'au revoir', unheard: '' });
  });
});

describe('settled', () => {
  it('keeps all of a reply that was not cut', () => {
    expect(settled('Good day.', 'Good', false)).toEqual({ heard: 'Good day.', ahead: '', unheard: '' });
  });
  it('strikes what follows the words that were heard', () => {
    expect(settled('We open at nine today.', 'We open at', true)).toEqual({
      heard: 'We open at',
      ahead: '',
      unheard: ' nine today.',
    });
  });
  it('takes no notice of white space', () => {
    expect(settled('We  open\nat nine.', 'We open at', true)).toEqual({
      heard: 'We  open\nat',
      ahead: '',
      unheard: ' nine.',
    });
  });
  it('strikes everything when nothing was heard', () => {
    expect(settled('Hello.', '', true)).toEqual({ heard: '', ahead: '', unheard: 'Hello.' });
  });
  it('rather shows a word as unheard than as heard where the texts differ', () => {
    expect(settled('It is 9 o’clock', 'It is nine', true).heard).toBe('It is');
  });
});
