import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** Fails when a rule of WCAG 2.2 A or AA, as far as axe can judge, is broken on the page as it stands. */
export async function accessible(page: Page, name: string): Promise<void> {
  // What fades in or out has no colour of its own yet.
  await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getComputedTiming().iterations === Infinity));
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
  const found = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`));
  expect.soft(found, name).toEqual([]);
  const wide = await page.evaluate(() => {
    const room = window.innerWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const out = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > room + 1);
    return out.slice(0, 5).map((e) => `${e.tagName} ${e.className}: ${Math.round(e.getBoundingClientRect().right)} of ${room}`);
  });
  expect.soft(wide, `${name} scrolls sideways`).toEqual([]);
}
