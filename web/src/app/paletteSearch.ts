interface Findable {
  id: string;
  group: string;
  label: string;
  help?: string;
  words: string;
}

const storageKey = 'palette';
const kept = 5;

/** What was chosen last, latest first, by id. */
export function remembered(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

export function remember(id: string): void {
  try {
    localStorage.setItem(
      storageKey,
      JSON.stringify([id, ...remembered().filter((other) => other !== id)].slice(0, kept)),
    );
  } catch {
    // A browser that keeps nothing begins anew each time.
  }
}

/** Letters without accents and case, so that "creation" finds "Création". */
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/**
 * What matches every word of the query, in the groups and the order of items, at most limit of a group; names that begin with the query first. Without a query: what was
 * chosen last, then the groups without conversations.
 */
export function find<T extends Findable>(
  items: T[],
  query: string,
  recent: string[],
  limit: number,
): { group: T['group'] | 'recent'; found: T[] }[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  const groups = new Map<string, T[]>();
  const add = (group: string, item: T) => groups.set(group, [...(groups.get(group) ?? []), item]);
  if (words.length === 0) {
    for (const id of recent) {
      const item = items.find((i) => i.id === id);
      if (item) add('recent', item);
    }
    for (const item of items) if (item.group !== 'conversations' && !recent.includes(item.id)) add(item.group, item);
  } else {
    const matching = items.filter((item) => {
      const text = plain(`${item.label} ${item.help ?? ''} ${item.words}`);
      return words.every((w) => text.includes(w));
    });
    const first = (item: T) => (plain(item.label).startsWith(words.join(' ')) ? 0 : 1);
    for (const item of matching.toSorted((a, b) => first(a) - first(b))) add(item.group, item);
  }
  return [...groups].map(([group, found]) => ({ group, found: found.slice(0, limit) }));
}
