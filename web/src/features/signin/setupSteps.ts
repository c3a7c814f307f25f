/** The steps after the first administrator, in their order. They are apart from their screens, so that a route knows them without fetching those. */
export const setupSteps = ['voice', 'agent', 'talk'] as const;
export type SetupStep = (typeof setupSteps)[number];
