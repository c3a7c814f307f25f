import { createFileRoute } from '@tanstack/react-router';
import { Variables } from '~/features/tools/Variables';

export const Route = createFileRoute('/tools/variables')({ component: Variables });
