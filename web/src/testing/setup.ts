import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { initI18n } from '~/app/i18n';
import { server } from '~/testing/server';

// A build machine may be busy; and whether a thing is visible is asked where it matters, not of every element on every query.
configure({ asyncUtilTimeout: 20_000, defaultHidden: true });
(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

// An unforeseen request is a fault of the test or of the code; either way it must not pass unseen.
beforeAll(async () => {
  server.listen({ onUnhandledRequest: 'error' });
  await initI18n('en');
});
beforeEach(() => initI18n('en'));
afterEach(() => {
  cleanup();
  server.resetHandlers();
});
afterAll(() => server.close());

window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
})) as unknown as typeof window.matchMedia;
window.scrollTo = () => undefined;
Element.prototype.scrollIntoView ??= () => undefined;
// Fields that grow with their text ask when the fonts are there.
(document as { fonts?: unknown }).fonts ??= new EventTarget();
