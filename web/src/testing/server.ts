import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { aMachine, theRoles } from '~/testing/factories';

/**
 * The server that tests talk to. It knows who asks, this machine with every right, what the bar shows on each screen (nobody waits for a decision) and that nothing is billed; of anything else it knows nothing until a test
 * says what it answers.
 */
export const server = setupServer(
  http.get('*/api/session', () => HttpResponse.json(aMachine())),
  http.get('*/api/setup', () => HttpResponse.json({ needed: true, token_needed: false, sign_in: true, sso: '' })),
  http.get('*/api/billing-rate', () => HttpResponse.json({ items: [] })),
  http.get('*/api/roles', () => HttpResponse.json(theRoles())),
  http.get('*/api/effects', () => HttpResponse.json({ items: [], total: 0 })),
  http.get('*/api/conversations', ({ request }) => {
    const { searchParams } = new URL(request.url);
    const ofTheBar = searchParams.get('status') === 'active' && searchParams.get('limit') === '1';
    return ofTheBar ? HttpResponse.json({ items: [], total: 0 }) : undefined;
  }),
);
