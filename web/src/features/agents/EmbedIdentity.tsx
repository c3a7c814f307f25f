import { Button, Tabs, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentDetail } from '~/api/agents';
import page from '~/components/Page.module.css';
import agentClasses from './AgentPage.module.css';
import classes from './Embed.module.css';
import { Code } from './EmbedSnippets';
import { rotateSecret, signers, signing } from './embedApi';
import { ReasonButton } from './ReasonButton';
import { useRefusal } from './useMay';
import { useProblem } from './useProblem';

interface Props {
  agent: AgentDetail;
  id: string;
  has: boolean;
  fixed?: string;
}

/** The secret by which a site says who its visitors are. It is shown once. */
export function EmbedIdentity({ agent, id, has }: Props) {
  const { t } = useTranslation('embed');
  const { problem } = useProblem();
  const queries = useQueryClient();
  const refusal = useRefusal('agents:write');
  const [sure, setSure] = useState(false);
  const rotate = useMutation({
    mutationFn: () => rotateSecret(agent.reference),
    onSettled: () => {
      setSure(false);
      void queries.invalidateQueries({ queryKey: ['agents', agent.reference, 'embed'] });
    },
  });
  return (
    <section className={`${page.card} ${classes.section}`} aria-labelledby="embed-identity">
      <h2 id="embed-identity">{t('secret.title')}</h2>
      <p className={classes.note}>{t('secret.help')}</p>
      {rotate.data && (
        <TextInput
          className={classes.secret}
          label={t('secret.once')}
          description={t('secret.onceHelp')}
          readOnly
          value={rotate.data.secret}
          onFocus={(e) => e.currentTarget.select()}
        />
      )}
      <div className={classes.save}>
        {sure ? (
          <>
            <p className={classes.note} role="alert">
              {t('secret.sure')}
            </p>
            <Button color="red" loading={rotate.isPending} onClick={() => rotate.mutate()}>
              {t('secret.rotate')}
            </Button>
            <Button variant="default" onClick={() => setSure(false)}>
              {t('secret.keep')}
            </Button>
          </>
        ) : (
          <ReasonButton
            variant="default"
            reason={refusal}
            loading={rotate.isPending}
            onClick={() => (has ? setSure(true) : rotate.mutate())}
          >
            {t(has ? 'secret.rotate' : 'secret.make')}
          </ReasonButton>
        )}
      </div>
      {rotate.error && (
        <p className={agentClasses.failed} role="alert">
          {problem(rotate.error)}
        </p>
      )}
      <Tabs defaultValue={signers[0]} keepMounted={false}>
        <Tabs.List className={classes.tabs}>
          {signers.map((s) => (
            <Tabs.Tab key={s} value={s}>
              {t(`secret.${s}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {signers.map((s) => (
          <Tabs.Panel key={s} value={s}>
            <Code label={t(`secret.${s}`)} note={t('secret.example')} code={signing(s, id)} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  );
}
