import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { expect, it } from 'vitest';
import { anAgent } from '~/testing/factories';
import { renderApp } from '~/testing/render';
import { server } from '~/testing/server';

const answer = (items: object[]) => {
  const counts = { active: items.length, draft: 0 };
  server.use(http.get('*/api/agents', () => HttpResponse.json({ items, total: items.length, counts })));
};

it('shows each agent with the way to talk to it', async () => {
  answer([
    anAgent(),
    anAgent({
      reference: 'accueil-fr',
      name: 'Accueil',
      language: 'fr',
      listens: false,
      recogniser: '',
      notices: [{ code: 'no_recogniser', message: 'No recogniser for fr.', params: { language: 'fr' } }],
    }),
  ]);
  renderApp('/agents/gallery');
  const first = await screen.findByRole('article', { name: 'Reception' });
  expect(within(first).getByRole('link', { name: 'Talk to Reception' })).toHaveAttribute(
    'href',
    '/agents/reception-en/session',
  );
  expect(first).toHaveTextContent('English');
  const second = screen.getByRole('article', { name: 'Accueil' });
  expect(within(second).getByRole('link', { name: 'Write to Accueil' })).toBeVisible();
  expect(second).toHaveTextContent('type or use the keypad');
  expect(screen.getByText('2 agents')).toBeVisible();
  expect(document.title).toBe('Agents · Griot');
});

it('says what to do when there is none', async () => {
  answer([]);
  renderApp('/agents/gallery');
  expect(await screen.findByText('No voice agents')).toBeVisible();
});

it('says that the server does not answer, and tries again', async () => {
  server.use(http.get('*/api/agents', () => HttpResponse.error()));
  renderApp('/agents/gallery');
  expect(await screen.findByRole('alert')).toHaveTextContent('The server does not answer.');
  answer([anAgent()]);
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('article', { name: 'Reception' })).toBeVisible();
});

it('is there in three languages', async () => {
  answer([anAgent()]);
  renderApp('/agents/gallery');
  await screen.findByRole('article', { name: 'Reception' });
  await userEvent.click(screen.getByRole('button', { name: 'FR' }));
  expect(await screen.findByRole('link', { name: 'Parler à Reception' })).toBeVisible();
  expect(document.documentElement.lang).toBe('fr');
  await userEvent.click(screen.getByRole('button', { name: 'ES' }));
  expect(await screen.findByRole('link', { name: 'Hablar con Reception' })).toBeVisible();
});

it('an address that leads nowhere says so', async () => {
  renderApp('/nowhere');
  expect(await screen.findByRole('heading', { name: 'Page not found' })).toBeInTheDocument();
});
