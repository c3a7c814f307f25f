import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const violet: MantineColorsTuple = [
  '#f6f1fc',
  '#ebe0f8',
  '#d6c0f0',
  '#bf9ee8',
  '#a777dd',
  '#8d52cf',
  '#7331b8',
  '#5d20a1',
  '#4a148c',
  '#330c63',
];
const gray: MantineColorsTuple = [
  '#faf9fc',
  '#f4f2f8',
  '#eae7f0',
  '#dedae7',
  '#c9c4d6',
  '#a9a3b8',
  '#7f788f',
  '#625b72',
  '#3a3446',
  '#1b1725',
];
const dark: MantineColorsTuple = [
  '#eeebf4',
  '#cdc7d9',
  '#a59eb4',
  '#766f86',
  '#332d3e',
  '#27222f',
  '#1a1621',
  '#100d15',
  '#0b0910',
  '#07060a',
];

export const theme = createTheme({
  primaryColor: 'violet',
  primaryShade: { light: 8, dark: 6 },
  colors: { violet, gray, dark },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '16px' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  autoContrast: true,
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { size: 'sm' } },
    // Its place-holder is no item of a menu, which readers of the screen are told.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    TextInput: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
  },
});

/** What the component library calls by its own names, in terms of ours (tokens.css). */
export const cssVariables: CSSVariablesResolver = () => {
  const own = {
    '--mantine-color-body': 'var(--page)',
    '--mantine-color-text': 'var(--ink)',
    '--mantine-color-dimmed': 'var(--ink-3)',
    '--mantine-color-error': 'var(--neg)',
    '--mantine-color-placeholder': 'var(--ink-3)',
    '--mantine-color-default': 'var(--surface)',
    '--mantine-color-default-hover': 'var(--surface-2)',
    '--mantine-color-default-border': 'var(--control-line)',
  };
  return { variables: {}, light: own, dark: own };
};
