import { Button, Skeleton } from '@mantine/core';
import { IconCheck, IconChevronRight, IconMicrophone, IconVolume, IconWand } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type Provider, unwrap } from '~/api/client';
import { providersQuery } from '~/api/providers';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import { ProviderForm } from '~/components/providers/ProviderForm';
import { useFormat } from '~/components/useFormat';
import { useProviderName } from '~/components/useProviderName';
import { wishToTalk } from '~/live/intent';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import { Front } from './Front';
import classes from './Steps.module.css';
import { type SetupStep, setupSteps } from './setupSteps';

interface Props {
  step: SetupStep;
  agent?: string;
  go(step: SetupStep, agent?: string): void;
}

/** After the administrator: a voice, an agent, a conversation. Each step can be skipped and comes back from the settings. */
export function Steps({ step, agent, go }: Props) {
  const { t } = useTranslation('signin');
  const at = setupSteps.indexOf(step);
  return (
    <Front title={t(`steps.${step}.title`)} text={t(`steps.${step}.text`)} wide>
      <ol className={classes.steps} aria-label={t('steps.label')}>
        {setupSteps.map((s, n) => (
          <li
            key={s}
            data-state={n < at ? 'done' : n === at ? 'now' : undefined}
            aria-current={n === at ? 'step' : undefined}
          >
            <span className={classes.number}>{n < at ? <IconCheck size={15} stroke={2.4} aria-hidden /> : n + 1}</span>
            {t(`steps.${s}.name`)}
          </li>
        ))}
      </ol>
      {step === 'voice' && <Voice next={() => go('agent')} />}
      {step === 'agent' && <Agents pick={(reference) => go('talk', reference)} />}
      {step === 'talk' && <Talk reference={agent} back={() => go('agent')} />}
    </Front>
  );
}

function Voice({ next }: { next(): void }) {
  const { t } = useTranslation('signin');
  const providerName = useProviderName();
  const providers = useQuery(providersQuery());
  const [chosen, setChosen] = useState('offline');
  if (providers.isError) return <LoadFailed error={providers.error} retry={() => void providers.refetch()} />;
  if (!providers.data) return <Skeleton height={260} mt="lg" radius="lg" />;
  // Vendors are set up with a key or an address; what is on the machine needs no choice.
  const vendors = providers.data.items.filter((p) => p.checkable);
  const local = providers.data.items.filter((p) => !p.checkable && p.found !== '');
  return (
    <>
      <div className={classes.choices} role="radiogroup" aria-label={t('steps.voice.title')}>
        <Choice
          name={t('steps.voice.offline')}
          text={t('steps.voice.offlineText')}
          chip={local.length > 0 ? t('steps.voice.ready') : t('steps.voice.missing')}
          tone={local.length > 0 ? 'pos' : 'warn'}
          chosen={chosen === 'offline'}
          choose={() => setChosen('offline')}
        />
        {vendors.map((p) => (
          <Choice
            key={p.id}
            name={providerName(p.id, p.name)}
            text={p.offers.map((o) => t(`steps.offers.${o}`)).join(' · ')}
            chip={p.present ? t('steps.voice.ready') : t('steps.voice.needsKey')}
            tone={p.present ? 'pos' : 'plain'}
            chosen={chosen === p.id}
            choose={() => setChosen(p.id)}
          />
        ))}
      </div>
      {vendors
        .filter((p) => p.id === chosen)
        .map((p) => (
          <Vendor key={p.id} provider={p} next={next} />
        ))}
      <div className={classes.foot}>
        <Button size="md" rightSection={<IconChevronRight size={17} stroke={2} aria-hidden />} onClick={next}>
          {t('steps.next')}
        </Button>
      </div>
    </>
  );
}

function Vendor({ provider, next }: { provider: Provider; next(): void }) {
  const name = useProviderName()(provider.id, provider.name);
  return (
    <section className={classes.vendor} aria-label={name}>
      <ProviderForm provider={provider} saved={next} />
    </section>
  );
}

interface ChoiceProps {
  name: string;
  text: string;
  chip: string;
  tone: 'pos' | 'warn' | 'plain';
  chosen: boolean;
  choose(): void;
}

function Choice({ name, text, chip, tone, chosen, choose }: ChoiceProps) {
  return (
    <label className={classes.choice} data-chosen={chosen || undefined}>
      <input type="radio" name="voice" checked={chosen} onChange={choose} />
      <span className={classes.choiceText}>
        <strong>{name}</strong>
        <span>{text}</span>
      </span>
      <Chip tone={tone}>{chip}</Chip>
    </label>
  );
}

const agentsQuery = {
  queryKey: ['agents'],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    unwrap(api.GET('/api/agents', { signal, params: { query: { status: 'active', limit: 100 } } })),
};

function Agents({ pick }: { pick(reference: string): void }) {
  const format = useFormat();
  const agents = useQuery(agentsQuery);
  if (agents.isError) return <LoadFailed error={agents.error} retry={() => void agents.refetch()} />;
  if (!agents.data) return <Skeleton height={260} mt="lg" radius="lg" />;
  return (
    <>
      {agents.data.items.length === 0 && <Nobody />}
      <ul className={classes.agents}>
        {agents.data.items.slice(0, 6).map((a) => (
          <li key={a.reference}>
            <button type="button" className={classes.agent} onClick={() => pick(a.reference)}>
              <Orb name={a.name} size={40} />
              <span className={classes.choiceText}>
                <strong>{a.name}</strong>
                <span>{a.description}</span>
                <span>{format.language(a.language)}</span>
              </span>
              <IconChevronRight size={18} stroke={1.9} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      <Templates />
    </>
  );
}

/** Agents of one's own: the wizard begins with what a template knows. */
function Templates() {
  const { t, i18n } = useTranslation('signin');
  const lang = i18n.language;
  const templates = useQuery({
    queryKey: ['templates', lang],
    queryFn: ({ signal }) => unwrap(api.GET('/api/templates', { signal, params: { query: { lang } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!templates.data) return null; // one can go on without
  return (
    <section className={classes.own} aria-labelledby="own">
      <h2 id="own">{t('steps.agent.own')}</h2>
      <p>{t('steps.agent.ownText')}</p>
      <ul>
        {templates.data.items.map((template) => (
          <li key={template.id}>
            <LinkButton
              variant="default"
              fullWidth
              to="/agents/unified/create"
              search={{ kind: 'voice', template: template.id }}
              leftSection={<IconWand size={16} stroke={1.8} aria-hidden />}
            >
              {template.name}
            </LinkButton>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Nobody() {
  const { t } = useTranslation('signin');
  return (
    <div className={classes.foot}>
      <p>{t('steps.agent.none')}</p>
      <LinkButton to="/agents/gallery">{t('steps.agent.gallery')}</LinkButton>
    </div>
  );
}

function Talk({ reference, back }: { reference?: string; back(): void }) {
  const { t } = useTranslation('signin');
  const agents = useQuery(agentsQuery);
  const agent = agents.data?.items.find((a) => a.reference === reference);
  if (agents.isError) return <LoadFailed error={agents.error} retry={() => void agents.refetch()} />;
  if (!agents.data) return <Skeleton height={260} mt="lg" radius="lg" />;
  if (!agent) return <Nobody />;
  return (
    <div className={classes.talk}>
      <Orb name={agent.name} size={88} />
      <strong>{agent.name}</strong>
      <p>{agent.description}</p>
      <Hint icon={<IconMicrophone size={17} stroke={1.8} aria-hidden />}>{t('steps.talk.microphone')}</Hint>
      <Hint icon={<IconVolume size={17} stroke={1.8} aria-hidden />}>{t('steps.talk.sound')}</Hint>
      <div className={classes.foot}>
        <Button variant="default" size="md" onClick={back}>
          {t('steps.talk.another')}
        </Button>
        <LinkButton
          size="md"
          to="/agents/$agentId/session"
          params={{ agentId: agent.reference }}
          onClick={() => wishToTalk(agent.reference)}
          leftSection={<IconMicrophone size={18} stroke={1.8} aria-hidden />}
        >
          {t('steps.talk.start', { name: agent.name })}
        </LinkButton>
      </div>
    </div>
  );
}

function Hint({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <span className={classes.hint}>
      {icon}
      {children}
    </span>
  );
}
