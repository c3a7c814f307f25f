import { Button, Textarea } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ToolAnswer, ToolTried } from '~/api/tools';
import { GuardedButton } from '~/components/Guarded';
import page from '~/components/Page.module.css';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { tryTool } from './api';
import { bodyOf, currentSchema, parsed, sampleOf, type ToolForm } from './form';
import classes from './tools.module.css';

const shown = (value: unknown) => JSON.stringify(value, null, 2);
const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Calls the tool once as it stands in the form, with the secrets of the one that is kept. */
export function TestPanel({ form, tool }: { form: ToolForm; tool?: ToolAnswer }) {
  const { t } = useTranslation('tools');
  const [text, setText] = useState<string>();
  const [call, setCall] = useState<string>();
  const server = form.kind === 'mcp_server';
  const value = text ?? shown(server ? {} : sampleOf(currentSchema(form)));
  const args = parsed(value);
  const attempt = useMutation({
    mutationFn: (of: string | undefined) =>
      tryTool({
        ...(tool ? { tool_id: tool.id } : {}),
        tool: { ...bodyOf(form, tool), version: undefined },
        ...(of ? { call: of } : {}),
        ...(isObject(args) ? { arguments: args } : {}),
      }),
  });
  const offers = attempt.data?.tools ?? [];
  return (
    <aside className={`${page.card} ${classes.section} ${classes.test}`} aria-label={t('test.title')}>
      <h2>{t('test.title')}</h2>
      <p className={classes.weak}>{t(server ? 'test.serverText' : 'test.text')}</p>
      {(!server || call) && (
        <Textarea
          label={call ? t('test.argumentsOf', { call }) : t('test.arguments')}
          error={isObject(args) ? undefined : t('test.noObject')}
          autosize
          minRows={3}
          maxRows={14}
          spellCheck={false}
          classNames={{ input: classes.mono }}
          value={value}
          onChange={(e) => setText(e.currentTarget.value)}
        />
      )}
      <div>
        <GuardedButton
          needs="tools:write"
          loading={attempt.isPending}
          leftSection={<IconPlayerPlay size={16} stroke={1.9} aria-hidden />}
          onClick={() => isObject(args) && attempt.mutate(call)}
        >
          {server && !call ? t('test.list') : t('test.go')}
        </GuardedButton>
      </div>
      <div aria-live="polite" className={classes.result}>
        <Problem error={attempt.error} />
        {attempt.data && !(server && offers.length > 0 && !attempt.variables) && <Result tried={attempt.data} />}
      </div>
      {server && offers.length > 0 && (
        <ul className={classes.offers}>
          {offers.map((offer) => (
            <li key={offer.name}>
              <span>
                <code>{offer.name}</code>
                <small>{offer.description}</small>
              </span>
              <Button
                variant="default"
                size="compact-sm"
                aria-label={t('test.chooseOf', { name: offer.name })}
                onClick={() => {
                  setCall(offer.name);
                  setText(shown(sampleOf(offer.parameters)));
                }}
              >
                {t('test.choose')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </aside>
  );
}

/** What the model would read; of code also what its author learns. */
export function Result({ tried }: { tried: ToolTried }) {
  const { t } = useTranslation('tools');
  const format = useFormat();
  const json = parsed(tried.result);
  return (
    <>
      <p className={classes.outcome}>
        <Chip tone={tried.success ? 'pos' : 'neg'} dot>
          {t(tried.success ? 'test.worked' : 'test.failed')}
        </Chip>
        <span>{format.ms(tried.took_ms)}</span>
        {!!tried.line && <Chip tone="neg">{t('test.line', { line: tried.line })}</Chip>}
      </p>
      <Block title={t('test.result')} text={json === undefined ? tried.result : shown(json)} />
      {tried.printed && <Block title={t('test.printed')} text={tried.printed} />}
      {tried.traceback && <Block title={t('test.traceback')} text={tried.traceback} />}
    </>
  );
}

function Block({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <h3>{title}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long results are scrolled by keyboard */}
      <pre className={classes.code} tabIndex={0}>
        {text}
      </pre>
    </div>
  );
}
