const browsers: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\//, 'Firefox'],
  [/(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/curl\//, 'curl'],
];
const systems: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPod/, 'iOS'],
  [/iPad/, 'iPadOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** What a User-Agent calls itself, in names that people know; empty where it says nothing known. */
export function browserName(agent: string): { browser: string; system: string; mobile: boolean } {
  const of = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(agent))?.[1] ?? '';
  return { browser: of(browsers), system: of(systems), mobile: /Mobi|Android|iPhone|iPad/.test(agent) };
}
