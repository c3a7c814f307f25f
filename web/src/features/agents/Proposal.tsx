import { Button, Checkbox } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import { pieces } from './blanks';
import { characters } from './form';
import classes from './Instructions.module.css';

interface Props {
  title: string;
  /** What is proposed. It is shown whole, and taken whole or in parts. */
  text: string;
  greeting?: string;
  most: number;
  /** Whether there is a text already, which would be replaced. */
  over: boolean;
  replace(text: string, whole: boolean): void;
  add(text: string): void;
  children?: ReactNode;
}

/** A text to look at before it becomes the agent's. */
export function Proposal(props: Props) {
  return <Parts key={props.text} {...props} />; // another text is taken whole at first
}

function Parts({ title, text, greeting, most, over, replace, add, children }: Props) {
  const { t } = useTranslation('instructions');
  const format = useFormat();
  const parts = text.split(/\n{2,}/).filter((p) => p.trim() !== '');
  const [left, setLeft] = useState<readonly number[]>([]);
  const taken = parts.filter((_, i) => !left.includes(i)).join('\n\n');
  const count = characters(taken);
  return (
    <section className={classes.proposal} aria-label={title}>
      <header className={classes.proposalHead}>
        <h4>{title}</h4>
        <span className={classes.count} data-over={count > most || undefined}>
          {t('counter', { count: format.number(count), most: format.number(most) })}
        </span>
      </header>
      {greeting && (
        <p className={classes.greeting}>
          <b>{t('greeting')}</b> <Marked text={greeting} />
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <fieldset className={classes.parts} tabIndex={0} aria-label={t('parts')}>
        {parts.map((part, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text, which never move
          <div key={i} className={classes.part} data-left={left.includes(i) || undefined}>
            <Checkbox
              size="xs"
              checked={!left.includes(i)}
              onChange={() => setLeft(left.includes(i) ? left.filter((n) => n !== i) : [...left, i])}
              aria-label={t('take', { part: part.split('\n')[0]?.slice(0, 60) })}
            />
            <p className={classes.partText}>
              <Marked text={part} />
            </p>
          </div>
        ))}
      </fieldset>
      {children}
      <div className={classes.proposalFoot}>
        <Button size="sm" disabled={taken === ''} onClick={() => replace(taken, left.length === 0)}>
          {t(over ? 'replace' : 'use')}
        </Button>
        {over && (
          <Button size="sm" variant="default" disabled={taken === ''} onClick={() => add(taken)}>
            {t('add')}
          </Button>
        )}
      </div>
    </section>
  );
}

/** A text with its blanks marked. */
function Marked({ text }: { text: string }) {
  return pieces(text).map(({ text: piece, blank }, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text, which never move
    blank ? <mark key={i}>{piece}</mark> : <span key={i}>{piece}</span>,
  );
}
