import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { agentQuery, modelsQuery } from './api';
import { fromTemplate } from './form';
import { templateQuery, writtenLanguage } from './promptApi';
import type { WizardSearch } from './search';
import { Wizard } from './Wizard';

interface Props {
  search: WizardSearch;
  go(next: Partial<WizardSearch>, replace?: boolean): void;
}

/** The wizard on a new agent, or on the one that the address names. A new one gets its address with its first save, and goes on as it is. */
export function WizardPage({ search, go }: Props) {
  const queries = useQueryClient();
  const [own, setOwn] = useState<{ turn: number; reference?: string; named?: boolean }>({ turn: 0 });
  if (own.reference && own.reference === search.agent && !own.named) setOwn({ ...own, named: true });
  if (own.named && search.agent === undefined) setOwn({ turn: own.turn + 1 }); // "create" was chosen once more
  const new_ = search.agent === undefined || search.agent === own.reference;
  const loaded = useQuery({
    queryKey: ['agent to change', search.agent],
    queryFn: () => queries.fetchQuery({ ...agentQuery(search.agent ?? ''), staleTime: 0 }),
    enabled: !new_,
    staleTime: Number.POSITIVE_INFINITY, // what is typed is not overtaken; saving tells of others' changes
    gcTime: 0,
  });
  const { i18n } = useTranslation();
  const wanted = new_ && search.agent === undefined ? (search.template ?? '') : '';
  const template = useQuery(templateQuery(wanted, writtenLanguage(i18n.language, 'en')));
  const models = useQuery({ ...modelsQuery(i18n.language), enabled: wanted !== '' });
  const leave = () => void queries.invalidateQueries({ queryKey: ['agents'] });
  if (new_) {
    const created = (reference: string) => {
      setOwn({ turn: own.turn, reference });
      go({ agent: reference }, true);
    };
    const failed = template.isError ? template : models;
    if (wanted !== '' && failed.isError) {
      return (
        <div className={page.page}>
          <LoadFailed page error={failed.error} retry={() => void failed.refetch()} />
        </div>
      );
    }
    if (wanted !== '' && !(template.data && models.data)) return <div className={page.page} aria-busy />;
    const start =
      wanted !== '' && template.data && models.data
        ? fromTemplate(search.kind ?? 'voice', template.data, models.data.items)
        : undefined;
    return (
      <Wizard
        key={`new ${own.turn} ${search.template}`}
        start={start}
        search={search}
        go={go}
        created={created}
        left={leave}
      />
    );
  }
  if (loaded.isError) {
    return (
      <div className={page.page}>
        <LoadFailed page error={loaded.error} retry={() => void loaded.refetch()} />
      </div>
    );
  }
  if (!loaded.data) return <div className={page.page} aria-busy />;
  return <Wizard key={search.agent} agent={loaded.data} search={search} go={go} left={leave} />;
}
