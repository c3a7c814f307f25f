import { Button } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconRocket } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentConflict, AgentDetail } from '~/api/agents';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { changeAgent, createAgent, modelsQuery } from './api';
import { filled } from './blanks';
import { ConflictDialog } from './ConflictDialog';
import { Draft } from './draft';
import { emptyForm, type Field, type Form, firstIncomplete, missing, stepNumbers, stepOf, stepsOf } from './form';
import { SaveState } from './SaveState';
import { StepInstructions } from './StepInstructions';
import { StepModel } from './StepModel';
import { StepPublish } from './StepPublish';
import { Stepper } from './Stepper';
import { StepTools } from './StepTools';
import { StepVoice } from './StepVoice';
import { galleryOf, type WizardSearch } from './search';
import { fieldId, type StepProps } from './step';
import { TryPanel } from './TryPanel';
import { useFixed } from './useFixed';
import { usePublishing } from './usePublishing';
import classes from './Wizard.module.css';
import { WizardSummary } from './WizardSummary';

interface Props {
  agent?: AgentDetail;
  /** What a new agent begins with. */
  start?: Form;
  search: WizardSearch;
  go(next: Partial<WizardSearch>, replace?: boolean): void;
  /** The new agent has its reference. */
  created?(reference: string): void;
  left(): void;
}

/** Five steps from nothing to an agent that can be called. */
export function Wizard({ agent, start, search, go, created, left }: Props) {
  const { t, i18n } = useTranslation(['agents', 'common']);
  const [draft] = useState(() => {
    const ports = { create: createAgent, change: changeAgent };
    return new Draft(ports, agent ?? start ?? { ...emptyForm(search.kind ?? 'voice'), language: i18n.language });
  });
  const state = useSyncExternalStore(draft.subscribe, draft.read);
  const { form } = state;
  const steps = stepsOf(form.kind);
  const step = stepOf(search.step ?? 1, form.kind);
  const at = steps.indexOf(step);
  const [reached, setReached] = useState(() => reachedBy(agent, form));
  const [asked, setAsked] = useState(false);
  /** For the blanks of the instructions, before they are put in. */
  const [values, setValues] = useState<Record<string, string>>({});
  /** Put aside, to go on writing; the way back is beside the title. */
  const [aside, setAside] = useState<AgentConflict>();
  const models = useQuery(modelsQuery(i18n.language)).data;
  const title = useRef<HTMLHeadingElement>(null);
  const fixed = useFixed(agent);

  const reference = state.agent?.reference;
  const announced = useRef(agent?.reference);
  useEffect(() => {
    if (!reference || announced.current === reference) return;
    announced.current = reference;
    created?.(reference);
  }, [reference, created]);
  const leaving = useRef(left);
  leaving.current = left;
  useEffect(
    () => () => {
      draft.leave();
      leaving.current();
    },
    [draft],
  );
  const publishing = usePublishing(draft, state);
  const loses = !draft.saves && state.status !== 'clean';
  useBlocker({
    shouldBlockFn: ({ next }) =>
      loses && next.pathname !== '/agents/unified/create' && !window.confirm(t('wizard.leaves')),
    enableBeforeUnload: () => loses,
  });

  const lacking = missing(form, step);
  const words = (why: (typeof lacking)[number]['why']) => t(`wizard.missing.${why}`);
  const show = (to: (typeof steps)[number]) => {
    setAsked(false);
    go({ step: stepNumbers[to] });
    // The heading of the step is where reading goes on.
    requestAnimationFrame(() => title.current?.focus());
  };
  const fill = () => {
    const { form: now } = draft.read();
    const put = (text: string) => filled(text, values);
    if (Object.values(values).some((v) => v.trim()))
      draft.edit({ ...now, instructions: put(now.instructions), greeting: put(now.greeting) });
    setValues({});
  };
  const next = () => {
    if (step === 'instructions') fill();
    const first = missing(draft.read().form, step)[0];
    const to = steps[at + 1];
    if (first) {
      setAsked(true);
      focusField(first.field);
    } else if (publishing.gap && !to) show(publishing.gap);
    else if (!to) publishing.start();
    else {
      setReached(Math.max(reached, at + 1));
      void draft.flush();
      show(to);
    }
  };
  const props: StepProps = {
    form,
    edit: (change) =>
      draft.edit(typeof change === 'function' ? change(draft.read().form) : { ...draft.read().form, ...change }),
    lacks: (field) => {
      const found = asked && lacking.find((m) => m.field === field);
      return found ? words(found.why) : undefined;
    },
  };
  const before = steps[at - 1];
  const after = steps[at + 1];
  if (fixed) return <Fixed reason={fixed} />;
  return (
    <>
      <div className={`${page.page} ${classes.page}`}>
        <div className={page.head}>
          <div>
            <PageTitle>
              {agent ? t('wizard.edit', { name: agent.name || t('nameless') }) : t(`wizard.new.${form.kind}`)}
            </PageTitle>
          </div>
          <SaveState
            state={state}
            saves={draft.saves}
            retry={() => void draft.flush()}
            compare={() => void draft.compare()}
          />
        </div>
        <Stepper steps={steps} form={form} models={models?.items} at={at} reached={reached} open={show} />
        <div className={classes.columns}>
          <section className={`${page.card} ${classes.main}`} aria-labelledby="wizard-step">
            <h2 id="wizard-step" ref={title} tabIndex={-1} className={classes.title}>
              {t(`wizard.${step}.title`)}
            </h2>
            <p className={classes.subtitle}>{t(`wizard.${step}.text`)}</p>
            {step === 'model' && <StepModel {...props} />}
            {step === 'voice' && <StepVoice {...props} />}
            {step === 'tools' && <StepTools {...props} findings={state.agent?.findings ?? []} />}
            {step === 'instructions' && (
              <StepInstructions
                {...props}
                values={values}
                setValues={setValues}
                fill={fill}
                findings={state.agent?.findings ?? []}
              />
            )}
            {step === 'publish' && <StepPublish {...props} state={state} publishing={publishing} open={show} />}
          </section>
          <div className={classes.side}>
            <WizardSummary form={form} models={models?.items} />
            {(step === 'instructions' || step === 'publish') && <TryPanel draft={draft} state={state} />}
          </div>
        </div>
      </div>
      <footer className={classes.foot}>
        <div className={classes.footIn}>
          {before ? (
            <Button
              variant="default"
              leftSection={<IconArrowLeft size={16} stroke={2} aria-hidden />}
              onClick={() => show(before)}
            >
              {t('wizard.back')}
            </Button>
          ) : null}
          <span className={classes.place}>{t('wizard.place', { step: at + 1, of: steps.length })}</span>
          <span className={classes.lacks} role="alert">
            {asked && lacking[0] ? words(lacking[0].why) : ''}
          </span>
          <LinkButton variant="subtle" color="gray" to={galleryOf[form.kind]}>
            {t('wizard.quit')}
          </LinkButton>
          {after ? (
            <Button rightSection={<IconArrowRight size={16} stroke={2} aria-hidden />} onClick={next}>
              {t('wizard.next', { step: t(`wizard.step.${after}`) })}
            </Button>
          ) : (
            <Button
              loading={publishing.busy}
              leftSection={<IconRocket size={17} stroke={1.8} aria-hidden />}
              onClick={next}
            >
              {t(state.agent?.status === 'active' ? 'wizard.publish.save' : 'wizard.publish.publish')}
            </Button>
          )}
        </div>
      </footer>
      {state.conflict && state.conflict !== aside && (
        <ConflictDialog
          conflict={state.conflict}
          settle={(mine) => draft.settle(mine)}
          close={() => setAside(state.conflict)}
        />
      )}
    </>
  );
}

/** How far one may jump: a new agent as far as one went, another as far as it is complete. */
function reachedBy(agent: AgentDetail | undefined, form: Form): number {
  if (!agent) return 0;
  const gap = firstIncomplete(form);
  const steps = stepsOf(form.kind);
  return gap ? steps.indexOf(gap) : steps.length - 1;
}

function focusField(field: Field): void {
  requestAnimationFrame(() => {
    const element = document.getElementById(fieldId(field));
    const target = element?.matches('input,select,textarea')
      ? element
      : element?.querySelector<HTMLElement>('input:not(:disabled),select,textarea');
    target?.focus();
    target?.scrollIntoView({ block: 'center' });
  });
}

function Fixed({ reason }: { reason: string }) {
  const { t } = useTranslation('agents');
  return (
    <div className={page.page}>
      <PageTitle>{t('wizard.new.voice')}</PageTitle>
      <p>{reason}</p>
      <LinkButton to="/agents/gallery">{t('toGallery')}</LinkButton>
    </div>
  );
}
