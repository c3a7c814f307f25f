/**
 * A click on "talk" is the person's wish to start at once: it is carried to the session's page here and not in the address, so that
 * a reload or a shared link asks first, as the browser would refuse sound without a click anyway.
 */
let wanted: { agent: string; at: number } | undefined;

export function wishToTalk(agent: string): void {
  wanted = { agent, at: Date.now() };
}

/** Whether the wish is there and fresh; it is gone afterwards. */
export function takeWish(agent: string): boolean {
  const hit = wanted !== undefined && wanted.agent === agent && Date.now() - wanted.at < 10_000;
  wanted = undefined;
  return hit;
}
