import { createFileRoute } from '@tanstack/react-router';
import { Providers } from '~/features/settings/Providers';

export const Route = createFileRoute('/settings/providers')({ component: Providers });
