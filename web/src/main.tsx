import '@mantine/core/styles.css';
import '~/ui/tokens.css';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from '~/app/App';
import { initI18n } from '~/app/i18n';
import { nonce } from '~/lib/nonce';

setNonce(nonce()); // for the library that keeps the page from scrolling behind a dialog
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
await initI18n().catch((cause: unknown) => {
  // There are no words yet to say it in one language.
  root.textContent = 'Rechargez la page. · Reload the page. · Recargue la página.';
  throw cause;
});
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
