import { createFileRoute } from '@tanstack/react-router';
import { Profile } from '~/features/settings/Profile';

export const Route = createFileRoute('/settings/profile')({ component: Profile });
