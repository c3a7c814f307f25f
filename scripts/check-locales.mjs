// Fails when the console's languages do not say the same things: a file or key that one of them lacks, an empty text, other
// placeholders than in English, or plural forms that are not those of the language.
import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../web/locales/', import.meta.url);
const languages = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const plural = /_(zero|one|two|few|many|other)$/;
const problems = [];

/** The texts of one language: "file: key.key" → text. */
function texts(language) {
  const found = new Map();
  const walk = (value, path) => {
    if (typeof value === 'string') found.set(path, value);
    else for (const [key, inner] of Object.entries(value)) walk(inner, path.endsWith(': ') ? path + key : `${path}.${key}`);
  };
  for (const file of readdirSync(new URL(`${language}/`, root)).filter((name) => name.endsWith('.json'))) {
    walk(JSON.parse(readFileSync(new URL(`${language}/${file}`, root), 'utf8')), `${file}: `);
  }
  return found;
}

/** Placeholders by base key, and plural forms by base key. */
function shape(all) {
  const placeholders = new Map();
  const forms = new Map();
  for (const [path, text] of all) {
    const base = path.replace(plural, '');
    const names = placeholders.get(base) ?? new Set();
    for (const [, name] of text.matchAll(/\{\{\s*([^},\s]+)[^}]*\}\}/g)) names.add(name);
    placeholders.set(base, names);
    const form = plural.exec(path)?.[1];
    if (form) forms.set(base, (forms.get(base) ?? new Set()).add(form));
  }
  return { placeholders, forms };
}

const list = (names) => [...names].sort().join(', ') || 'none';
const english = shape(texts('en'));
for (const language of languages) {
  const all = texts(language);
  const own = shape(all);
  const wanted = list(new Intl.PluralRules(language).resolvedOptions().pluralCategories);
  for (const [path, text] of all) if (text.trim() === '') problems.push(`${language}/${path} is empty`);
  for (const [base, names] of english.placeholders) {
    const have = own.placeholders.get(base);
    if (!have) problems.push(`${language}/${base} is missing`);
    else if (list(have) !== list(names)) problems.push(`${language}/${base} has the placeholders ${list(have)}, English ${list(names)}`);
  }
  for (const base of own.placeholders.keys()) if (!english.placeholders.has(base)) problems.push(`${language}/${base} is not in English`);
  for (const base of english.forms.keys()) {
    const have = own.forms.get(base);
    if (own.placeholders.has(base) && list(have ?? []) !== wanted) {
      problems.push(`${language}/${base} has the plural forms ${list(have ?? [])}, the language ${wanted}`);
    }
  }
}
if (languages.length < 3) problems.push(`only ${list(languages)} in web/locales`);
for (const problem of problems) console.error(`locales: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`locales: ${english.placeholders.size} texts in ${list(languages)}`);
