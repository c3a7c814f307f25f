import { IconRobotFace } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/agents';
import { EmptyState } from '~/components/EmptyState';
import { LinkButton } from '~/components/links';
import { TemplateLinks } from './TemplateLinks';
import { useRefusal } from './useMay';

/** Before there is an agent: what one is, and how to make the first. */
export function NoAgents({ kind }: { kind: Agent['kind'] }) {
  const { t } = useTranslation('agents');
  const refusal = useRefusal('agents:write');
  return (
    <>
      <EmptyState
        icon={IconRobotFace}
        title={t(kind === 'text' ? 'empty.written' : `empty.${kind}`)}
        text={refusal ?? t('empty.text')}
      >
        {!refusal && (
          <LinkButton to="/agents/unified/create" search={{ kind }}>
            {t('templates.scratch')}
          </LinkButton>
        )}
      </EmptyState>
      {!refusal && <TemplateLinks kind={kind} />}
    </>
  );
}
