/** The page's nonce for styles, which the server put into index.html; empty in development. */
export function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
}
