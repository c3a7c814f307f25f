import { setupServer } from 'msw/node';

/** The server that tests talk to: it knows nothing until a test says what it answers. */
export const server = setupServer();
