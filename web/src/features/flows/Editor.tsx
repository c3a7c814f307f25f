import { SegmentedControl, Skeleton } from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { lazy, Suspense, useReducer, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import page from '~/components/Page.module.css';
import { type FlowDetail, findingsQuery } from './api';
import { EditorHead } from './EditorHead';
import { Findings } from './Findings';
import { FlowSettings } from './FlowSettings';
import classes from './flows.module.css';
import { begin, type History, type Move, move } from './history';
import { Inspector } from './Inspector';
import { type Definition, stepAt, stepOf } from './model';
import { Outline } from './Outline';
import { Palette } from './Palette';
import type { FlowPlace } from './search';
import { Trial } from './Trial';

const Canvas = lazy(() => import('./FlowCanvas'));

interface Props {
  flow: FlowDetail;
  tag: string;
  place: FlowPlace;
  go(place: FlowPlace): void;
}

/** The steps of a flow as a drawing or a list, beside them the chosen step's form and a trial. */
export function Editor({ flow, tag, place, go }: Props) {
  const { t } = useTranslation('flows');
  const { allowed } = useAccess('agents:write');
  const fixed = flow.source === 'builtin' || !allowed;
  const [history, act] = useReducer(
    move as (h: History<Definition>, m: Move<Definition>) => History<Definition>,
    flow.definition,
    begin,
  );
  const d = history.present;
  const [saved, setSaved] = useState(flow.definition);
  const [chosenLang, setLang] = useState<string>();
  const { language } = useTranslation().i18n;
  const lang =
    [chosenLang, language, ...d.languages].find((l) => l !== undefined && d.languages.includes(l)) ?? language;
  const [checked] = useDebouncedValue(d, 400);
  const findings = useQuery({ ...findingsQuery(checked), enabled: flow.source === 'own' }).data?.items ?? flow.findings;
  const [current, setCurrent] = useState<string>();
  // A drawing is of little use on a telephone.
  const narrow = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false });
  const view = place.view ?? (narrow ? 'list' : 'canvas');
  const dirty = d !== saved;
  const leaving = useRef(false);
  useBlocker({
    shouldBlockFn: ({ current: from, next }) =>
      dirty && !leaving.current && from.pathname !== next.pathname && !window.confirm(t('unsaved')),
    enableBeforeUnload: () => dirty,
  });
  const edit = (to: (now: Definition) => Definition, about?: string) => act({ do: 'change', to, about });
  const choose = (node?: string) => go({ ...place, node });
  const step = stepOf(d, place.node);
  const troubled = new Set(findings.flatMap((f) => f.node || stepAt(checked, f.path) || []));
  const parts = { d, lang, fixed, edit, choose, chosen: step?.id, current, troubled };
  return (
    <div className={`${page.page} ${classes.wide}`}>
      <EditorHead
        flow={flow}
        tag={tag}
        d={d}
        dirty={dirty}
        fixed={fixed}
        problems={findings.length}
        history={history}
        act={act}
        saved={(definition) => setSaved(definition)}
      />
      <div className={classes.tools}>
        <SegmentedControl
          size="sm"
          aria-label={t('view.title')}
          value={view}
          onChange={(next) => go({ ...place, view: next === 'list' ? 'list' : 'canvas' })}
          data={[
            { value: 'canvas', label: t('view.canvas') },
            { value: 'list', label: t('view.list') },
          ]}
        />
        {d.languages.length > 1 && (
          <SegmentedControl
            size="sm"
            aria-label={t('language')}
            value={lang}
            onChange={setLang}
            data={d.languages.map((l) => ({ value: l, label: l.toUpperCase() }))}
          />
        )}
        <Palette {...parts} />
      </div>
      <div className={classes.editor}>
        <section className={`${page.card} ${classes.stage}`} aria-label={t('stepsTitle')}>
          {view === 'list' ? (
            <Outline {...parts} />
          ) : (
            <Suspense fallback={<Skeleton height="100%" />}>
              <Canvas {...parts} />
            </Suspense>
          )}
        </section>
        <div className={classes.side}>
          <Trial d={d} lang={lang} stand={setCurrent} />
          {findings.length > 0 && flow.source === 'own' && <Findings findings={findings} d={checked} choose={choose} />}
          {step ? <Inspector key={step.id} step={step} findings={findings} {...parts} /> : <FlowSettings {...parts} />}
        </div>
      </div>
    </div>
  );
}
