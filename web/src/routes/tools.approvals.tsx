import { createFileRoute } from '@tanstack/react-router';
import { Approvals } from '~/features/tools/Approvals';

export const Route = createFileRoute('/tools/approvals')({ component: Approvals });
