import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The repository. */
export const root = here('../../..');
/** What the set-up makes: the binary and the microphones. Its place is fixed, as launch options are read before the set-up runs. */
export const build = here('../.build');

export const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** The binary under test: the one that is given, else the one that the set-up builds. */
export const griot = process.env.GRIOT_BIN || `${build}/griot`;

/** What an HTTPS server of the tests shows; the set-up makes it. */
export const certificate = `${build}/cert.pem`;
export const certificateKey = `${build}/key.pem`;

/** What these tests need of the system and do not find, with the Debian packages that bring it. */
export function missing(): string[] {
  const sounds = '/usr/share/asterisk/sounds/en_US_f_Allison/hours.g722';
  const needs: [path: string, pkg: string][] = [
    [chromium, 'chromium'],
    [sounds, 'asterisk-core-sounds-en-g722'],
    ['/usr/share/pocketsphinx/model/en-us', 'pocketsphinx-en-us'],
    ['/usr/share/doc/espeak-ng', 'espeak-ng'],
    ['/usr/share/doc/libopus0', 'libopus0'],
  ];
  return needs.filter(([path]) => !existsSync(path)).map(([, pkg]) => pkg);
}
