import { queryOptions } from '@tanstack/react-query';
import type { AgentDetail } from '~/api/agents';
import { api, unwrap } from '~/api/client';

export const embedQuery = (reference: string) =>
  queryOptions({
    queryKey: ['agents', reference, 'embed'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents/{reference}/embed', { signal, params: { path: { reference } } })),
  });

export const rotateSecret = (reference: string) =>
  unwrap(api.POST('/api/agents/{reference}/embed/secret', { params: { path: { reference } } }));

/** What can be set about an agent's being shown to visitors. */
export interface EmbedForm {
  enabled: boolean;
  /** One a line. */
  domains: string;
  text: boolean;
  voice: boolean;
  position: 'bottom-right' | 'bottom-left';
  theme: 'auto' | 'light' | 'dark';
  language: 'auto' | 'en' | 'fr' | 'es';
  label: string;
  greeting: string;
  identity: 'off' | 'optional' | 'required';
  color: string;
}

export function formOf({ definition: { embed, chat } }: AgentDetail): EmbedForm {
  return { ...embed, domains: embed.domains.join('\n'), color: chat.color };
}

/** The keys of a definition that a form stands for. */
export function keysOf({ color, domains, ...embed }: EmbedForm) {
  return { embed: { ...embed, domains: domainsOf(domains) }, chat: { color } };
}

export const domainsOf = (text: string) =>
  text
    .split(/[\s,;]+/)
    .map((d) => d.trim())
    .filter((d) => d !== '');

export const kinds = ['script', 'code', 'iframe', 'link'] as const;
export type SnippetKind = (typeof kinds)[number];

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** What goes into the page of the site. The settings are on the server, so that the page has the address and nothing else. */
export function snippet(
  kind: SnippetKind,
  { origin, id, name, voice }: { origin: string; id: string; name: string; voice: boolean },
) {
  switch (kind) {
    case 'script':
      return `<script async src="${origin}/widget.js" data-agent="${id}"${voice ? ' data-mode="voice"' : ''}></script>`;
    case 'code': {
      const api = voice ? 'Griot.voice' : 'Griot.text';
      return `<script src="${origin}/widget.js"></script>
<script>
  ${api}.init({ agentId: '${id}', position: 'bottom-right' });
  ${api}.on('message', ({ role, content }) => console.log(role, content));
</script>`;
    }
    case 'iframe':
      return `<iframe src="${origin}/embed/agent/${id}" title="${escaped(name)}" width="400" height="640"
  allow="microphone; autoplay; clipboard-write" style="border: 0; border-radius: 16px"></iframe>`;
    case 'link':
      return `${origin}/embed/agent/${id}`;
  }
}

export const signers = ['node', 'python', 'php'] as const;
export type Signer = (typeof signers)[number];

/** How the site's server says who its visitor is. */
export function signing(kind: Signer, id: string): string {
  switch (kind) {
    case 'node':
      return `import { createHmac } from 'node:crypto';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export function visitorToken(user) {
  const now = Math.floor(Date.now() / 1000);
  const text = \`\${part({ alg: 'HS256', typ: 'JWT' })}.\${part({
    sub: user.id, name: user.name, aud: '${id}', iat: now, exp: now + 300,
  })}\`;
  const signature = createHmac('sha256', process.env.GRIOT_EMBED_SECRET).update(text).digest('base64url');
  return \`\${text}.\${signature}\`;
}
// In the page: Griot.text.init({ agentId: '${id}', user: { token } })`;
    case 'python':
      return `import base64, hashlib, hmac, json, os, time

def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

def visitor_token(user_id: str) -> str:
    now = int(time.time())
    claims = {"sub": user_id, "aud": "${id}", "iat": now, "exp": now + 300}
    text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    key = os.environ["GRIOT_EMBED_SECRET"].encode()
    return text + "." + part(hmac.new(key, text.encode(), hashlib.sha256).digest())
# In the page: Griot.text.init({ agentId: '${id}', user: { token } })`;
    case 'php':
      return `<?php // The id and its hash, for sites without a library for tokens.
$hash = hash_hmac('sha256', $user->id, getenv('GRIOT_EMBED_SECRET'));
?>
<script async src="…/widget.js" data-agent="${id}"
  data-user-id="<?= htmlspecialchars($user->id) ?>" data-user-hash="<?= $hash ?>"></script>`;
  }
}
