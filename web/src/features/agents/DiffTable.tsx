import { Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Diff } from '~/api/agents';
import classes from './AgentPage.module.css';
import { useKeyWords } from './useKeyWords';

/** What differs between two states, key by key; long texts line by line. */
export function DiffTable({ items, before, after }: { items: Diff[]; before: string; after: string }) {
  const { t } = useTranslation('agents');
  const words = useKeyWords();
  if (items.length === 0) return <p className={classes.quiet}>{t('versions.same')}</p>;
  return (
    <div className={classes.scroll}>
      <Table className={classes.diff} verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t('versions.field')}</Table.Th>
            <Table.Th scope="col">{before}</Table.Th>
            <Table.Th scope="col">{after}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((d) => (
            <Table.Tr key={d.path}>
              <Table.Th scope="row">{words.key(d.path)}</Table.Th>
              {isLong(d) ? (
                <Table.Td colSpan={2}>
                  <Lines before={String(d.before ?? '')} after={String(d.after ?? '')} />
                </Table.Td>
              ) : (
                <>
                  <Table.Td>
                    <del className={classes.before}>{words.value(d.before)}</del>
                  </Table.Td>
                  <Table.Td>
                    <ins className={classes.after}>{words.value(d.after)}</ins>
                  </Table.Td>
                </>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

const isLong = ({ before, after }: Diff) => [before, after].some((v) => typeof v === 'string' && v.includes('\n'));

function Lines({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation('agents');
  return (
    <div className={classes.lines}>
      {lineDiff(before.split('\n'), after.split('\n')).map(({ kind, text }, i) => {
        const Tag = kind === 'same' ? 'span' : kind === 'out' ? 'del' : 'ins';
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is drawn once
          <Tag key={i} data-kind={kind} title={kind === 'same' ? undefined : t(`versions.${kind}`)}>
            {text === '' ? '\u00a0' : text}
          </Tag>
        );
      })}
    </div>
  );
}

export interface DiffLine {
  kind: 'same' | 'out' | 'in';
  text: string;
}

/** The lines of two texts, in order, with which went and which came: the longest common part stays. */
export function lineDiff(a: string[], b: string[]): DiffLine[] {
  // common[i][j]: how many lines a from i and b from j have in common, in order. Texts have hundreds of lines at most.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = common[i] as Uint16Array;
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ kind: 'same', text: a[i++] as string });
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1)))
      out.push({ kind: 'out', text: a[i++] as string });
    else out.push({ kind: 'in', text: b[j++] as string });
  }
  return out;
}
