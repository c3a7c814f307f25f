import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { Forbidden } from '~/components/Forbidden';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { flowQuery } from './api';
import { Editor } from './Editor';
import classes from './flows.module.css';
import type { FlowPlace } from './search';

interface Props {
  id: string;
  place: FlowPlace;
  go(place: FlowPlace): void;
}

/** One call flow in the editor; one of the product can only be looked at and tried. */
export function FlowPage(props: Props) {
  return (
    <LazyWords namespace="flows">
      <Loaded {...props} />
    </LazyWords>
  );
}

function Loaded({ id, place, go }: Props) {
  const { t } = useTranslation('flows');
  const { allowed } = useAccess('agents:read');
  const flow = useQuery({
    ...flowQuery(id),
    enabled: allowed,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!allowed) return <Forbidden needs="agents:read" title={t('title')} />;
  if (flow.isError) {
    return (
      <div className={page.page}>
        <LoadFailed page error={flow.error} retry={() => void flow.refetch()} />
      </div>
    );
  }
  if (!flow.data) {
    return (
      <div className={page.page}>
        <Skeleton height={520} radius="lg" className={classes.waiting} />
      </div>
    );
  }
  return <Editor key={flow.data.flow.version} flow={flow.data.flow} tag={flow.data.tag} place={place} go={go} />;
}
