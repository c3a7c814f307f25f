// Fails when the console's languages do not say the same things: a file or key that one of them lacks, an empty text, other
// placeholders than in English, or plural forms that are not those of the language. Fails too when the server has a word that they
// lack: a refusal that the console can meet, an action of the audit trail, a permission.
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

// What the server says by a stable name. These packages answer the console; the others speak to programs.
const server = new URL('../internal/', import.meta.url);
const source = (folder) =>
  readdirSync(new URL(`${folder}/`, server))
    .filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
    .map((name) => readFileSync(new URL(`${folder}/${name}`, server), 'utf8'))
    .join('\n');
const have = new Set(english.placeholders.keys());
const need = (pattern, folders, key) => {
  const names = new Set(folders.flatMap((folder) => [...source(folder).matchAll(pattern)].map((m) => m[1])));
  if (names.size === 0) problems.push(`nothing in ${list(folders)} reads as ${pattern}`);
  for (const name of names) if (!have.has(key(name))) problems.push(`${key(name)}: the server says "${name}", and there are no words for it`);
};
need(/fault\.[A-Z]\w+, "([a-z_]+)"/g, ['identity', 'api', 'agent', 'overview', 'prompt', 'calls'], (code) => `common.json: error.${code}`);
need(/Action: "([a-z_.]+)"/g, ['api', 'identity'], (action) => `settings.json: action.${action.replace('.', '_')}`);
need(/Permission\s+= "([a-z:]+)"/g, ['identity'], (permission) => `settings.json: scope.${permission.replace(':', '_')}`);

if (languages.length < 3) problems.push(`only ${list(languages)} in web/locales`);
for (const problem of problems) console.error(`locales: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`locales: ${english.placeholders.size} texts in ${list(languages)}`);
