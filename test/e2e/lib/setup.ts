import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { type Microphone, microphoneFile, microphones } from './microphones.ts';
import { build, certificate, certificateKey, griot, missing, root } from './paths.ts';

/** Before all tests: the binary, unless one is given, the microphones and a certificate. */
export default function setup(): void {
  const gone = missing();
  if (gone.length > 0) {
    const message = `These tests need system packages that are missing: apt-get install ${gone.join(' ')}`;
    if (process.env.GRIOT_TEST_SYSTEM === '1') throw new Error(message);
    console.warn(message);
    return; // every test skips itself
  }
  mkdirSync(build, { recursive: true });
  if (!process.env.GRIOT_BIN) {
    if (!existsSync(`${root}/web/dist/index.html`)) run('npm', ['run', 'build'], `${root}/web`);
    run('go', ['build', '-o', griot, './cmd/griot'], root);
  }
  run('go', ['run', './test/e2e/mkcert', certificate, certificateKey], root);
  for (const helper of ['mkmic', 'goclient']) run('go', ['build', '-o', `${build}/${helper}`, `./test/e2e/${helper}`], root);
  for (const name of Object.keys(microphones) as Microphone[]) {
    run(`${build}/mkmic`, [microphoneFile(name), ...microphones[name]], root);
  }
}

function run(command: string, args: string[], cwd: string): void {
  // As the Makefile builds, so that both share what was compiled.
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: `${process.env.GOFLAGS ?? ''} -trimpath -buildvcs=false`.trim() };
  execFileSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
